package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.cli.MlflowProcess;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RealMlflow;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No spelling of a deletion that names no artifact takes anything away from the real MLflow, not even an admin's. */
@Tag("mlflow")
@ExtendWith(VertxExtension.class)
class StoreSurvivesIT {

    private static final String KEY = "hk_test_storeTestOnlyTestOnlyTestOnly000";
    private static final String ARTIFACTS = "/2.0/mlflow-artifacts/artifacts";

    /** What is one segment, or none, to somebody. */
    private static final List<String> NAMELESS = List.of(
            "",
            ".",
            "%2e",
            "%2E",
            "%252e",
            "%25252e",
            "%252%65",
            "%25%32%65",
            "..",
            "%2e%2e",
            ".%2e",
            "...",
            ";",
            ".;",
            "%3B",
            ".%3B",
            ".%3b",
            ".;x",
            ".%3Bx",
            "%20",
            "%20.",
            ".%20",
            "+",
            ".+",
            "%09",
            ".%09",
            "%0a.",
            ".%0d",
            "%00",
            ".%00",
            "%23",
            ".%23",
            "%3F",
            ".%3F",
            "?",
            ".?",
            ".?path=.",
            "*",
            "%2A",
            "~",
            "%7E",
            ":",
            "%3A",
            ".:",
            "file:",
            "file:.",
            "file:./0",
            "file:./0/models",
            "file%3A./0/models",
            "file%3A.",
            "file%3a%2f.",
            "mlflow-artifacts:",
            "mlflow-artifacts%3A.",
            "C:",
            "C%3A",
            "''",
            "%22%22",
            "%27%27",
            "{}",
            "[]",
            "%5C",
            ".%5C",
            "%5C.",
            "%2F",
            ".%2F",
            "%2F.",
            "%c0%ae",
            "%ef%bc%8e",
            "%e2%80%a4",
            "%e2%80%8b",
            "%c2%a0",
            "%c2%ad.",
            "%u002e",
            "%",
            "%2",
            "%%32e");

    @TempDir
    Path data;

    private MlflowProcess mlflow;
    private TestGateway gateway;

    /** With three models; with workspaces MLflow 3.17 has new experiments below {@code workspaces/default/}. */
    private void start(Vertx vertx, boolean withWorkspaces) throws Exception {
        List<String> arguments = withWorkspaces ? List.of("--enable-workspaces") : List.of();
        mlflow = RealMlflow.startOwn(new MlflowProcess.Options(data, 0, Duration.ofSeconds(90), arguments, Map.of()));
        StubAuthService auth = StubAuthService.start(vertx).knowing(KEY, "admin");
        gateway = TestGateway.start(vertx, TestGateway.environment(mlflow.uri().toString(), auth.url()));
        String tenant = withWorkspaces ? "workspaces/default/" : "";
        for (String model : List.of(tenant + "0/models/m-1", tenant + "0/models/m-2", tenant + "7/run1")) {
            for (String file : List.of("MLmodel", "data/model.pkl")) {
                int status = gateway.request(HttpMethod.PUT, "/api" + ARTIFACTS + "/" + model + "/artifacts/" + file)
                        .bearerTokenAuthentication(KEY)
                        .sendBuffer(Buffer.buffer("content of " + model + " " + file))
                        .await(30, TimeUnit.SECONDS)
                        .statusCode();
                assertThat(status).isEqualTo(200);
            }
        }
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
        mlflow.close();
    }

    /** Every stored file with what is in it. */
    private TreeSet<String> stored() throws IOException {
        TreeSet<String> stored = new TreeSet<>();
        try (Stream<Path> files = Files.walk(data)) {
            for (Path file : files.filter(path -> path.toString().contains("artifacts" + java.io.File.separator))
                    .filter(Files::isRegularFile)
                    .toList()) {
                stored.add(data.relativize(file) + ": " + Files.readString(file));
            }
        }
        return stored;
    }

    private static List<String> targets() {
        TreeSet<String> targets = new TreeSet<>();
        for (String name : NAMELESS) {
            for (String place : List.of("/%s", "//%s", "/%s/", "/%s//", "/./%s", "/0/%s", "/0/models/%s", "/0/%s/%s")) {
                String path = ARTIFACTS + place.replace("%s", name);
                targets.add("/api" + path);
                targets.add("/mlflow/api" + path);
                targets.add("/ajax-api" + path);
            }
        }
        for (String tenants :
                List.of("", "/default", "/default/0", "/default/7", "/default/0/models", "/default/7/run1")) {
            for (String end : List.of("", "/", "/.", "/%2e", "/;", "/%20")) {
                targets.add("/api" + ARTIFACTS + "/workspaces" + tenants + end);
                targets.add("/api" + ARTIFACTS + "/%77orkspaces" + tenants + end);
                targets.add("/api" + ARTIFACTS + "/file:./workspaces" + tenants + end);
            }
        }
        targets.add("/api" + ARTIFACTS);
        targets.add("/api/mlflow//api" + ARTIFACTS + "/.");
        targets.add("http://h/api" + ARTIFACTS + "/.");
        targets.add("/api/2.0%2fmlflow-artifacts/artifacts/.");
        return List.copyOf(targets);
    }

    @ParameterizedTest(name = "with workspaces: {0}")
    @ValueSource(booleans = {false, true})
    void leavesThreeModelsUntouchedWhateverADeletionCallsNothing(boolean withWorkspaces, Vertx vertx) throws Exception {
        // Given
        start(vertx, withWorkspaces);
        TreeSet<String> before = stored();
        assertThat(before).hasSize(6);
        assertThat(before.first().contains("workspaces/default")).isEqualTo(withWorkspaces);

        for (String target : targets()) {
            // When
            try (RawClient caller = new RawClient(gateway.port())) {
                caller.send("DELETE " + target + " HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + KEY
                        + "\r\nConnection: close\r\n\r\n");
                assertThat(caller.readMessage().status()).as(target).isBetween(200, 599);
            }

            // Then
            assertThat(stored()).as(target).isEqualTo(before);
        }
    }

    /** If this fails, MLflow has become safe by itself, and the test above can no longer fail. */
    @Test
    void isNeededBecauseMlflowItselfEmptiesItsStore(Vertx vertx) throws Exception {
        // Given
        start(vertx, false);

        // When
        HttpResponse<String> answer = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(mlflow.uri() + "/api" + ARTIFACTS + "/."))
                                .DELETE()
                                .build(),
                        HttpResponse.BodyHandlers.ofString());

        // Then
        assertThat(stored())
                .as("after %s %s", answer.statusCode(), answer.body())
                .isEmpty();
    }

    @Test
    void deletesTheOneArtifactThatIsNamed(Vertx vertx) throws Exception {
        // Given
        start(vertx, false);

        // When
        int status = gateway.request(HttpMethod.DELETE, "/api" + ARTIFACTS + "/0/models/m-1/artifacts/MLmodel")
                .bearerTokenAuthentication(KEY)
                .send()
                .await(30, TimeUnit.SECONDS)
                .statusCode();

        // Then
        assertThat(status).isEqualTo(200);
        assertThat(stored()).hasSize(5);
    }
}
