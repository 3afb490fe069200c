package ai.hokus.torii.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;

/**
 * Notices that files have other contents than before, whatever was done to them: written anew, replaced, or reached by a
 * symbolic link that was swapped, as Kubernetes does it. A change counts when two looks in a row see the same, so that a
 * file that is being written is left alone. Blocks; used by one thread at a time.
 */
public final class WatchedFiles {

    private List<Path> files;
    private byte[] known;
    private byte[] candidate;
    private boolean isQuiet = true;

    /** Knows these as they are now. */
    public WatchedFiles(List<Path> files) {
        this.files = List.copyOf(files);
        this.known = digest();
        this.candidate = known;
    }

    /** From now on looks at these; if they are others, the next look that is quiet tells of a change. */
    public void follow(List<Path> next) {
        files = List.copyOf(next);
    }

    /** Whether they have changed since this was last answered with yes, and have stopped changing. */
    public boolean haveChanged() {
        byte[] now = digest();
        isQuiet = Arrays.equals(now, candidate);
        candidate = now;
        if (!isQuiet || Arrays.equals(now, known)) {
            return false;
        }
        known = now;
        return true;
    }

    /** Whether the last two looks saw the same. */
    public boolean areQuiet() {
        return isQuiet;
    }

    private byte[] digest() {
        MessageDigest digest = sha256();
        for (Path file : files) {
            try {
                byte[] content = Files.readAllBytes(file);
                digest.update((byte) 1);
                digest.update(sha256().digest(content));
            } catch (IOException e) {
                // That it cannot be read is what there is to notice; whoever reads it next says why.
                digest.update((byte) 0);
            }
        }
        return digest.digest();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
