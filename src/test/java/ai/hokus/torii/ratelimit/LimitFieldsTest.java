package ai.hokus.torii.ratelimit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LimitFieldsTest {

    @ParameterizedTest
    @CsvSource({
        "1, 10, 0.0, 360",
        "1, 10, 0.5, 180",
        "1, 10, 0.999, 1",
        "1, 3600000, 0.0, 1",
        "1, 10, 1.0, 0",
        "10, 10, 9.0, 360",
        "10, 10, 10.0, 0",
        "11, 10, 10.0, 0",
        "11, 10, 9.5, 180"
    })
    void saysInHowManyWholeSecondsSoMuchIsThere(double wanted, long perHour, double left, long seconds) {
        assertThat(LimitFields.secondsUntil(wanted, new Quota(perHour, "x"), left))
                .isEqualTo(seconds);
    }
}
