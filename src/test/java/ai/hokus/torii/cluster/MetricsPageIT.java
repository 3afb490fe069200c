package ai.hokus.torii.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestAuthority;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What pages, manifests and the dashboard say about metrics is what gateways show, in all the ways they can be set up. */
@Tag("cluster")
@NeedsPeer(program = "openssl", install = "apt-get install -y openssl")
class MetricsPageIT {

    private static final Path PAGE = Path.of("src/docs/metrics.md");
    private static final String BEGIN = "<!-- made from a scrape: begin -->\n";
    private static final String END = "<!-- made from a scrape: end -->";
    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String READER = "hk_test_abcdefghijklmnopqrstuvwxyz0123456789";

    /** One metric of the exposition format. */
    private static final class Family {

        private final Set<String> labels = new TreeSet<>();
        private String type = "";
        private String help = "";
    }

    @TempDir
    private static Path folder;

    private static Vertx vertx;

    /** By name, in order. */
    private static final Map<String, Family> FAMILIES = new TreeMap<>();

    @BeforeAll
    static void scrape() throws Exception {
        vertx = Vertx.vertx();
        StubServer mlflow = StubServer.start(vertx);
        StubAuthService auth =
                StubAuthService.start(vertx).knowing(KEY, "mlflow:write").knowing(READER, "mlflow:read");
        TestGateway busy = TestGateway.start(
                vertx,
                TestGateway.environment(
                        mlflow.url(),
                        auth.url(),
                        "REDIS_URL",
                        "redis://127.0.0.1:1",
                        "TORII_ADMIN_TOKEN",
                        "an-admin-token-of-the-tests-0123456789",
                        "TORII_ADMIN_SHARE_REVOCATIONS",
                        "true"));
        Await.until("it is ready", () -> busy.gateway().isReady());
        busy.get("/api/2.0/mlflow/registered-models/search", KEY);
        busy.request(HttpMethod.POST, "/api/2.0/mlflow/runs/create")
                .bearerTokenAuthentication(READER)
                .send()
                .await(5, TimeUnit.SECONDS);
        Await.until(
                "the refusal is counted",
                () -> busy.manage("/metrics").bodyAsString().contains("torii_authorization_refusals_total{"));
        read(busy);
        TestAuthority.Issued shown = TestAuthority.make(folder, "authority").issue("gateway", "DNS:localhost", 10);
        read(TestGateway.start(
                vertx,
                TestGateway.environment(
                        mlflow.url(),
                        auth.url(),
                        "TORII_LISTENER_TLS_CERT_PATH",
                        shown.certificate().toString(),
                        "TORII_LISTENER_TLS_KEY_PATH",
                        shown.key().toString())));
        Path keys = Files.writeString(folder.resolve("keys.yaml"), "keys: []\n");
        read(TestGateway.start(
                vertx, TestGateway.environment(mlflow.url(), null, "TORII_AUTH_FILE_PATH", keys.toString())));
    }

    @AfterAll
    static void close() throws Exception {
        vertx.close().await(10, TimeUnit.SECONDS);
    }

    private static void read(TestGateway gateway) throws Exception {
        Pattern label = Pattern.compile("([a-z_]+)=\"(?:[^\"\\\\]|\\\\.)*\"");
        String name = "";
        for (String line : gateway.manage("/metrics").bodyAsString().lines().toList()) {
            String[] words = line.split(" ", 4);
            if (line.startsWith("# ")) {
                name = words[2];
                Family family = FAMILIES.computeIfAbsent(name, n -> new Family());
                if (words[1].equals("TYPE")) {
                    family.type = words[3];
                } else {
                    family.help = words[3];
                }
            } else if (line.contains("{")) {
                Matcher labels = label.matcher(line.substring(line.indexOf('{')));
                while (labels.find()) {
                    FAMILIES.get(name).labels.add(labels.group(1));
                }
            }
        }
        gateway.stop();
    }

    private static String table() {
        StringBuilder table =
                new StringBuilder("| metric | type | unit | labels | meaning |\n| --- | --- | --- | --- | --- |\n");
        FAMILIES.forEach((name, family) -> {
            // Which collectors there are, and what they tell, differs between JVMs and from one minute to the next.
            if (!name.startsWith("jvm_gc_")) {
                String labels = family.labels.stream()
                        .filter(label -> !label.equals("le"))
                        .map(label -> "`" + label + "`")
                        .collect(Collectors.joining(", "));
                table.append("| `%s` | %s | %s | %s | %s |%n"
                        .formatted(name, family.type, unit(name), labels, family.help.replace("|", "\\|")));
            }
        });
        return table.toString();
    }

    private static String unit(String name) {
        String bare = name.replaceFirst("_total$", "").replaceFirst("_max$", "");
        if (bare.endsWith("_seconds")) {
            return "s";
        }
        return bare.endsWith("_bytes") ? "bytes" : "";
    }

    @Test
    void pageListsEveryMetricAsAScrapeShowsIt() throws IOException {
        // Given
        String page = Files.readString(PAGE);
        int begin = page.indexOf(BEGIN) + BEGIN.length();
        int end = page.indexOf(END);
        if (Boolean.getBoolean("torii.write")) {
            Files.writeString(PAGE, page.substring(0, begin) + table() + page.substring(end));
        }

        // Then
        assertThat(Files.readString(PAGE)
                        .substring(begin, Files.readString(PAGE).indexOf(END)))
                .as("mvn -B -ntp package -Dtest=MetricsPageIT -Dtorii.write=true")
                .isEqualTo(table());
    }

    @Test
    void pageExplainsEveryLabel() throws IOException {
        // Given
        String page = Files.readString(PAGE);

        // Then
        assertThat(FAMILIES.entrySet().stream()
                        .filter(family -> family.getKey().startsWith("torii_"))
                        .flatMap(family -> family.getValue().labels.stream())
                        .filter(label -> !label.equals("le")))
                .isNotEmpty()
                .allSatisfy(label -> assertThat(page).contains("\n| `" + label + "` |"));
    }

    /** Pages, manifests, rules and their tests, the dashboard. */
    private static List<Path> texts() throws IOException {
        List<Path> texts = new ArrayList<>(List.of(Path.of("README.md"), Path.of("conf/torii.yaml")));
        for (String root : List.of("src/docs", "k8s", "src/test/resources")) {
            try (Stream<Path> files = Files.walk(Path.of(root))) {
                files.filter(file -> file.toString().matches(".*\\.(md|yaml|yml|json)"))
                        .forEach(texts::add);
            }
        }
        return texts;
    }

    @Test
    void noPageNorManifestNamesAMetricThatDoesNotExist() throws IOException {
        // Given
        Set<String> series = new TreeSet<>();
        FAMILIES.forEach((name, family) -> {
            series.add(name);
            if (family.type.equals("histogram")) {
                Stream.of("_bucket", "_sum", "_count").forEach(ending -> series.add(name + ending));
            }
        });
        Pattern named = Pattern.compile("(?<![A-Za-z0-9:_/.-])torii_[a-z0-9_]*[a-z0-9](?![A-Za-z0-9:_-])");
        List<String> wrong = new ArrayList<>();
        int found = 0;

        // When
        for (Path text : texts()) {
            Matcher name = named.matcher(Files.readString(text));
            while (name.find()) {
                found++;
                if (!series.contains(name.group())) {
                    wrong.add(text + ": " + name.group());
                }
            }
        }

        // Then
        assertThat(wrong).isEmpty();
        assertThat(found).isGreaterThan(100);
    }
}
