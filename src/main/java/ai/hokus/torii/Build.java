package ai.hokus.torii;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/**
 * Which build this is.
 *
 * @param version the project's version
 * @param commit the commit it was built from; "unknown" outside a checkout
 */
public record Build(String version, String commit) {

    /** Reads what the build left in the jar. */
    public static Build read() {
        Properties properties = new Properties();
        try (InputStream in = Build.class.getResourceAsStream("build.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String commit = properties.getProperty("commit", "");
        return new Build(
                properties.getProperty("version", "unknown"),
                commit.isBlank() || commit.startsWith("$") ? "unknown" : commit);
    }
}
