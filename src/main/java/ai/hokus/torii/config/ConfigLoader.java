package ai.hokus.torii.config;

import ai.hokus.torii.config.Settings.Setting;
import ai.hokus.torii.config.Values.Value;
import io.vertx.config.ConfigRetriever;
import io.vertx.config.ConfigRetrieverOptions;
import io.vertx.config.ConfigStoreOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
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

    /**
     * A configuration and where each of its values came from.
     *
     * @param config the typed configuration
     * @param lines one line a setting: key, value (secrets redacted), origin
     */
    public record Loaded(GatewayConfig config, List<Line> lines) {}

    /**
     * The effective value of one setting.
     *
     * @param key its dotted key
     * @param value its text, {@code [redacted]} for a secret, empty when it is not set
     * @param origin the environment name, the file, "default" or "not set"
     */
    public record Line(String key, String value, String origin) {}

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
                    Map<String, Value> merged = new TreeMap<>();
                    layer(packedDefaults(), "default", merged, problems);
                    layer(fromFile, path.map(Path::toString).orElse(""), merged, problems);
                    environmentLayer(fromEnvironment, merged, problems);
                    return build(merged, problems);
                }));
    }

    private Future<Loaded> build(Map<String, Value> merged, List<Problem> problems) {
        Values values = new Values(merged, problems);
        GatewayConfig config = new ConfigReader(values).read();
        check.apply(config).forEach(problem -> values.problem(problem.setting(), problem.message()));
        if (!problems.isEmpty()) {
            return Future.failedFuture(new InvalidConfigException(problems));
        }
        List<Line> lines = Settings.ALL.stream()
                .map(setting -> line(setting, merged.get(setting.key())))
                .toList();
        return Future.succeededFuture(new Loaded(config, lines));
    }

    private static Line line(Setting setting, Value value) {
        if (value == null) {
            return new Line(setting.key(), "", "not set");
        }
        return new Line(setting.key(), setting.isSecret() ? "[redacted]" : value.text(), value.origin());
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

    private static void layer(JsonObject layer, String origin, Map<String, Value> merged, List<Problem> problems) {
        Map<String, Object> flat = new LinkedHashMap<>();
        flatten("", layer, flat);
        flat.forEach((key, raw) -> {
            if (!Settings.isKnown(key)) {
                String hint = Settings.nearestKey(key)
                        .map(k -> "; did you mean " + k + "?")
                        .orElse("");
                problems.add(new Problem(key, "is no setting" + hint + " (in " + origin + ")"));
            } else if (Settings.byKey(key).isSecret() && !(raw instanceof String)) {
                // YAML reads 0123 as a number and would change the secret.
                problems.add(new Problem(key, "must be a text in quotes"));
            } else {
                merged.put(key, new Value(text(raw), origin, key));
            }
        });
    }

    private static String text(Object raw) {
        if (raw instanceof JsonArray items) {
            return items.stream().map(String::valueOf).collect(Collectors.joining(","));
        }
        return String.valueOf(raw);
    }

    private static void flatten(String prefix, JsonObject object, Map<String, Object> into) {
        for (String name : object.fieldNames()) {
            Object value = object.getValue(name);
            String key = prefix.isEmpty() ? name : prefix + "." + name;
            if (value instanceof JsonObject inner) {
                flatten(key, inner, into);
            } else if (value != null
                    && (isBlankAnAnswer(key) || !value.toString().isBlank())) {
                into.put(key, value);
            }
        }
    }

    private static boolean isBlankAnAnswer(String key) {
        return Settings.isKnown(key) && Settings.byKey(key).isBlankAnAnswer();
    }

    private static void environmentLayer(JsonObject environment, Map<String, Value> merged, List<Problem> problems) {
        for (Setting setting : Settings.ALL) {
            String own = setting.isBlankAnAnswer()
                    ? environment.getString(setting.environmentName())
                    : present(environment, setting.environmentName());
            String alias = setting.alias() == null ? null : present(environment, setting.alias());
            if (own != null && alias != null && !own.equals(alias)) {
                problems.add(new Problem(
                        setting.environmentName(),
                        "and " + setting.alias() + " say different things; set one of them"));
            }
            String name = own != null ? setting.environmentName() : setting.alias();
            String value = own != null ? own : alias;
            if (value != null) {
                merged.put(setting.key(), new Value(value, name, name));
            }
        }
        environment.fieldNames().stream()
                .filter(Settings::isUnknownEnvironmentName)
                .sorted()
                .forEach(name -> {
                    String hint = Settings.nearestEnvironmentName(name)
                            .map(n -> "; did you mean " + n + "?")
                            .orElse("");
                    problems.add(new Problem(name, "is no setting" + hint));
                });
    }

    /** The value under this name, or null; an empty one counts as not set, as in a manifest with a blank left open. */
    private static String present(JsonObject environment, String name) {
        Object value = environment.getValue(name);
        return value == null || value.toString().isBlank() ? null : value.toString();
    }

    private static String why(Throwable cause) {
        Throwable root = cause;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        if (root instanceof MarkedYAMLException yaml && yaml.getProblemMark() != null) {
            return "line " + (yaml.getProblemMark().getLine() + 1) + ": " + yaml.getProblem();
        }
        if (root instanceof ClassCastException) {
            return "it is no map of settings";
        }
        return root instanceof java.nio.file.NoSuchFileException
                ? "no such file"
                : String.valueOf(root.getMessage()).lines().findFirst().orElse("");
    }
}
