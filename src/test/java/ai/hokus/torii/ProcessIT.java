package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RawServer;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import ai.hokus.torii.support.ToriiProcess;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The packaged jar as a process: arguments, exit codes, signals. */
@ExtendWith(VertxExtension.class)
class ProcessIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String GET =
            "GET /api/2.0/mlflow/runs/get HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY + "\r\n\r\n";

    private static HttpResponse<String> get(int port, String path) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .build();
        return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void refusesToStartWithoutAnAddressOfMlflowAndNamesEveryProblem() throws Exception {
        // When
        try (ToriiProcess torii = ToriiProcess.start(Map.of("TORII_AUTH_CACHE_TTL", "3600"), List.of(), "serve")) {

            // Then
            assertThat(torii.awaitExit()).isEqualTo(78);
            assertThat(torii.output())
                    .contains("cannot start: 3 problems in the configuration")
                    .contains("MLFLOW_SERVER_URL          is not set; say where MLflow is, e.g. http://mlflow:5000")
                    .contains("TORII_AUTH_CACHE_TTL       must be between 0s and 10m, but is '3600' (no unit)")
                    .contains("HOKUSAI_AUTH_SERVICE_URL   is not set; say where the auth service is");
        }
    }

    @ParameterizedTest
    @CsvSource({"API_PORT,TORII_MANAGEMENT_PORT", "TORII_MANAGEMENT_PORT,API_PORT"})
    void namesTheSettingOfATakenPort(String taken, String free) throws Exception {
        try (ServerSocket holder = new ServerSocket(0)) {
            Map<String, String> environment = Map.of(
                    taken,
                    String.valueOf(holder.getLocalPort()),
                    free,
                    "0",
                    "MLFLOW_SERVER_URL",
                    "http://127.0.0.1:9",
                    "HOKUSAI_AUTH_SERVICE_URL",
                    "http://127.0.0.1:9");

            // When
            try (ToriiProcess torii = ToriiProcess.start(environment, List.of(), "serve")) {

                // Then
                assertThat(torii.awaitExit()).isEqualTo(1);
                assertThat(torii.output()).contains("cannot start: cannot listen on", "(" + taken + ")");
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"--version,0,torii 0.", "--help,0,check-config", "nonsense,2,Unmatched argument"})
    void answersTheUsualArguments(String argument, int code, String text) throws Exception {
        // When
        try (ToriiProcess torii = ToriiProcess.start(Map.of(), List.of(), argument)) {

            // Then
            assertThat(torii.awaitExit()).isEqualTo(code);
            assertThat(torii.output()).contains(text);
        }
    }

    @Test
    void printsTheEffectiveConfigurationWithoutSecrets() throws Exception {
        // Given
        Map<String, String> environment = Map.of(
                "MLFLOW_SERVER_URL", "http://mlflow:5000",
                "HOKUSAI_AUTH_SERVICE_URL", "http://auth:8000",
                "TORII_AUTH_HTTP_FORM", "service",
                "TORII_AUTH_HTTP_SERVICE_CREDENTIAL", "very-secret",
                "AUTH_SERVICE_TIMEOUT", "2.5");

        // When
        try (ToriiProcess torii = ToriiProcess.start(environment, List.of(), "check-config")) {

            // Then
            assertThat(torii.awaitExit()).isZero();
            assertThat(torii.output())
                    .containsPattern("mlflow.url +http://mlflow:5000 +MLFLOW_SERVER_URL")
                    .containsPattern("auth.http.service-credential +\\[redacted] +TORII_AUTH_HTTP_SERVICE_CREDENTIAL")
                    .containsPattern("auth.http.timeout +2.5 +AUTH_SERVICE_TIMEOUT")
                    .containsPattern("api.port +8080 +default")
                    .containsPattern("mlflow.username +not set")
                    .doesNotContain("very-secret");
        }
    }

    @Test
    void startsBeforeItsDependenciesAndBecomesReadyWhenTheyCome(Vertx vertx) throws Exception {
        // Given addresses that nobody listens on yet
        int mlflowPort;
        int authPort;
        try (ServerSocket one = new ServerSocket(0);
                ServerSocket two = new ServerSocket(0)) {
            mlflowPort = one.getLocalPort();
            authPort = two.getLocalPort();
        }
        Map<String, String> environment =
                TestGateway.environment("http://127.0.0.1:" + mlflowPort, "http://127.0.0.1:" + authPort);
        try (ToriiProcess torii = ToriiProcess.serve(environment)) {
            HttpResponse<String> before = get(torii.managementPort(), "/ready");

            // When
            vertx.createHttpServer()
                    .requestHandler(r -> r.response().end("{}"))
                    .listen(mlflowPort, "127.0.0.1")
                    .await(5, TimeUnit.SECONDS);
            vertx.createHttpServer()
                    .requestHandler(r -> r.response().setStatusCode(401).end("Invalid or expired API key"))
                    .listen(authPort, "127.0.0.1")
                    .await(5, TimeUnit.SECONDS);

            // Then
            assertThat(before.statusCode()).isEqualTo(503);
            assertThat(before.body())
                    .contains("\"status\":\"starting\"", "upstream_unreachable", "auth_unavailable")
                    .doesNotContain(String.valueOf(mlflowPort));
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            HttpResponse<String> after = get(torii.managementPort(), "/ready");
            while (after.statusCode() != 200 && System.nanoTime() < end) {
                after = get(torii.managementPort(), "/ready");
            }
            assertThat(after.statusCode()).isEqualTo(200);
        }
    }

    @Test
    void drainsOnSigterm(Vertx vertx) throws Exception {
        // Given a request that is in flight
        CompletableFuture<Void> arrived = new CompletableFuture<>();
        CompletableFuture<Void> released = new CompletableFuture<>();
        try (RawServer mlflow = new RawServer(connection -> {
            if (connection.readHead().contains("X-Request-Id")) {
                arrived.complete(null);
                released.join();
            }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
        })) {
            StubAuthService auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
            Map<String, String> environment = TestGateway.environment(mlflow.url(), auth.url());
            environment.put("TORII_DRAIN_DELAY", "3s");
            try (ToriiProcess torii = ToriiProcess.serve(environment);
                    RawClient caller = new RawClient(torii.apiPort())) {
                caller.send(GET);
                arrived.get(5, TimeUnit.SECONDS);

                // When
                torii.terminate();
                torii.awaitLine("draining");
                HttpResponse<String> ready = get(torii.managementPort(), "/ready");
                HttpResponse<String> stillServed = get(torii.apiPort(), "/live");
                released.complete(null);

                // Then
                assertThat(ready.statusCode()).isEqualTo(503);
                assertThat(ready.body()).contains("\"status\":\"draining\"");
                assertThat(stillServed.statusCode()).isEqualTo(200);
                assertThat(caller.readUntil("{}")).startsWith("HTTP/1.1 200");
                assertThat(torii.awaitExit()).isZero();
                assertThat(torii.output()).contains("drained");
            }
        }
    }

    @Test
    void cutsWhatIsStillInFlightWhenTheGraceIsOver(Vertx vertx) throws Exception {
        // Given
        CompletableFuture<Void> arrived = new CompletableFuture<>();
        try (RawServer mlflow = new RawServer(connection -> {
            if (connection.readHead().contains("X-Request-Id")) {
                arrived.complete(null);
                connection.readToEnd();
            }
        })) {
            StubAuthService auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
            Map<String, String> environment = TestGateway.environment(mlflow.url(), auth.url());
            environment.put("TORII_DRAIN_GRACE", "500ms");
            try (ToriiProcess torii = ToriiProcess.serve(environment);
                    RawClient caller = new RawClient(torii.apiPort())) {
                caller.send(GET);
                arrived.get(5, TimeUnit.SECONDS);

                // When
                torii.terminate();

                // Then
                assertThat(torii.awaitExit()).isZero();
                assertThat(caller.readToEnd()).doesNotContain("200 OK");
            }
        }
    }

    @Test
    void keepsLicencesAndServiceFilesOfItsLibraries() throws Exception {
        // When
        try (java.util.jar.JarFile jar =
                new java.util.jar.JarFile(ToriiProcess.jar().toFile())) {
            List<String> names =
                    jar.stream().map(java.util.zip.ZipEntry::getName).toList();

            // Then
            assertThat(names)
                    .anyMatch(name -> name.matches("META-INF/third-party/jackson-core-.*/META-INF/NOTICE"))
                    .contains("META-INF/LICENSE");
            assertThat(text(jar, "META-INF/third-party/THIRD-PARTY.txt"))
                    .contains("io.vertx:vertx-core:", "io.netty:netty-codec-http:", "ch.qos.logback:logback-core:")
                    .doesNotContain("Unknown license");
            assertThat(text(jar, "META-INF/services/io.vertx.config.spi.ConfigProcessor"))
                    .contains("YamlProcessor", "JsonProcessor");
        }
    }

    private static String text(java.util.jar.JarFile jar, String entry) throws java.io.IOException {
        return new String(
                jar.getInputStream(jar.getEntry(entry)).readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    }

    /** Uses the stub so that its record is read in this test alone. */
    @Test
    void servesEveryEventLoop(Vertx vertx) throws Exception {
        // Given
        StubServer mlflow = StubServer.start(vertx);
        StubAuthService auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
        Map<String, String> environment = TestGateway.environment(mlflow.url(), auth.url());
        environment.put("TORII_API_INSTANCES", "4");
        try (ToriiProcess torii = ToriiProcess.serve(environment)) {
            for (int i = 0; i < 8; i++) {
                try (RawClient caller = new RawClient(torii.apiPort())) {
                    // When
                    caller.send(GET);

                    // Then
                    assertThat(caller.readUntil("{}")).startsWith("HTTP/1.1 200");
                }
            }
            assertThat(auth.callsAbout(KEY)).hasSize(1);
        }
    }
}
