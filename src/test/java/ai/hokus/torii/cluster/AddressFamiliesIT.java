package ai.hokus.torii.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The manifests bind 0.0.0.0 and leave it to the cluster whether its Services have IPv4, IPv6 or both. */
@Tag("cluster")
@ExtendWith(VertxExtension.class)
class AddressFamiliesIT {

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void answersOnBothListenersByEitherFamily(String address, Vertx vertx) throws Exception {
        // Given
        assumeTrue(
                NetworkInterface.getByInetAddress(InetAddress.getByName(address)) != null, "no " + address + " here");
        Map<String, String> environment = TestGateway.environment(
                "http://127.0.0.1:9", "http://127.0.0.1:9", "API_HOST", "0.0.0.0", "TORII_MANAGEMENT_HOST", "0.0.0.0");
        TestGateway gateway = TestGateway.start(vertx, environment);

        // When
        int api = live(address, gateway.port());
        int management = live(address, gateway.managementPort());

        // Then
        assertThat(api).isEqualTo(200);
        assertThat(management).isEqualTo(200);
        gateway.stop();
    }

    private static int live(String address, int port) throws Exception {
        String host = address.contains(":") ? "[" + address + "]" : address;
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://" + host + ":" + port + "/live"))
                                .build(),
                        BodyHandlers.discarding())
                .statusCode();
    }
}
