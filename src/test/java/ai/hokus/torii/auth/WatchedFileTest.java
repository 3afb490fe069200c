package ai.hokus.torii.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** New content of a file, told from content that is still being written. */
class WatchedFileTest {

    private static final String WHOLE = "whole";

    @TempDir
    private Path folder;

    private Path path;
    private WatchedFile file;

    @BeforeEach
    void starts() throws Exception {
        path = Files.writeString(folder.resolve("file"), "first " + WHOLE);
        file = new WatchedFile(path, Clock.systemUTC(), text -> text.endsWith(WHOLE));
        assertThat(file.first()).isEqualTo("first whole");
        assertThat(file.next()).isEmpty();
    }

    @Test
    void handsOutEachNewContentOnce() throws Exception {
        // Given
        Files.writeString(path, "second whole");

        // When
        Optional<String> next = file.next();

        // Then
        assertThat(next).contains("second whole");
        assertThat(file.next()).isEmpty();
    }

    @Test
    void seesAChangeThatKeepsSizeAndTime() throws Exception {
        // Given
        FileTime before = Files.getLastModifiedTime(path);
        Files.writeString(path, "FIRST whole");
        Files.setLastModifiedTime(path, before);

        // When
        Optional<String> next = file.next();

        // Then
        assertThat(next).contains("FIRST whole");
    }

    @Test
    void waitsForASecondLookWhenTheContentMayGoOn() throws Exception {
        // Given
        Files.writeString(path, "half");
        Optional<String> first = file.next();
        Files.writeString(path, "half, and more");
        Optional<String> second = file.next();

        // When
        Optional<String> third = file.next();

        // Then
        assertThat(first).isEmpty();
        assertThat(second).isEmpty();
        assertThat(third).contains("half, and more");
        assertThat(file.next()).isEmpty();
    }

    @Test
    void doesNotTakeATouchForAChange() throws Exception {
        // Given the same content in another file
        Path same = Files.writeString(folder.resolve("same"), "first whole");
        Files.move(same, path, StandardCopyOption.ATOMIC_MOVE);

        // When
        Optional<String> next = file.next();

        // Then
        assertThat(next).isEmpty();
    }

    @Test
    void saysThatTheFileIsGoneAndGoesOnWhenItIsBack() throws Exception {
        // Given
        Files.delete(path);

        // When
        Throwable failure = catchThrowable(() -> file.next());

        // Then
        assertThat(failure).hasMessage("does not exist");
        Files.writeString(path, "back and whole");
        assertThat(file.next()).contains("back and whole");
    }
}
