package ai.hokus.torii.config;

import ai.hokus.torii.config.Settings.Setting;
import ai.hokus.torii.config.Values.Value;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/** A configuration, where each of its values came from, and what differs between two of them. Immutable. */
public final class Loaded {

    private final GatewayConfig config;
    private final Map<String, Value> values;
    private final List<Path> files;

    Loaded(GatewayConfig config, Map<String, Value> values, List<Path> files) {
        this.config = config;
        this.values = Map.copyOf(values);
        this.files = List.copyOf(files);
    }

    /**
     * The effective value of one setting.
     *
     * @param key its dotted key
     * @param value its text, {@code [redacted]} for a secret, empty when it is not set
     * @param origin the environment name, the file, "default" or "not set"
     */
    public record Line(String key, String value, String origin) {}

    /** The typed configuration. */
    public GatewayConfig config() {
        return config;
    }

    /** One line a setting. */
    public List<Line> lines() {
        return Settings.ALL.stream().map(this::line).toList();
    }

    private Line line(Setting setting) {
        Value value = values.get(setting.key());
        if (value == null) {
            return new Line(setting.key(), "", "not set");
        }
        return new Line(setting.key(), setting.isSecret() ? "[redacted]" : value.text(), value.origin());
    }

    /** The files it was read from: the operator's, and those of secrets. */
    public List<Path> files() {
        return files;
    }

    /** The dotted keys of the settings that have another value here than there. */
    public List<String> changesSince(Loaded before) {
        return changes(before).map(Setting::key).toList();
    }

    /** Those of them that a running process cannot follow. */
    public List<String> restartsSince(Loaded before) {
        return changes(before).filter(Setting::needsRestart).map(Setting::key).toList();
    }

    private Stream<Setting> changes(Loaded before) {
        return Settings.ALL.stream().filter(setting -> !Objects.equals(text(setting), before.text(setting)));
    }

    private String text(Setting setting) {
        Value value = values.get(setting.key());
        return value == null ? null : value.text();
    }

    /** Its lines, secrets redacted. */
    @Override
    public String toString() {
        return lines().toString();
    }
}
