package ai.hokus.torii.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WatchedFilesTest {

    @TempDir
    private Path folder;

    @Test
    void aChangeCountsWhenTwoLooksSeeTheSame() throws Exception {
        // Given
        Path file = Files.writeString(folder.resolve("f"), "one");
        WatchedFiles files = new WatchedFiles(List.of(file));

        // When
        Files.writeString(file, "tw");
        boolean atOnce = files.haveChanged();
        Files.writeString(file, "two");
        boolean stillWritten = files.haveChanged();
        boolean quiet = files.haveChanged();
        boolean again = files.haveChanged();

        // Then
        assertThat(List.of(atOnce, stillWritten, quiet, again)).containsExactly(false, false, true, false);
    }

    @Test
    void aTouchedFileHasNotChanged() throws Exception {
        // Given
        Path file = Files.writeString(folder.resolve("f"), "one");
        WatchedFiles files = new WatchedFiles(List.of(file));

        // When
        Files.writeString(file, "one");

        // Then
        assertThat(List.of(files.haveChanged(), files.haveChanged())).containsOnly(false);
    }

    @Test
    void aFileThatGoesAndComesBackChangesTwice() throws Exception {
        // Given
        Path file = Files.writeString(folder.resolve("f"), "one");
        WatchedFiles files = new WatchedFiles(List.of(file));

        // When
        Files.delete(file);
        boolean first = files.haveChanged() | files.haveChanged();
        Files.writeString(file, "one");
        boolean second = files.haveChanged() | files.haveChanged();

        // Then
        assertThat(List.of(first, second)).containsOnly(true);
    }

    @Test
    void contentsThatMoveBetweenFilesHaveChanged() throws Exception {
        // Given
        Path one = Files.writeString(folder.resolve("one"), "ab");
        Path two = Files.writeString(folder.resolve("two"), "c");
        WatchedFiles files = new WatchedFiles(List.of(one, two));

        // When
        Files.writeString(one, "a");
        Files.writeString(two, "bc");

        // Then
        assertThat(files.haveChanged() | files.haveChanged()).isTrue();
    }

    @Test
    void theyAreQuietWhenTwoLooksSeeTheSame() throws Exception {
        // Given
        Path file = Files.writeString(folder.resolve("f"), "one");
        WatchedFiles files = new WatchedFiles(List.of(file));

        // When
        Files.writeString(file, "tw");
        files.haveChanged();
        boolean atOnce = files.areQuiet();
        files.haveChanged();
        boolean later = files.areQuiet();

        // Then
        assertThat(List.of(atOnce, later)).containsExactly(false, true);
    }
}
