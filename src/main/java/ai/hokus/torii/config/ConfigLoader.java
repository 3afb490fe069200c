package ai.hokus.torii.config;

import ai.hokus.torii.config.Values.Value;
import io.vertx.config.ConfigRetriever;
import io.vertx.config.ConfigRetrieverOptions;
import io.vertx.config.ConfigStoreOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/**
 * Merges the layers into a {@link GatewayConfig}: the packed {@code conf/torii.yaml}, then the operator's file, then the
 * environment; a later layer wins, setting by setting.
 *
 * <p>Each layer is a vertx-config store of its own, so that it stays known where a value came from and so that a scalar
 * of one layer can never swallow a whole section of another. All problems are collected before it gives up.
 */
public final class ConfigLoader {

    /** The file named by {@code --config} is also found under this environment name. */
    public static final String FILE_VARIABLE = "TORII_CONFIG";

    static final String DEFAULTS = "/ai/hokus/torii/torii.yaml";

    private final Vertx vertx;
    private final Function<GatewayConfig, List<Problem>> check;

    /** Loads on this instance; the caller closes it. */
    public ConfigLoader(Vertx vertx) {
        this(vertx, config -> List.of());
    }

    /**
     * The same with a further check, so that its problems are told with all others.
     *
     * @param check what is wrong beyond the settings themselves; it names a setting by its dotted key, and may meet
     *     stand-ins for values that could not be read
     */
    public ConfigLoader(Vertx vertx, Function<GatewayConfig, List<Problem>> check) {
        this.vertx = vertx;
        this.check = check;
    }

    /** This process's environment, the one place where it is read. */
    public static Map<String, String> processEnvironment() {
        return System.getenv();
    }

    /**
     * Loads from a file and an environment.
     *
     * @param file the operator's file; empty: the one {@value #FILE_VARIABLE} names, or none
     * @param environment environment names and values, usually {@link #processEnvironment()}
     * @return the configuration, or an {@link InvalidConfigException} with every problem
     */
    public Future<Loaded> load(Optional<Path> file, Map<String, String> environment) {
        Optional<Path> path = file.or(() -> Optional.ofNullable(environment.get(FILE_VARIABLE))
                .filter(p -> !p.isBlank())
                .map(Path::of));
        List<Problem> problems = new ArrayList<>();
        Future<JsonObject> fileLayer = path.map(this::readFile).orElse(Future.succeededFuture(new JsonObject()));
        return fileLayer
                .recover(cause -> {
                    problems.add(
                            new Problem(path.map(Path::toString).orElse("--config"), "cannot be read: " + why(cause)));
                    return Future.succeededFuture(new JsonObject());
                })
                .compose(fromFile -> readEnvironment(environment).compose(fromEnvironment -> {
                    Layers layers = new Layers(problems);
                    layers.file(packedDefaults(), "default");
                    layers.file(fromFile, path.map(Path::toString).orElse(""));
                    layers.environment(fromEnvironment);
                    return readSecrets(layers).map(v -> layers);
                }))
                // It looks into the files of TLS, which may be slow to read and takes its time to parse.
                .compose(layers -> vertx.executeBlocking(() -> build(path, layers, problems)));
    }

    /** Puts what the files of secrets hold in the place of their names. */
    private Future<Void> readSecrets(Layers layers) {
        List<Future<Void>> reads = new ArrayList<>();
        layers.secretFiles()
                .forEach((setting, named) -> reads.add(vertx.fileSystem()
                        .readFile(named.text())
                        .map(bytes -> bytes.toString(StandardCharsets.UTF_8).strip())
                        .onSuccess(text -> layers.secret(setting, named, text))
                        .recover(cause -> {
                            layers.unreadable(setting, named, why(cause));
                            return Future.succeededFuture();
                        })
                        .mapEmpty()));
        return Future.join(reads).mapEmpty();
    }

    private Loaded build(Optional<Path> file, Layers layers, List<Problem> problems) throws InvalidConfigException {
        Map<String, Value> merged = layers.merged();
        Values values = new Values(merged, problems);
        GatewayConfig config = new ConfigReader(values).read();
        check.apply(config).forEach(problem -> values.problem(problem.setting(), problem.message()));
        if (!problems.isEmpty()) {
            throw new InvalidConfigException(problems);
        }
        List<Path> files = new ArrayList<>();
        file.ifPresent(files::add);
        layers.secretFiles().values().forEach(named -> files.add(Path.of(named.text())));
        return new Loaded(config, merged, files);
    }

    private Future<JsonObject> readFile(Path path) {
        return read(new ConfigStoreOptions()
                        .setType("file")
                        .setFormat("yaml")
                        .setConfig(new JsonObject()
                                .put("path", path.toAbsolutePath().toString())))
                // vertx-config-yaml 5.1.1 trips over a file of comments alone, which sets nothing and is fine.
                .recover(cause -> cause instanceof NullPointerException
                        ? Future.succeededFuture(new JsonObject())
                        : Future.failedFuture(cause));
    }

    private Future<JsonObject> readEnvironment(Map<String, String> environment) {
        if (environment.equals(System.getenv())) {
            return read(new ConfigStoreOptions().setType("env").setConfig(new JsonObject().put("raw-data", true)));
        }
        JsonObject given = new JsonObject();
        environment.forEach(given::put);
        return read(new ConfigStoreOptions().setType("json").setConfig(given));
    }

    private Future<JsonObject> read(ConfigStoreOptions store) {
        ConfigRetriever retriever = ConfigRetriever.create(
                vertx, new ConfigRetrieverOptions().setScanPeriod(-1).addStore(store));
        return retriever.getConfig().eventually(retriever::close);
    }

    private static JsonObject packedDefaults() {
        try (InputStream in = ConfigLoader.class.getResourceAsStream(DEFAULTS)) {
            Yaml yaml = new Yaml(new SafeConstructor(new LoaderOptions()));
            Map<String, Object> map = yaml.load(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            return new JsonObject(map);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A secret without quotes that begins with * or ! is a name to YAML, and its complaint would hold it. */
    private static String unquoted(String problem) {
        return problem.replaceFirst("(alias|tag) .*", "$1; a text that begins with * or ! needs quotes");
    }

    private static String why(Throwable cause) {
        Throwable root = cause;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        if (root instanceof MarkedYAMLException yaml && yaml.getProblemMark() != null) {
            return "line " + (yaml.getProblemMark().getLine() + 1) + ": " + unquoted(yaml.getProblem());
        }
        if (root instanceof ClassCastException) {
            return "it is no map of settings";
        }
        return root instanceof java.nio.file.NoSuchFileException
                ? "no such file"
                : String.valueOf(root.getMessage()).lines().findFirst().orElse("");
    }
}
