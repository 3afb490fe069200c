package ai.hokus.torii.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged jar as a newcomer meets it: {@code java -jar torii.jar quickstart}. */
@Tag("mlflow")
class QuickstartIT {
    private static final String ENDS = "Ctrl-C ends it.";

    private final HttpClient client = HttpClient.newHttpClient();
    private final List<QuickstartChild> children = new ArrayList<>();

    @TempDir
    private Path data;

    @AfterEach
    void killWhatAFailedTestLeaves() {
        children.forEach(QuickstartChild::kill);
    }

    @Test
    void printsWhatToPasteAndItWorks() throws Exception {
        // Given
        var quickstart = start(Map.of());
        quickstart.awaitOutput(ENDS);
        var tree = quickstart.descendants();

        // When
        var pasted = quickstart.paste();

        // Then
        assertThat(pasted.exitCode()).as(pasted.output()).isZero();
        var models =
                get(quickstart.exported("MLFLOW_TRACKING_URI").replace("/api/mlflow", "/api/models"), quickstart.key());
        assertThat(models.statusCode()).isEqualTo(200);
        assertThat(models.body()).contains("\"name\":\"hello-torii\"");
        assertThat(quickstart.printedUrl("/api/models")).isEqualTo(models.uri().toString());
        assertThat(new JsonObject(get(quickstart.printedUrl("/health"), "").body()).getString("status"))
                .isEqualTo("ok");
        assertThat(get(quickstart.printedUrl("/metrics"), "").body()).contains("torii_");
        assertThat(quickstart.output()).startsWith("\nTorii is ready").doesNotContain(" INFO ", " WARN ", " ERROR ");
        assertThat(quickstart.endBySignal()).isZero();
        assertThat(tree).isNotEmpty().noneMatch(ProcessHandle::isAlive);
    }

    @Test
    void keepsModelsOverARestartAndRefusesTheKeyOfTheFirstStart() throws Exception {
        // Given
        var first = start(Map.of());
        first.awaitOutput(ENDS);
        var oldKey = first.key();
        assertThat(createModel(first, "kept").statusCode()).isEqualTo(200);
        assertThat(first.endBySignal()).isZero();

        // When
        var second = start(Map.of());
        second.awaitOutput(ENDS);

        // Then
        assertThat(get(second.printedUrl("/api/models"), second.key()).body()).contains("\"name\":\"kept\"");
        assertThat(get(second.printedUrl("/api/models"), oldKey).statusCode()).isEqualTo(401);
        assertThat(Files.readString(data.resolve("keys.yaml"))).doesNotContain(oldKey, second.key());
        assertThat(second.endBySignal()).isZero();
    }

    @Test
    void endsWithCode1AndNamesTheLogWhenMlflowDies() throws Exception {
        // Given
        var quickstart = start(Map.of());
        quickstart.awaitOutput(ENDS);
        var tree = quickstart.descendants();

        // When
        tree.forEach(ProcessHandle::destroyForcibly);

        // Then
        assertThat(quickstart.exitCode()).isEqualTo(1);
        assertThat(quickstart.errors()).contains("MLflow has ended by itself; its log: " + data.resolve("mlflow.log"));
    }

    @Test
    void leavesNoProcessWhenASignalComesWhileMlflowStarts() throws Exception {
        // Given
        var quickstart = start(Map.of());
        quickstart.awaitErrors("starting MLflow");
        var tree = quickstart.descendants();

        // When
        var code = quickstart.endBySignal();

        // Then
        assertThat(code).isZero();
        assertThat(tree).isNotEmpty().noneMatch(ProcessHandle::isAlive);
        assertThat(quickstart.output()).isEmpty();
    }

    @Test
    void movesAwayFromTakenPortsAndSaysSo() throws Exception {
        try (var taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            // Given
            var mlflow = stubOfMlflow();
            var port = Integer.toString(taken.getLocalPort());

            // When
            var quickstart = startOn(port, Map.of(), "--mlflow-url", mlflow);
            quickstart.awaitOutput(ENDS);

            // Then
            var api = URI.create(quickstart.printedUrl("/health")).getPort();
            var management = URI.create(quickstart.printedUrl("/metrics")).getPort();
            assertThat(quickstart.errors())
                    .contains(
                            "port " + port + " is taken, using " + api,
                            "port " + port + " is taken, using " + management);
            assertThat(get(quickstart.printedUrl("/health"), "").statusCode()).isEqualTo(200);
            assertThat(quickstart.endBySignal()).isZero();
        }
    }

