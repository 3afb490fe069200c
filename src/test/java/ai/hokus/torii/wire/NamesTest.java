package ai.hokus.torii.wire;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.torii.support.StubDns;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The one use of Vert.x' own resolver: this fails when an upgrade takes it away. */
@ExtendWith(VertxExtension.class)
class NamesTest {

    @Test
    void findsAllAddressesThatTheNameServerAndTheHostsFileKnow(Vertx vertx) throws Exception {
        // Given
        StubDns dns = StubDns.start(vertx, "mlflow.test", "127.0.0.1", "127.0.0.2", "127.0.0.3");
        Vertx asking = dns.client();

        // Then
        assertThat(Names.resolve(asking, "mlflow.test").await(5, SECONDS))
                .extracting(InetAddress::getHostAddress)
                .containsExactlyInAnyOrder("127.0.0.1", "127.0.0.2", "127.0.0.3");
        assertThat(Names.resolve(asking, "localhost").await(5, SECONDS))
                .extracting(InetAddress::getHostAddress)
                .containsExactly("127.0.0.1");
        assertThatThrownBy(() -> Names.resolve(asking, "other.test").await(5, SECONDS))
                .isInstanceOf(UnknownHostException.class);
        asking.close().await(5, SECONDS);
    }

    @Test
    void findsTheAddressesOfTheOtherKindWhereThereAreNoneOfTheUsual(Vertx vertx) throws Exception {
        // Given
        StubDns dns = StubDns.start(vertx, "mlflow.test", "2001:db8::7", "2001:db8::8");
        Vertx asking = dns.client();

        // Then
        assertThat(Names.resolve(asking, "mlflow.test").await(5, SECONDS)).hasSize(2);
        asking.close().await(5, SECONDS);
    }

    @Test
    void knowsAnAddressWhenItSeesOne() {
        assertThat(Names.isAddress("10.0.0.7")).isTrue();
        assertThat(Names.isAddress("[2001:db8::7]")).isTrue();
        assertThat(Names.isAddress("mlflow")).isFalse();
        assertThat(Names.isAddress("10.0.0.7.example.com")).isFalse();
    }
}
