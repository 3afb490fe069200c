package ai.hokus.torii.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A pod's files on this machine: each volume is a folder, ConfigMaps are written into theirs, Secrets as stand-ins; and
 * wherever a mounted path stands in an environment, an argument or a file of a ConfigMap, the folder's path takes its place.
 */
final class PodFolder {

    private final Pod pod;
    private final Path root;
    private final UnaryOperator<String> addresses;

    /**
     * Lays out all volumes.
     *
     * @param root an empty folder
     * @param addresses what makes a text's addresses fit this machine
     */
    PodFolder(Pod pod, Path root, UnaryOperator<String> addresses) throws IOException {
        this.pod = pod;
        this.root = root;
        this.addresses = addresses;
        for (Node volume : pod.spec().at("volumes").items()) {
            Path folder = Files.createDirectories(folder(volume.at("name").text()));
            if (volume.at("configMap").isThere() || volume.at("secret").isThere()) {
                for (var file : files(volume).entrySet()) {
                    Files.writeString(folder.resolve(file.getKey()), file.getValue());
                }
                writeStandIns(folder);
            }
        }
    }

    Path folder(String volume) {
        return root.resolve(volume);
    }

    private Map<String, String> files(Node volume) {
        Map<String, Node> entries = pod.all()
                .find("ConfigMap", volume.at("configMap.name").text())
                .map(map -> map.at("data").fields())
                .orElse(Map.of());
        Map<String, String> files = new LinkedHashMap<>();
        entries.forEach((name, text) -> files.put(name, here(text.text())));
        return files;
    }

    /** Writes stand-ins also for what the pod's init containers would make. */
    void writeStandIns() throws IOException {
        for (Node volume : pod.spec().at("volumes").items()) {
            writeStandIns(folder(volume.at("name").text()));
        }
    }

    /** What no manifest holds, a Secret above all: the files that a container's settings name. */
    private void writeStandIns(Path folder) throws IOException {
        List<String> texts = new ArrayList<>();
        pod.containers()
                .forEach(container -> texts.addAll(environment(container).values()));
        pod.spec()
                .at("volumes")
                .items()
                .forEach(volume -> texts.addAll(files(volume).values()));
        Pattern named = Pattern.compile(Pattern.quote(folder + "/") + "([\\w.-]+)");
        for (String text : texts) {
            Matcher matcher = named.matcher(text);
            while (matcher.find()) {
                if (Files.notExists(folder.resolve(matcher.group(1)))) {
                    Files.writeString(folder.resolve(matcher.group(1)), here(StandIn.of(matcher.group(1))));
                }
            }
        }
    }

    /** The text with this machine's paths and addresses. */
    String here(String text) {
        List<Node> mounts = mounts();
        String paths = mounts.stream()
                .map(mount -> Pattern.quote(mount.at("mountPath").text()))
                .collect(Collectors.joining("|"));
        if (paths.isEmpty()) {
            return addresses.apply(text);
        }
        // Not the host of a URL, but sqlite:////data; all at once, because a path here may hold one of there.
        Matcher path =
                Pattern.compile("(?<![\\w.-])(?<!:/)(" + paths + ")(?![\\w.-])").matcher(text);
        return addresses.apply(path.replaceAll(found -> Matcher.quoteReplacement(mounts.stream()
                .filter(mount -> mount.at("mountPath").text().equals(found.group()))
                .map(mount -> folder(mount.at("name").text())
                        .resolve(mount.at("subPath").text()))
                .findFirst()
                .orElseThrow()
                .toString())));
    }

    private List<Node> mounts() {
        return pod.containers().stream()
                .flatMap(container -> container.at("volumeMounts").items().stream())
                .distinct()
                .sorted(Comparator.comparing(
                                (Node mount) -> mount.at("mountPath").text().length())
                        .reversed())
                .toList();
    }

    /** The container's environment, as it must be here. */
    Map<String, String> environment(Node container) {
        Map<String, String> environment = new LinkedHashMap<>();
        pod.environment(container).forEach((name, value) -> environment.put(name, here(value)));
        return environment;
    }

    /** The container's command and arguments, as they must be here. */
    List<String> command(Node container) {
        return Stream.of("command", "args")
                .flatMap(list -> container.at(list).texts().stream())
                .map(this::here)
                .toList();
    }

    /** In a new folder, with stand-ins also for what its containers would make themselves. */
    static PodFolder temporary(Pod pod) {
        try {
            PodFolder files = new PodFolder(pod, Files.createTempDirectory(Combination.built(), "pod-"), text -> text);
            files.writeStandIns();
            return files;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
