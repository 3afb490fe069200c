package ai.hokus.torii.config;

import ai.hokus.torii.config.Settings.Setting;
import ai.hokus.torii.config.Values.Value;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Lays settings over settings: a later layer wins, setting by setting; what is none of them becomes a problem. */
final class Layers {

    private static final int MAX_SECRET_CHARS = 64 * 1024;
    private static final String STAND_IN = "unread";

    private final Map<String, Value> merged = new TreeMap<>();
    private final List<Problem> problems;

    /** Empty; adds what is wrong to {@code problems}. */
    Layers(List<Problem> problems) {
        this.problems = problems;
    }

    /** The settings of a file; {@code origin} names it. */
    void file(JsonObject settings, String origin) {
        Map<String, Value> layer = new TreeMap<>();
        Map<String, Object> flat = new LinkedHashMap<>();
        flatten("", settings, flat);
        flat.forEach((key, raw) -> {
            if (!Settings.isKnown(key)) {
                String hint = Settings.nearestKey(key)
                        .map(k -> "; did you mean " + k + "?")
                        .orElse("");
                problems.add(new Problem(key, "is no setting" + hint + " (in " + origin + ")"));
            } else if (Settings.isSecret(key) && !(raw instanceof String)) {
                // YAML reads 0123 as a number and would change the secret.
                problems.add(new Problem(key, "must be a text in quotes"));
            } else {
                layer.put(key, new Value(text(raw), origin, key));
            }
        });
        lay(layer);
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

    /** The settings of an environment. */
    void environment(JsonObject environment) {
        Map<String, Value> layer = new TreeMap<>();
        for (Setting setting : Settings.ALL) {
            read(environment, setting, layer);
            setting.file().ifPresent(file -> read(environment, file, layer));
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
        lay(layer);
    }

    private void read(JsonObject environment, Setting setting, Map<String, Value> layer) {
        String own = setting.isBlankAnAnswer()
                ? environment.getString(setting.environmentName())
                : present(environment, setting.environmentName());
        String alias = setting.alias() == null ? null : present(environment, setting.alias());
        if (own != null && alias != null && !own.equals(alias)) {
            problems.add(new Problem(
                    setting.environmentName(), "and " + setting.alias() + " say different things; set one of them"));
        }
        String name = own != null ? setting.environmentName() : setting.alias();
        String value = own != null ? own : alias;
        if (value != null) {
            layer.put(setting.key(), new Value(value, name, name));
        }
    }

    /** A layer says of a secret what it is or where it stands, and hides what lower ones say of it. */
    private void lay(Map<String, Value> layer) {
        for (Setting setting : Settings.ALL) {
            setting.file().ifPresent(file -> {
                Value text = layer.get(setting.key());
                Value named = layer.get(file.key());
                if (text != null && named != null) {
                    problems.add(new Problem(named.label(), "and " + text.label() + " are both set; set one of them"));
                }
                if (text != null || named != null) {
                    merged.remove(setting.key());
                    merged.remove(file.key());
                }
            });
        }
        merged.putAll(layer);
    }

    /** The secrets that stand in files: each with what names its file. */
    Map<Setting, Value> secretFiles() {
        Map<Setting, Value> named = new LinkedHashMap<>();
        for (Setting setting : Settings.ALL) {
            setting.file().map(file -> merged.get(file.key())).ifPresent(value -> named.put(setting, value));
        }
        return named;
    }

    /** What a secret's file holds. */
    void secret(Setting setting, Value named, String text) {
        if (text.isEmpty() || text.length() > MAX_SECRET_CHARS) {
            unreadable(setting, named, text.isEmpty() ? "it is empty" : "it is longer than a secret can be");
        } else {
            merged.put(setting.key(), new Value(text, "file " + named.text(), named.label()));
        }
    }

    /** That a secret's file cannot be read; a stand-in keeps the setting from being called not set as well. */
    void unreadable(Setting setting, Value named, String why) {
        problems.add(new Problem(named.label(), "names the file '" + named.text() + "', which cannot be read: " + why));
        merged.put(setting.key(), new Value(STAND_IN, named.origin(), named.label()));
    }

    /** The effective values by their dotted keys. */
    Map<String, Value> merged() {
        return merged;
    }

    /** The value under this name, or null; an empty one counts as not set, as in a manifest with a blank left open. */
    private static String present(JsonObject environment, String name) {
        Object value = environment.getValue(name);
        return value == null || value.toString().isBlank() ? null : value.toString();
    }
}
