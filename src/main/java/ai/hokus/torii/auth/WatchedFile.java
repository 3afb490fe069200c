package ai.hokus.torii.auth;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Tells new content of a file from content that is still being written. Blocks; for one thread at a time.
 *
 * <ol>
 *   <li>Each new content is handed out once, also when it is of the same size and the same instant as the one before.
 *   <li>What may be the beginning of something longer is handed out when a second look finds the same.
 *   <li>A file that is touched, but the same, is not new.
 * </ol>
 */
final class WatchedFile {

    /** A file system's clock may tick as seldom as this. */
    private static final Duration COARSEST_TICK = Duration.ofSeconds(2);

    private final Path path;
    private final Clock clock;
    private final Predicate<String> isWhole;
    private String knownStamp = "";
    private byte[] known;
    private byte[] candidate;

    /** {@code isWhole} says that a content cannot be the beginning of a longer one. */
    WatchedFile(Path path, Clock clock, Predicate<String> isWhole) {
        this.path = path;
        this.clock = clock;
        this.isWhole = isWhole;
    }

    /** The content as it is now, whatever it is. */
    String first() throws IOException {
        known = read();
        return text(known);
    }

    /** The content if it is new; empty when it is not, or not yet. */
    Optional<String> next() throws IOException {
        BasicFileAttributes attributes = attributes();
        String stamp = attributes.lastModifiedTime() + "/" + attributes.size() + "/" + attributes.fileKey();
        if (stamp.equals(knownStamp)) {
            return Optional.empty();
        }
        byte[] bytes = read();
        boolean isNew = !Arrays.equals(bytes, known);
        String text = text(bytes);
        if (isNew && !isWhole.test(text) && !Arrays.equals(bytes, candidate)) {
            candidate = bytes;
            return Optional.empty();
        }
        candidate = null;
        // A stamp proves nothing while the file's clock could show the same at the next change.
        Instant changed = attributes.lastModifiedTime().toInstant();
        if (changed.plus(COARSEST_TICK).isBefore(clock.instant())) {
            knownStamp = stamp;
        }
        if (!isNew) {
            return Optional.empty();
        }
        known = bytes;
        return Optional.of(text);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private BasicFileAttributes attributes() throws IOException {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class);
        } catch (IOException e) {
            throw named(e);
        }
    }

    private byte[] read() throws IOException {
        try {
            return Files.readAllBytes(path);
        } catch (IOException e) {
            throw named(e);
        }
    }

    /** Of the two common failures the JDK's message is the path alone. */
    private static IOException named(IOException e) {
        if (e instanceof NoSuchFileException) {
            return new IOException("does not exist", e);
        }
        return e instanceof AccessDeniedException ? new IOException("may not be read by this process", e) : e;
    }
}
