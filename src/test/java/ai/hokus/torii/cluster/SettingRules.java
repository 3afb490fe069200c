package ai.hokus.torii.cluster;

import ai.hokus.torii.cluster.PodRules.Problems;
import ai.hokus.torii.config.SettingsTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Which names the manifests use of the gateway, and of what they do not bring along. */
final class SettingRules {

    /** What is read beside settings: where the file is, and the JVM's own. */
    private static final Set<String> BESIDE = Set.of("TORII_CONFIG", "JDK_JAVA_OPTIONS");

    private SettingRules() {}

    /** Every environment name and every key of the file is in the catalogue of settings, as `torii settings` prints it. */
    static List<String> namesOnlySettings(Rendered all) {
        Problems problems = new Problems();
        String catalogue = SettingsTable.markdown();
        Set<String> names = words(catalogue, "`([A-Z][A-Z0-9_]+)`");
        Set<String> keys = words(catalogue, "(?m)^\\| `([a-z][a-z0-9.-]+)` \\|");
        Pod pod = new Pod(all, all.gateway());
        for (Node container : pod.containers()) {
            for (String name : pod.environment(container).keySet()) {
                problems.unless(
                        names.contains(name) || BESIDE.contains(name), pod, "sets " + name + ", which is no setting");
            }
        }
        pod.spec().at("volumes").items().stream()
                .flatMap(volume ->
                        all.find("ConfigMap", volume.at("configMap.name").text()).stream())
                .flatMap(map -> map.at("data").fields().entrySet().stream())
                .filter(file -> file.getKey().endsWith(".yaml"))
                .flatMap(file -> keys("", Node.documents(file.getValue().text()).get(0)))
                .forEach(key -> problems.unless(
                        keys.contains(key.replaceFirst("\\.file$", "")), pod, "sets " + key + ", which is no setting"));
        return problems.found();
    }

    /** What must be in the namespace before, Secrets and ConfigMaps, is named in the documentation. */
    static List<String> namesOnlyDocumentedSecrets(Rendered all) throws IOException {
        Problems problems = new Problems();
        String page = Files.readString(Path.of("src/docs/kubernetes.md"));
        for (Pod pod : all.pods()) {
            Stream<String> ofEnvironment = pod.containers().stream()
                    .flatMap(container -> Stream.concat(
                            container.at("envFrom").items().stream().map(from -> from.at("secretRef.name")),
                            container.at("env").items().stream().map(name -> name.at("valueFrom.secretKeyRef.name"))))
                    .filter(Node::isThere)
                    .map(Node::text);
            Stream<String> ofVolumes = pod.spec().at("volumes").items().stream()
                    .flatMap(volume -> Stream.of(volume.at("secret.secretName"), volume.at("configMap.name")))
                    .filter(Node::isThere)
                    .map(Node::text)
                    .filter(name -> all.find("ConfigMap", name).isEmpty());
            Stream.concat(ofEnvironment, ofVolumes)
                    .filter(name -> all.find("Secret", name).isEmpty())
                    .forEach(name -> problems.unless(page.contains("`" + name + "`"), pod, "needs " + name));
        }
        return problems.found();
    }

    private static Set<String> words(String text, String pattern) {
        return Pattern.compile(pattern)
                .matcher(text)
                .results()
                .map((MatchResult found) -> found.group(1))
                .collect(Collectors.toSet());
    }

    private static Stream<String> keys(String before, Node node) {
        Map<String, Node> fields = node.fields();
        return fields.isEmpty()
                ? Stream.of(before.substring(1))
                : fields.entrySet().stream().flatMap(field -> keys(before + "." + field.getKey(), field.getValue()));
    }
}
