package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.PythonClient;
import ai.hokus.torii.support.RealMlflow;
import ai.hokus.torii.support.TestAuthority;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The real client, over https, by the authority it is told to believe. */
@Tag("mlflow")
@NeedsPeer(program = "openssl", install = "apt-get install -y openssl")
@ExtendWith(VertxExtension.class)
class HttpsClientIT {

    private static final String KEY = "hk_test_https_TestOnlyTestOnly0001";

    @TempDir
    private Path folder;

    @Test
    void registersAndLoadsAModelAlsoWhereHttp2IsOffered(Vertx vertx) throws Exception {
        // Given
        TestAuthority authority = TestAuthority.make(folder, "authority");
        TestAuthority.Issued server = authority.issue("server");
        TestGateway gateway = TestGateway.start(
                vertx,
                RealMlflow.shared().uri().toString(),
                KEY,
                "TORII_LISTENER_TLS_CERT_PATH",
                server.certificate().toString(),
                "TORII_LISTENER_TLS_KEY_PATH",
                server.key().toString(),
                "TORII_LISTENER_HTTP2",
                "true");
        PythonClient client = PythonClient.current()
                .at("https://127.0.0.1:" + gateway.port() + "/api/mlflow")
                .token(KEY);

        // When
        JsonObject facts = client.with(
                        "REQUESTS_CA_BUNDLE", authority.certificate().toString())
                .run("register_model.py", "https-" + UUID.randomUUID())
                .facts();
        PythonClient.Result unbelieving = PythonClient.current()
                .at("https://127.0.0.1:" + gateway.port() + "/api/mlflow")
                .token(KEY)
                .with("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
                .run("expect_failure.py");

        // Then
        assertThat(facts.getString("client")).isEqualTo("3.17.2");
        assertThat(gateway.metric("torii_verdicts_total{outcome=\"accepted\",source=\"call\"}"))
                .isEqualTo(1);
        assertThat(unbelieving.output() + unbelieving.errors()).contains("CERTIFICATE_VERIFY_FAILED");
        gateway.stop();
    }
}