    @Test
    void settingsOfTheEnvironmentDoNotReachIt() throws Exception {
        // Given
        var spoiled = Map.of("API_PORT", "none", "TORII_NO_SUCH_SETTING", "1", "MLFLOW_SERVER_URL", "nowhere");

        // When
        var quickstart = start(spoiled, "--mlflow-url", stubOfMlflow());
        quickstart.awaitOutput(ENDS);

        // Then
        assertThat(quickstart.exported("MLFLOW_TRACKING_URI")).startsWith("http://127.0.0.1:");
        assertThat(quickstart.endBySignal()).isZero();
    }

    @Test
    void leavesAFolderToTheQuickstartThatHasIt() throws Exception {
        // Given
        var mlflow = stubOfMlflow();
        var first = start(Map.of(), "--mlflow-url", mlflow);
        first.awaitOutput(ENDS);

        // When
        var second = start(Map.of(), "--mlflow-url", mlflow);

        // Then
        assertThat(second.exitCode()).isEqualTo(1);
        assertThat(second.errors()).contains("another quickstart runs on " + data, "--data");
        assertThat(get(first.printedUrl("/api/models"), first.key()).statusCode())
                .isEqualTo(200);
    }

    @Test
    void saysThatMlflowIsNotReachedAtADeadAddress() throws Exception {
        // Given
        var dead = "http://127.0.0.1:" + portNobodyListensOn();

        // When
        var quickstart = start(Map.of(), "--mlflow-url", dead);

        // Then
        assertThat(quickstart.exitCode()).isEqualTo(1);
        assertThat(quickstart.errors())
                .contains("cannot start: no call gets through to MLflow at " + dead, "status 502");
        assertThat(quickstart.output()).isEmpty();
    }

    @Test
    void namesTheInstallCommandWhenThereIsNoPython() throws Exception {
        // Given
        var folderWithoutPython = Files.createDirectory(data.resolve("bin"));

        // When
        var quickstart = start(Map.of("PATH", folderWithoutPython.toString()));

        // Then
        assertThat(quickstart.exitCode()).isEqualTo(69);
        assertThat(quickstart.errors()).contains("no usable Python", "apt-get install python3 python3-venv");
        assertThat(quickstart.output()).isEmpty();
    }

    /** Starts it on free ports. */
    private QuickstartChild start(Map<String, String> environment, String... arguments) throws Exception {
        return startOn("0", environment, arguments);
    }

    private QuickstartChild startOn(String port, Map<String, String> environment, String... arguments)
            throws Exception {
        var all = new ArrayList<>(List.of("--data", data.toString(), "--port", port, "--management-port", port));
        all.addAll(List.of(arguments));
        var child = QuickstartChild.start(environment, all);
        children.add(child);
        return child;
    }

    private HttpResponse<String> get(String url, String key) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(url));
        if (!key.isEmpty()) {
            request.header("Authorization", "Bearer " + key);
        }
        return client.send(request.build(), BodyHandlers.ofString());
    }

    private HttpResponse<String> createModel(QuickstartChild quickstart, String name) throws Exception {
        var uri = quickstart.exported("MLFLOW_TRACKING_URI") + "/api/2.0/mlflow/registered-models/create";
        var request = HttpRequest.newBuilder(URI.create(uri))
                .header("Authorization", "Bearer " + quickstart.key())
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(new JsonObject().put("name", name).encode()));
        return client.send(request.build(), BodyHandlers.ofString());
    }

    /** Answers everything as MLflow answers a search that finds nothing; ends with the test JVM. */
    private static String stubOfMlflow() throws Exception {
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/", exchange -> {
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, 2);
            try (var out = exchange.getResponseBody()) {
                out.write("{}".getBytes(UTF_8));
            }
        });
        server.start();
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private static int portNobodyListensOn() throws Exception {
        try (var socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }
}
