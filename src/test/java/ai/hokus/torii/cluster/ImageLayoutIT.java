package ai.hokus.torii.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import ai.hokus.torii.support.ToriiProcess;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the build lays out for the image, and the bill of materials in both jars. */
@Tag("cluster")
class ImageLayoutIT {

    private static final String BILL = "META-INF/sbom/torii.cdx.json";

    @TempDir
    private Path folder;

    private static Path layout() {
        return ToriiProcess.jar().resolveSibling("image");
    }

    private static Path application() {
        return layout().resolve("torii-app.jar");
    }

    /** The libraries that the image's jar loads, as it names them. */
    private static Set<String> libraries() throws IOException {
        try (JarFile jar = new JarFile(application().toFile())) {
            String path = jar.getManifest().getMainAttributes().getValue(Attributes.Name.CLASS_PATH);
            return Stream.of(path.split(" ")).collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private static JsonObject bill(Path in) throws IOException {
        try (JarFile jar = new JarFile(in.toFile())) {
            ZipEntry entry = jar.getEntry(BILL);
            String without = BILL + " is not in " + in + ": Maven leaves it out when it is offline (-o)";
            if (!"required".equals(System.getenv("TORII_PEERS"))) {
                assumeThat(entry).as(without).isNotNull();
            }
            assertThat(entry).as(without).isNotNull();
            try (InputStream found = jar.getInputStream(entry)) {
                return new JsonObject(new String(found.readAllBytes(), StandardCharsets.UTF_8));
            }
        }
    }

    private static List<JsonObject> components() throws IOException {
        return bill(application()).getJsonArray("components").stream()
                .map(JsonObject.class::cast)
                .toList();
    }

    @Test
    void holdsNothingOfALibraryInTheImagesJar() throws IOException {
        // When
        List<String> classes;
        try (JarFile jar = new JarFile(application().toFile())) {
            classes = jar.stream()
                    .map(ZipEntry::getName)
                    .filter(name -> name.endsWith(".class"))
                    .toList();
        }

        // Then
        assertThat(classes).isNotEmpty().allMatch(name -> name.startsWith("ai/hokus/torii/"));
    }

    @Test
    void startsWithItsLibrariesBesideIt() throws Exception {
        // Given
        for (String library : libraries()) {
            Path target = folder.resolve(library);
            Files.createDirectories(target.getParent());
            Files.copy(layout().resolve(library), target, StandardCopyOption.COPY_ATTRIBUTES);
        }
        Files.copy(application(), folder.resolve("torii.jar"));
        Path output = folder.resolve("output");

        // When
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process process = new ProcessBuilder(java, "-Xlog:disable", "-jar", "torii.jar", "rehearse")
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();

        // Then
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(output)).isZero();
    }

    @Test
    void listsEveryLibraryThatIsLoadedAndNoOther() throws IOException {
        // When
        Set<String> listed = components().stream()
                .map(component ->
                        "lib/%s-%s.jar".formatted(component.getString("name"), component.getString("version")))
                .collect(Collectors.toCollection(TreeSet::new));

        // Then: so none of the tests' libraries either
        assertThat(listed).isEqualTo(libraries());
    }

    @Test
    void saysOfEveryLibraryWhereItIsFromWhatItMustHashToAndItsLicence() throws IOException {
        // When
        List<JsonObject> components = components();

        // Then
        assertThat(components).hasSizeGreaterThan(30).allSatisfy(component -> {
            assertThat(component.getString("purl"))
                    .startsWith("pkg:maven/%s/%s@%s"
                            .formatted(
                                    component.getString("group"),
                                    component.getString("name"),
                                    component.getString("version")));
            assertThat(component.getJsonArray("licenses"))
                    .as(component.getString("purl"))
                    .isNotEmpty();
            assertThat(component.getJsonArray("hashes").stream().map(hash -> ((JsonObject) hash).getString("alg")))
                    .contains("SHA-256");
        });
    }

    @Test
    void saysWhatNeedsWhat() throws IOException {
        // Given
        JsonObject bill = bill(application());
        JsonObject self = bill.getJsonObject("metadata").getJsonObject("component");

        // When
        JsonArray needed = bill.getJsonArray("dependencies").stream()
                .map(JsonObject.class::cast)
                .filter(each -> each.getString("ref").equals(self.getString("bom-ref")))
                .findFirst()
                .orElseThrow()
                .getJsonArray("dependsOn");

        // Then
        assertThat(self.getString("purl")).startsWith("pkg:maven/ai.hokus/torii@");
        assertThat(needed.stream().map(String::valueOf))
                .anyMatch(ref -> ref.startsWith("pkg:maven/io.vertx/vertx-core@"));
        assertThat(needed.stream().map(String::valueOf)).noneMatch(ref -> ref.contains("junit"));
    }

    @Test
    void isTheSameInBothJarsAndInEveryBuild() throws IOException {
        // When
        JsonObject bill = bill(application());

        // Then: neither a number by chance nor the time of the build
        assertThat(bill).isEqualTo(bill(ToriiProcess.jar()));
        assertThat(bill.containsKey("serialNumber")).isFalse();
        assertThat(bill.getJsonObject("metadata").getString("timestamp", "2026-11-22T00:00:00Z"))
                .isEqualTo("2026-11-22T00:00:00Z");
        assertThat(bill.getString("bomFormat")).isEqualTo("CycloneDX");
    }
}
