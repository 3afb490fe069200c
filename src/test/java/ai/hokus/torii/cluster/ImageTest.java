package ai.hokus.torii.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonArray;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the Dockerfile and the image's options say; {@code .ci/image.py} builds and runs them. */
@Tag("cluster")
class ImageTest {

    private static final String PLACE = "/opt/torii/";

    private List<String> instructions;
    private List<String> options;
    private String pom;

    @BeforeEach
    void readsTheFiles() throws IOException {
        String joined = Files.readString(Path.of("Dockerfile")).replaceAll("(?m)^#.*\\n", "");
        instructions = joined.replaceAll("\\\\\\n\\s*", "")
                .lines()
                .filter(line -> !line.isBlank())
                .toList();
        options = optionsOf(Path.of("src/image/jvm.options"));
        pom = Files.readString(Path.of("pom.xml"));
    }

    private static List<String> optionsOf(Path file) throws IOException {
        return Files.readAllLines(file).stream()
                .filter(line -> line.startsWith("-"))
                .toList();
    }

    private List<String> all(String instruction) {
        return instructions.stream()
                .filter(line -> line.startsWith(instruction + " "))
                .map(line -> line.substring(instruction.length() + 1))
                .toList();
    }

    private List<String> listed(String instruction) {
        return new JsonArray(all(instruction).get(0))
                .stream().map(String::valueOf).toList();
    }

    private String property(String name) {
        return first(pom, "<" + name + ">([^<]+)</" + name + ">");
    }

    private static String first(String text, String pattern) {
        return Pattern.compile(pattern)
                .matcher(text)
                .results()
                .findFirst()
                .orElseThrow()
                .group(1);
    }

    @Test
    void buildsOnImagesOfOneLongTermReleaseWithoutNamingARegistry() {
        // When
        List<String> bases = all("FROM");

        // Then
        assertThat(bases)
                .containsExactly(
                        "maven:3.9-eclipse-temurin-25 AS build",
                        "eclipse-temurin:25-jre AS runtime",
                        "runtime AS archive",
                        "runtime");
    }

    @Test
    void runsAsANumberedUserWithoutAShellAVolumeOrAHealthCheck() {
        // Then
        assertThat(all("USER")).containsExactly("10001:10001");
        assertThat(listed("ENTRYPOINT"))
                .containsExactly(
                        "java",
                        "@" + PLACE + "jvm.options",
                        "-XX:AOTCache=" + PLACE + "torii.aot",
                        "-jar",
                        PLACE + "torii.jar");
        assertThat(listed("CMD")).containsExactly("serve");
        assertThat(all("STOPSIGNAL")).containsExactly("SIGTERM");
        assertThat(all("EXPOSE")).containsExactly("8080 8081");
        assertThat(Stream.of("VOLUME", "HEALTHCHECK", "ENV", "ADD").flatMap(name -> all(name).stream()))
                .isEmpty();
    }

    @Test
    void makesTheArchiveWithTheOptionsAndThePathsOfTheEntryPoint() {
        // When
        String archive = all("RUN").stream()
                .filter(line -> line.contains("rehearse"))
                .findFirst()
                .orElseThrow();

        // Then
        assertThat(archive).startsWith("java @jvm.options -Xmx256m ");
        assertThat(archive).contains("-XX:AOTCacheOutput=" + PLACE + "torii.aot -jar " + PLACE + "torii.jar rehearse");
        assertThat(archive).contains("-XX:AOTMode=on -XX:AOTCache=" + PLACE + "torii.aot -jar " + PLACE + "torii.jar");
        assertThat(all("WORKDIR")).contains("/opt/torii");
    }

    @Test
    void carriesTheVersionAndTheTimesOfThePom() {
        // When
        String version = first(String.join("\n", all("LABEL")), "image\\.version=\"([^\"]+)\"");
        String touched = first(String.join("\n", all("RUN")), "touch --date=(\\S+)");

        // Then
        assertThat(version).isEqualTo(property("version"));
        assertThat(touched).isEqualTo(property("project.build.outputTimestamp"));
    }

    /** Files of the checkout keep its modes, and those of another stage are made by root, who gives to others. */
    @Test
    void isReadableToItsUserWhateverTheModesOfTheCheckout() {
        // When
        String runtime = String.join("\n", instructions).split("\nFROM ")[1];

        // Then
        assertThat(runtime.lines().filter(line -> line.startsWith("COPY ")))
                .contains("COPY --chmod=0444 src/image/jvm.options ./")
                .allMatch(line -> line.matches("COPY --(chmod=0444|from=\\w+) .*"));
    }

    @Test
    void letsNothingIntoTheBuildButWhatTheStepsCopy() throws IOException {
        // Given
        Set<String> copied = all("COPY").stream()
                .filter(line -> !line.startsWith("--from"))
                .map(line -> line.replaceFirst("--chmod=\\d+ ", ""))
                .flatMap(line -> Stream.of(line.split(" ")).limit(line.split(" ").length - 1L))
                .collect(Collectors.toCollection(TreeSet::new));

        // When
        List<String> ignored = Files.readAllLines(Path.of(".dockerignore")).stream()
                .filter(line -> !line.startsWith("#"))
                .toList();

        // Then
        assertThat(ignored.get(0)).isEqualTo("*");
        assertThat(ignored.subList(1, ignored.size())).allMatch(line -> line.startsWith("!"));
        for (String file : copied) {
            assertThat(ignored).anyMatch(line -> !line.equals("*") && file.startsWith(line.substring(1)));
        }
        assertThat(ignored.subList(1, ignored.size()))
                .allMatch(line -> copied.stream().anyMatch(file -> file.startsWith(line.substring(1))));
    }

    @Test
    void leavesThirtyPercentOfTheLimitToTheJvmItself() {
        // When
        List<Integer> percents = options.stream()
                .flatMap(option -> Pattern.compile("-XX:MaxRAMPercentage=(\\d+)")
                        .matcher(option)
                        .results())
                .map((MatchResult found) -> Integer.valueOf(found.group(1)))
                .toList();

        // Then: direct memory may take as much as the heap, as long as it has no size of its own
        assertThat(percents).containsExactly(35);
        assertThat(options).noneMatch(option -> option.matches("-Xmx.*|-XX:MaxDirectMemorySize.*|-XX:MaxHeapSize.*"));
    }

    @Test
    void writesNothingButSpooledBodies() {
        // Then
        assertThat(options)
                .contains("-Djava.io.tmpdir=/var/spool/torii", "-XX:-UsePerfData", "-XX:+ErrorFileToStderr")
                .noneMatch(option -> option.contains("HeapDump"));
    }

    @Test
    void differsFromAPlainStartOnlyInSizesAndPlaces() throws IOException {
        // Given
        List<String> others = List.of(
                "-XX:+IgnoreUnrecognizedVMOptions",
                "-Xmx256m",
                "-XX:MaxDirectMemorySize=256m",
                "-XX:AOTCache=target/torii.jsa");

        // When
        List<String> plain = optionsOf(Path.of("conf/jvm.options")).stream()
                .filter(option -> !others.contains(option))
                .toList();

        // Then
        assertThat(options).containsAll(plain);
        assertThat(options.stream().filter(option -> !plain.contains(option)))
                .containsExactlyInAnyOrder(
                        "-XX:MaxRAMPercentage=35",
                        "-Djava.io.tmpdir=/var/spool/torii",
                        "-XX:-UsePerfData",
                        "-XX:+ErrorFileToStderr");
    }
}
