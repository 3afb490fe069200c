package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import ai.hokus.torii.support.ToriiProcess;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The embedded key store, edited by the command line while a gateway runs on it. */
@ExtendWith(VertxExtension.class)
class KeyFileIT {

    private static final String SEARCH = "/api/mlflow/api/2.0/mlflow/experiments/search";

    private static String keys(String... arguments) throws Exception {
        String[] all = new String[arguments.length + 1];
        all[0] = "keys";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        try (ToriiProcess torii = ToriiProcess.start(Map.of(), List.of(), all)) {
            assertThat(torii.awaitExit()).as(torii.output()).isZero();
            return torii.output();
        }
    }

    private static int statusOf(TestGateway gateway, String key, int wanted) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        int status = gateway.get(SEARCH, key).statusCode();
        while (status != wanted && System.nanoTime() < end) {
            status = gateway.get(SEARCH, key).statusCode();
        }
        return status;
    }

    @Test
    void servesKeysThatTheCommandLineMakesAndRevokes(Vertx vertx, @TempDir Path folder) throws Exception {
        // Given
        String file = folder.resolve("keys.yaml").toString();
        String created = keys("create", "--file", file, "--user", "ada", "--name", "laptop");
        String key = created.lines()
                .filter(line -> line.startsWith("hk_live_"))
                .findFirst()
                .orElseThrow();
        String keyId = created.replaceAll("(?s).*key_id ([0-9a-f-]{36}).*", "$1");
        StubServer mlflow = StubServer.start(vertx);
        Map<String, String> environment = TestGateway.environment(mlflow.url(), null);
        environment.put("TORII_AUTH_FILE_PATH", file);
        environment.put("TORII_AUTH_FILE_RELOAD_INTERVAL", "100ms");
        TestGateway gateway = TestGateway.start(vertx, environment);
        int before = gateway.get(SEARCH, key).statusCode();

        // When
        keys("revoke", "--file", file, keyId);

        // Then
        assertThat(before).isEqualTo(200);
        assertThat(mlflow.forwarded().get(0).headers().get("X-Hokusai-User-Id")).isEqualTo("ada");
        assertThat(mlflow.forwarded().get(0).headers().get("X-Hokusai-API-Key-Id"))
                .isEqualTo(keyId);
        assertThat(statusOf(gateway, key, 401)).isEqualTo(401);
        assertThat(keys("list", "--file", file))
                .contains(keyId, "revoked", "ada", "laptop")
                .doesNotContain(key);
        assertThat(Files.readString(Path.of(file))).doesNotContain(key);
        gateway.stop();
    }

    @Test
    void doesNotStartOnAKeyFileItCannotRead(@TempDir Path folder) throws Exception {
        // Given
        Path file = Files.writeString(folder.resolve("keys.yaml"), "keys: [{key_id: a, sha256: nonsense}]");
        Map<String, String> environment = TestGateway.environment("http://127.0.0.1:9", null);
        environment.put("TORII_AUTH_FILE_PATH", file.toString());

        // When
        try (ToriiProcess torii = ToriiProcess.start(environment, List.of(), "serve")) {

            // Then
            assertThat(torii.awaitExit()).isEqualTo(78);
            assertThat(torii.output()).contains("auth.file.path", "keys[0].sha256 must be 64 hexadecimal digits");
        }
    }
}
