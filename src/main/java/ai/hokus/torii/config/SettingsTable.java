package ai.hokus.torii.config;

import ai.hokus.torii.config.SettingNotes.Note;
import ai.hokus.torii.config.Settings.Setting;
import ai.hokus.torii.config.Values.Value;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Every setting as a page of Markdown. Names come from the catalogue of settings, defaults and explanations from the
 * packed {@code torii.yaml}, ranges from the reader of the configuration, which says them while it reads.
 */
public final class SettingsTable {

    private static final List<String> EITHER_SOURCE = List.of("auth.file.path", "auth.http.url");

    private final Map<String, Note> notes;
    private final Map<String, SettingForm> forms = new HashMap<>();

    private SettingsTable(Map<String, Note> notes) {
        this.notes = notes;
        // What is read may depend on which auth source there is, and on what is set at all.
        EITHER_SOURCE.forEach(this::learnForms);
    }

    /** The table of this build. */
    public static String markdown() {
        return new SettingsTable(SettingNotes.read(packedLines())).page();
    }

    static Map<String, Note> packedNotes() {
        return SettingNotes.read(packedLines());
    }

    private static List<String> packedLines() {
        try (InputStream in = SettingsTable.class.getResourceAsStream(ConfigLoader.DEFAULTS)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void learnForms(String absent) {
        Map<String, Value> examples = new HashMap<>();
        Settings.ALL.forEach(setting ->
                examples.put(setting.key(), new Value(note(setting.key()).value(), "example", setting.key())));
        examples.remove(absent);
        // What the examples have wrong, such as files that are not there, does not matter here.
        Values values = new Values(examples, new ArrayList<>());
        new ConfigReader(values).read();
        forms.putAll(values.forms());
    }

    private String page() {
        StringBuilder page = new StringBuilder("""
                # Settings

                Every setting, as `java -jar target/torii.jar settings` prints it. The key is that of a configuration file
                (`auth.cache.ttl` is `ttl` under `cache` under `auth`); the first environment name is always there, a second
                one is the platform's own. The environment goes over the file, the file over the default. Reload: whether a
                changed value is taken over by the running process, or needs a restart. A secret may stand in a file of its
                own, which `…_FILE` in the environment or `token.file` in place of `token` names. A time or a size is written with
                one of its units (`30s`, `64KiB`); a number without, and the unit says what it counts.
                """);
        bySection().forEach((section, settings) -> {
            page.append("\n## ").append(section).append("\n\n");
            page.append(explanation(section)).append("\n\n");
            page.append("| key | environment | type | unit | default | may be | reload | what it does |\n");
            page.append("| --- | --- | --- | --- | --- | --- | --- | --- |\n");
            String said = "";
            for (Setting setting : settings) {
                String explanation = explanation(setting.key());
                page.append(row(setting, explanation.equals(said) ? "as above" : explanation));
                said = explanation;
            }
        });
        return page.toString();
    }

    private static Map<String, List<Setting>> bySection() {
        return Settings.ALL.stream()
                .collect(Collectors.groupingBy(
                        setting -> setting.key().substring(0, setting.key().indexOf('.')),
                        LinkedHashMap::new,
                        Collectors.toList()));
    }

    private String row(Setting setting, String explanation) {
        Note note = note(setting.key());
        SettingForm form = forms.get(setting.key());
        String names =
                names(setting) + setting.file().map(file -> ", " + names(file)).orElse("");
        String value = note.isDefault()
                ? code(note.value())
                : "none" + (setting.isSecret() || note.value().isEmpty() ? "" : "; e.g. " + code(note.value()));
        return "| "
                + String.join(
                        " | ",
                        code(setting.key()),
                        names,
                        form.type(),
                        form.unit().isEmpty() ? "–" : form.unit(),
                        value,
                        form.range().isEmpty() ? "any" : form.range(),
                        setting.needsRestart() ? "restart" : "yes",
                        explanation)
                + " |\n";
    }

    private static String names(Setting setting) {
        String alias = setting.alias() == null ? "" : ", " + code(setting.alias());
        return code(setting.environmentName()) + alias;
    }

    private Note note(String key) {
        return notes.getOrDefault(key, new Note("", "", false));
    }

    private String explanation(String key) {
        return note(key).explanation().replace("|", "\\|");
    }

    private static String code(String text) {
        return "`" + text.replace("|", "\\|") + "`";
    }
}
