package ai.hokus.torii.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TransfersTest {

    private final Transfers transfers = new Transfers();

    @Test
    void countsEachKeyForItself() {
        assertThat(transfers.enter("a", 2)).isTrue();
        assertThat(transfers.enter("a", 2)).isTrue();
        assertThat(transfers.enter("a", 2)).isFalse();
        assertThat(transfers.enter("b", 2)).isTrue();
        assertThat(transfers.underWay()).isEqualTo(3);
    }

    @Test
    void makesRoomWhenOneEndsAndForgetsAKeyWithoutAny() {
        // Given
        transfers.enter("a", 1);

        // When
        transfers.leave("a");

        // Then
        assertThat(transfers.underWay()).isZero();
        assertThat(transfers.enter("a", 1)).isTrue();
    }

    @Test
    void followsALimitThatWasLowered() {
        // Given
        transfers.enter("a", 3);
        transfers.enter("a", 3);

        // Then
        assertThat(transfers.enter("a", 1)).isFalse();
        transfers.leave("a");
        assertThat(transfers.enter("a", 1)).isFalse();
        transfers.leave("a");
        assertThat(transfers.enter("a", 1)).isTrue();
    }
}
