package ai.hokus.torii.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code torii auth-service} where it does not start: exit codes and what it says. */
class AuthServiceCommandTest {

    @TempDir
    private Path folder;

    private final CapturedOutput console = new CapturedOutput();

    @BeforeEach
    void makesFiles() throws Exception {
        Files.writeString(folder.resolve("good.yaml"), "keys: []");
        Files.writeString(folder.resolve("bad.yaml"), "keys: none");
        Files.writeString(folder.resolve("empty"), "\n");
    }

    @AfterEach
    void releases() {
        console.close();
    }

    /** Arguments separated by spaces; DIR is the test's folder. */
    private int start(String arguments) {
        List<String> all = new ArrayList<>(List.of("auth-service"));
        all.addAll(List.of(arguments.replace("DIR", folder.toString()).split(" ")));
        return console.run(all.toArray(String[]::new));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--port 0 | 2 | Missing required option: '--file=FILE'",
                "-f DIR/good.yaml --port 65536 | 2 | --port '65536' must be between 0 and 65535",
                "-f DIR/good.yaml --port -1 | 2 | --port '-1' must be between 0 and 65535",
                "-f DIR/good.yaml --form service | 2 | --form service needs --service-credential-file",
                "-f DIR/good.yaml --service-credential-file x | 2 | --service-credential-file is for --form service alone",
                "-f DIR/none.yaml --port 0 | 78 | cannot start: --file 'DIR/none.yaml' does not exist",
                "-f DIR/bad.yaml --port 0 | 78 | cannot start: --file 'DIR/bad.yaml' must hold one list named 'keys'",
                "-f DIR/good.yaml --form service --service-credential-file DIR/none | 78 |"
                        + " cannot start: --service-credential-file 'DIR/none' cannot be read: NoSuchFileException",
                "-f DIR/good.yaml --form service --service-credential-file DIR/empty | 78 |"
                        + " cannot start: --service-credential-file 'DIR/empty' is empty; an empty credential would let"
                        + " anybody ask"
            })
    void saysWhyItDoesNotStart(String arguments, int code, String complaint) {
        // Given the arguments

        // When
        int exitCode = start(arguments);

        // Then
        assertThat(exitCode).isEqualTo(code);
        assertThat(console.complained().lines().findFirst()).contains(complaint.replace("DIR", folder.toString()));
    }

    @Test
    void endsWith1WhenThePortIsTaken() throws Exception {
        // Given
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {

            // When
            int exitCode = start("-f DIR/good.yaml --port " + taken.getLocalPort());

            // Then
            assertThat(exitCode).isEqualTo(1);
            assertThat(console.complained())
                    .startsWith(
                            "cannot start: cannot listen on 127.0.0.1:" + taken.getLocalPort() + " (--host, --port): ");
        }
    }
}
