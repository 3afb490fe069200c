package ai.hokus.torii.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.yaml.snakeyaml.Yaml;

/**
 * One way to put the folders of {@code k8s/} together: the base or an overlay, and components beside those it has itself.
 *
 * @param root the base or the overlay, such as {@code overlays/dev}
 * @param components those that are added, such as {@code monitoring}
 */
record Combination(String root, List<String> components) {

    private static final Path FOLDER = Path.of("k8s").toAbsolutePath();
    private static final Map<Combination, Rendered> DONE = new ConcurrentHashMap<>();

    static final Combination DEV = new Combination("overlays/dev", List.of());
    static final Combination PRODUCTION = new Combination("overlays/production", List.of());

    /** Every root with every set of the components that it does not have itself. */
    static List<Combination> all() throws IOException {
        List<Combination> all = new ArrayList<>();
        for (String root : roots()) {
            List<String> missing = new ArrayList<>(names("components"));
            Node.documents(Files.readString(FOLDER.resolve(root).resolve("kustomization.yaml"))).stream()
                    .flatMap(node -> node.at("components").texts().stream())
                    .forEach(own -> missing.remove(Path.of(own).getFileName().toString()));
            for (int set = 0; set < 1 << missing.size(); set++) {
                int chosen = set;
                all.add(new Combination(
                        root,
                        missing.stream()
                                .filter(name -> (chosen >> missing.indexOf(name) & 1) == 1)
                                .toList()));
            }
        }
        return all;
    }

    /** The base and every overlay. */
    static List<String> roots() throws IOException {
        return Stream.concat(Stream.of("base"), names("overlays").stream().map("overlays/"::concat))
                .toList();
    }

    private static List<String> names(String folder) throws IOException {
        try (Stream<Path> folders = Files.list(FOLDER.resolve(folder))) {
            return folders.filter(found -> Files.exists(found.resolve("kustomization.yaml")))
                    .map(found -> found.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    /** What kustomize makes of it; asked once. */
    Rendered rendered() {
        return DONE.computeIfAbsent(this, Combination::render);
    }

    /** Where tests of manifests leave what they lay out; cleaned with all that is built. */
    static Path built() throws IOException {
        return Files.createDirectories(Path.of("target/cluster").toAbsolutePath());
    }

    /** On a copy, in which the root's own kustomization lists the components, as an operator would write it. */
    private static Rendered render(Combination combination) {
        try {
            Path copy = Files.createTempDirectory(built(), "k8s-");
            try (Stream<Path> files = Files.walk(FOLDER)) {
                for (Path file : files.toList()) {
                    Path there = copy.resolve(FOLDER.relativize(file).toString());
                    if (Files.isDirectory(file)) {
                        Files.createDirectories(there);
                    } else {
                        Files.copy(file, there);
                    }
                }
            }
            Path root = copy.resolve(combination.root);
            Path file = root.resolve("kustomization.yaml");
            Node kustomization = Node.documents(Files.readString(file)).get(0);
            List<String> components =
                    new ArrayList<>(kustomization.at("components").texts());
            combination.components.forEach(
                    name -> components.add(root.relativize(copy.resolve("components")) + "/" + name));
            Files.writeString(
                    file, new Yaml().dump(Rendered.changed(kustomization.value(), List.of("components"), components)));
            return new Rendered(
                    Program.run("kustomize", "build", root.toString()).output());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return root + (components.isEmpty() ? "" : " + " + String.join(" + ", components));
    }
}
