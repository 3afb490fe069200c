package ai.hokus.torii.support;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A real Prometheus of its own on a loopback port, with a data folder that is thrown away; its tests carry {@code
 * @NeedsPeer(program = "prometheus", install = "apt-get install prometheus")}, which brings promtool as well.
 */
public final class PrometheusServer implements AutoCloseable {

    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final int port;
    private final Path log;
    private final Process process;

    private PrometheusServer(int port, Path log, Process process) {
        this.port = port;
        this.log = log;
        this.process = process;
    }

    /**
     * Starts with these scrape jobs and rules and waits until it answers.
     *
     * @param folder where it may write; not deleted here
     * @param interval between two scrapes, and between two evaluations of the rules; whole milliseconds
     * @param scrapeConfigs the elements of {@code scrape_configs} in YAML, see {@link #job}
     * @param rules files of rules
     */
    public static PrometheusServer start(Path folder, Duration interval, String scrapeConfigs, List<Path> rules)
            throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Path home = Files.createTempDirectory(folder, "prometheus");
        Path log = home.resolve("log");
        Process process = new ProcessBuilder(List.of(
                        program("prometheus"),
                        "--config.file=" + config(home, interval, scrapeConfigs, rules),
                        "--storage.tsdb.path=" + home.resolve("data"),
                        "--web.listen-address=127.0.0.1:" + port))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        PrometheusServer prometheus = new PrometheusServer(port, log, process);
        Await.until("prometheus answers", PATIENCE, prometheus::isReady);
        return prometheus;
    }

    /** One scrape job with static targets, each {@code host:port}. */
    public static String job(String name, String... targets) {
        return "- job_name: '" + name + "'\n  static_configs:\n  - targets: "
                + Stream.of(targets).map(target -> "'" + target + "'").collect(Collectors.joining(", ", "[", "]"));
    }

    /** What promtool says to this input and these arguments, its exit code in front. */
    public static String promtool(String input, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(program("promtool")));
        command.addAll(List.of(arguments));
        Path in = Files.createTempFile("promtool", ".in");
        Path out = Files.createTempFile("promtool", ".out");
        try {
            Files.writeString(in, input);
            Process promtool = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectInput(in.toFile())
                    .redirectOutput(out.toFile())
                    .start();
            if (!promtool.waitFor(1, TimeUnit.MINUTES)) {
                promtool.destroyForcibly();
                throw new AssertionError("promtool does not end: " + Files.readString(out));
            }
            return (promtool.exitValue() + " " + Files.readString(out)).trim();
        } finally {
            Files.delete(in);
            Files.delete(out);
        }
    }

    private static String program(String name) {
        return PeerCondition.find(name).orElseThrow().toString();
    }

    private static Path config(Path home, Duration interval, String scrapeConfigs, List<Path> rules)
            throws IOException {
        String every = interval.toMillis() + "ms";
        StringBuilder text = new StringBuilder("global:\n  scrape_interval: " + every + "\n  scrape_timeout: " + every
                + "\n  evaluation_interval: " + every + "\n");
        text.append("rule_files:\n");
        rules.forEach(file -> text.append("- '").append(file.toAbsolutePath()).append("'\n"));
        text.append("scrape_configs:\n").append(scrapeConfigs).append('\n');
        return Files.writeString(home.resolve("prometheus.yml"), text);
    }

    private boolean isReady() throws IOException {
        if (!process.isAlive()) {
            throw new AssertionError("prometheus has ended: " + Files.readString(log));
        }
        try {
            return send("/-/ready").statusCode() == 200;
        } catch (IOException notYet) {
            return false;
        }
    }

    private HttpResponse<String> send(String uri) throws IOException {
        try {
            return CLIENT.send(
                    HttpRequest.newBuilder(URI.create(url() + uri))
                            .timeout(PATIENCE)
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    /** The data of an answer of its API; fails with what it says when it does not succeed. */
    private Object ask(String uri) throws IOException {
        JsonObject answer = new JsonObject(send("/api/v1/" + uri).body());
        if (!"success".equals(answer.getString("status"))) {
            throw new AssertionError(uri + ": " + answer.encode());
        }
        return answer.getValue("data");
    }

    private static String escape(Object text) {
        return URLEncoder.encode(text.toString(), StandardCharsets.UTF_8);
    }

    /** An instant query's result: objects of {@code metric} and {@code value}; empty when there is nothing. */
    public JsonArray query(String promql) throws IOException {
        return ((JsonObject) ask("query?query=" + escape(promql))).getJsonArray("result");
    }

    /** The one number a query comes to; NaN when there is nothing, or more than one. */
    public double value(String promql) throws IOException {
        JsonArray result = query(promql);
        return result.size() == 1
                ? Double.parseDouble(
                        result.getJsonObject(0).getJsonArray("value").getString(1))
                : Double.NaN;
    }

    /** A range query's result: objects of {@code metric} and {@code values}, pairs of seconds and text. */
    public JsonArray queryRange(String promql, Instant start, Instant end, Duration step) throws IOException {
        String uri = "query_range?query=" + escape(promql) + "&start=" + escape(start) + "&end=" + escape(end)
                + "&step=" + step.toMillis() / 1000.0;
        return ((JsonObject) ask(uri)).getJsonArray("result");
    }

    /** Its active targets: {@code health}, {@code lastError}, {@code labels} and others. */
    public JsonArray targets() throws IOException {
        return ((JsonObject) ask("targets?state=active")).getJsonArray("activeTargets");
    }

    /** Its rules of all groups: {@code name}, {@code health}, {@code lastError}, {@code state} and others. */
    public List<JsonObject> rules() throws IOException {
        return ((JsonObject) ask("rules"))
                .getJsonArray("groups").stream()
                        .flatMap(group -> ((JsonObject) group).getJsonArray("rules").stream())
                        .map(JsonObject.class::cast)
                        .toList();
    }

    /** Alerts that are pending or firing: {@code labels}, {@code annotations}, {@code state}. */
    public JsonArray alerts() throws IOException {
        return ((JsonObject) ask("alerts")).getJsonArray("alerts");
    }

    /** What it knows of the metrics it has scraped: for each name a list of {@code type}, {@code help}, {@code unit}. */
    public JsonObject metadata() throws IOException {
        return (JsonObject) ask("metadata");
    }

    /** What it has written to its log. */
    public String log() throws IOException {
        return Files.readString(log);
    }

    public String url() {
        return "http://127.0.0.1:" + port;
    }

    @Override
    public void close() {
        PeerProcess.end(process);
    }
}
