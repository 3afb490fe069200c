package ai.hokus.torii.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.config.MlflowConfig;
import ai.hokus.torii.config.MlflowConfig.Upstreams;
import ai.hokus.torii.config.PeerTls;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.tls.PemFiles;
import java.net.InetAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which of MLflow's servers is asked. */
class ReplicasTest {

    private static final GatewayFailure FAILURE = GatewayFailure.upstreamUnreachable("test");

    private static Replicas replicas(String... urls) {
        Upstreams upstreams = new Upstreams(
                Arrays.stream(urls).map(URI::create).toList(), Duration.ofSeconds(5), Duration.ofSeconds(2), 2);
        return new Replicas(
                new MlflowConfig(
                        upstreams, Optional.empty(), true, Optional.empty(), new PeerTls(PemFiles.NONE, Duration.ZERO)),
                why -> {});
    }

    private static List<InetAddress> addresses(String... texts) throws Exception {
        List<InetAddress> addresses = new ArrayList<>();
        for (String text : texts) {
            addresses.add(InetAddress.getByName(text));
        }
        return addresses;
    }

    private static List<String> names(Replicas replicas) {
        return replicas.all().stream().map(Replica::name).toList();
    }

    private static void leaveOut(Replicas replicas, Replica replica) {
        replicas.failed(replica, FAILURE);
        replicas.failed(replica, FAILURE);
    }

    @Test
    void choosesTheOneWithTheFewestRequestsWhoseverTurnItIs() {
        // Given
        Replicas replicas = replicas("http://a.test", "http://b.test", "http://c.test");
        replicas.all().get(0).enter();
        replicas.all().get(2).enter();

        // Then
        for (int turn = Integer.MAX_VALUE - 3; turn != Integer.MIN_VALUE + 3; turn++) {
            assertThat(replicas.choose(turn, List.of()).name()).isEqualTo("b.test:80");
        }
    }

    @Test
    void takesTurnsAmongEquals() {
        // Given
        Replicas replicas = replicas("http://a.test", "http://b.test", "http://c.test");

        // Then
        assertThat(List.of(0, 1, 2, 3).stream()
                        .map(turn -> replicas.choose(turn, List.of()).host())
                        .toList())
                .containsExactly("a.test", "b.test", "c.test", "a.test");
    }

    @Test
    void leavesOneOutAfterAsManyFailuresInARowAsAreConfigured() {
        // Given
        Replicas replicas = replicas("http://a.test", "http://b.test");
        Replica first = replicas.all().get(0);

        // When
        replicas.failed(first, FAILURE);
        replicas.succeeded(first);
        replicas.failed(first, FAILURE);

        // Then
        assertThat(replicas.choose(0, List.of())).isSameAs(first);

        // When
        replicas.failed(first, FAILURE);

        // Then
        assertThat(replicas.choose(0, List.of()).host()).isEqualTo("b.test");
        assertThat(replicas.failure()).containsSame(FAILURE);

        // When
        replicas.succeeded(first);

        // Then
        assertThat(replicas.choose(0, List.of())).isSameAs(first);
        assertThat(replicas.failure()).isEmpty();
    }

    @Test
    void usesAllWhenNoneIsGood() {
        // Given
        Replicas replicas = replicas("http://a.test", "http://b.test");

        // When
        replicas.all().forEach(replica -> leaveOut(replicas, replica));

        // Then
        assertThat(replicas.choose(0, List.of()).host()).isEqualTo("a.test");
        assertThat(replicas.choose(1, List.of()).host()).isEqualTo("b.test");
    }

    @Test
    void neverLeavesTheOnlyOneOutAndNotesNothingAboutIt() {
        // Given
        Replicas replicas = replicas("http://a.test");
        Replica only = replicas.all().get(0);

        // When
        leaveOut(replicas, only);

        // Then
        assertThat(replicas.choose(0, List.of())).isSameAs(only);
        assertThat(replicas.choose(0, List.of(only))).isSameAs(only);
        assertThat(replicas.other(0, only)).isSameAs(only);
        assertThat(replicas.states()).containsExactly(new Replicas.State("a.test:80", true, 0, Optional.empty()));
        assertThat(replicas.areSeveral()).isFalse();
    }

    @Test
    void goesOnWithAnotherAndAsALastResortWithOneThatIsLeftOut() {
        // Given
        Replicas replicas = replicas("http://a.test", "http://b.test", "http://c.test");
        Replica a = replicas.all().get(0);
        Replica b = replicas.all().get(1);
        Replica c = replicas.all().get(2);
        leaveOut(replicas, c);

        // Then
        assertThat(replicas.choose(0, List.of(a))).isSameAs(b);
        assertThat(replicas.choose(0, List.of(a, b))).isSameAs(c);
        assertThat(replicas.other(0, a)).isSameAs(b);
        leaveOut(replicas, b);
        assertThat(replicas.other(0, a)).isSameAs(a);
    }

    @Test
    void countsANameWithSeveralAddressesAsSeveralAndKeepsWhatItKnowsOfEach() throws Exception {
        // Given
        Replicas replicas = replicas("http://mlflow.test:5000");
        assertThat(replicas.names()).containsExactly("mlflow.test");
        replicas.resolved("mlflow.test", addresses("10.0.0.2", "10.0.0.1", "10.0.0.2"));
        assertThat(names(replicas)).containsExactly("10.0.0.1:5000", "10.0.0.2:5000");
        Replica second = replicas.all().get(1);
        second.enter();

        // When
        replicas.resolved("mlflow.test", addresses("10.0.0.2", "2001:db8::7"));

        // Then
        assertThat(names(replicas)).containsExactly("10.0.0.2:5000", "[2001:db8:0:0:0:0:0:7]:5000");
        assertThat(replicas.all().get(0)).isSameAs(second);
        assertThat(second.requests()).isEqualTo(1);
        assertThat(second.authority()).isEqualTo("mlflow.test:5000");
    }

    @Test
    void connectsToANameOfOneAddressByThatName() throws Exception {
        // Given
        Replicas replicas = replicas("https://mlflow.test");
        Replica only = replicas.all().get(0);

        // When
        replicas.resolved("mlflow.test", addresses("10.0.0.1"));

        // Then
        assertThat(replicas.all()).containsExactly(only);
        assertThat(only.server().host()).isEqualTo("mlflow.test");
        assertThat(only.server().port()).isEqualTo(443);

        // When it moves
        replicas.resolved("mlflow.test", addresses("10.0.0.9"));

        // Then the connections to where it was are not used any more
        assertThat(names(replicas)).containsExactly("mlflow.test:443");
        assertThat(replicas.all()).doesNotContain(only);
    }

    @Test
    void keepsWhatIsKnownOfTheOthersWhenANameChanges() throws Exception {
        // Given
        Replicas replicas = replicas("http://mlflow.test", "http://10.0.0.7");
        assertThat(replicas.names()).containsExactly("mlflow.test");
        replicas.resolved("mlflow.test", addresses("10.0.0.1", "10.0.0.2"));
        assertThat(replicas.all()).hasSize(3);
        Replica literal = replicas.all().get(2);
        leaveOut(replicas, literal);

        // When
        replicas.resolved("mlflow.test", addresses("10.0.0.1"));

        // Then
        assertThat(replicas.all()).hasSize(2).contains(literal);
        assertThat(replicas.choose(0, List.of()).host()).isEqualTo("mlflow.test");
        assertThat(replicas.choose(1, List.of()).host()).isEqualTo("mlflow.test");
    }
}
