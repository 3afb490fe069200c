package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.ToriiProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The start as documented, {@code java @conf/jvm.options -jar target/torii.jar}: its archive of classes, its silence. */
class JvmOptionsIT {

    private static final Path PROJECT = Path.of("").toAbsolutePath();
    private static final Path ARCHIVE = PROJECT.resolve("target/torii.jsa");

    @TempDir
    private Path folder;

    /** How a start ended; both outputs in one. */
    private record Ended(int exitCode, String output) {}

    private Ended version(Path in, String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "@conf/jvm.options"));
        if (Runtime.version().feature() < 25) {
            // As the comment in the file says.
            command.add("-XX:SharedArchiveFile=target/torii.jsa");
        }
        command.addAll(List.of(options));
        command.addAll(List.of("-jar", "target/torii.jar", "--version"));
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(command)
                .directory(in.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return new Ended(process.exitValue(), Files.readString(output));
    }

    /** A project folder with the options and the jar, whose time is another one unless it is kept. */
    private Path copy(StandardCopyOption... how) throws IOException {
        Path project = folder.resolve("project");
        Files.createDirectories(project.resolve("conf"));
        Files.createDirectories(project.resolve("target"));
        Files.copy(PROJECT.resolve("conf/jvm.options"), project.resolve("conf/jvm.options"));
        Files.copy(ToriiProcess.jar(), project.resolve("target/torii.jar"), how);
        return project;
    }

    private static void assertQuiet(Ended ended) {
        assertThat(ended.exitCode()).isZero();
        assertThat(ended.output()).matches("torii \\S+ \\(\\S+\\)\\R");
    }

    @Test
    void takesItsClassesFromTheArchiveOfTheBuild() throws Exception {
        // When
        Ended ended = version(PROJECT, "-Xlog:class+load");

        // Then
        assertThat(ended.output()).contains("ai.hokus.torii.Main source: shared objects file");
        assertQuiet(version(PROJECT));
    }

    @Test
    void keepsItsArchiveInACopyOfTheFolderThatKeepsTimes() throws Exception {
        // Given
        Path project = copy(StandardCopyOption.COPY_ATTRIBUTES);
        Files.copy(ARCHIVE, project.resolve("target/torii.jsa"));

        // When
        Ended ended = version(project, "-Xlog:class+load");

        // Then
        assertThat(ended.output()).contains("ai.hokus.torii.Main source: shared objects file");
        assertQuiet(version(project));
    }

    @Test
    void saysNothingOfAnArchiveThatIsMissing() throws Exception {
        // When
        Path project = copy();

        // Then
        assertQuiet(version(project));
    }

    @Test
    void saysNothingOfAnArchiveOfAnotherJar() throws Exception {
        // Given
        Path project = copy();
        Files.copy(ARCHIVE, project.resolve("target/torii.jsa"));
        Files.setLastModifiedTime(project.resolve("target/torii.jar"), FileTime.fromMillis(1_000_000));

        // When / Then
        assertQuiet(version(project));
    }

    @Test
    void saysNothingOfAnArchiveThatIsNone() throws Exception {
        // Given
        Path project = copy();
        Files.writeString(project.resolve("target/torii.jsa"), "none of the sort");

        // When / Then
        assertQuiet(version(project));
    }
}
