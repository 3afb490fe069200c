package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.TestAuthority;
import ai.hokus.torii.support.TestGateway;
import ai.hokus.torii.support.ToriiProcess;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A caller may not start the handshake of TLS 1.2 again, which would cost a core and little on its side. */
@NeedsPeer(program = "openssl", install = "apt-get install -y openssl")
class RenegotiationIT {

    @TempDir
    private Path folder;

    @Test
    void endsAConnectionOnWhichTheCallerBeginsTheHandshakeAgain() throws Exception {
        // Given
        TestAuthority authority = TestAuthority.make(folder, "authority");
        TestAuthority.Issued server = authority.issue("server");
        try (ToriiProcess torii = ToriiProcess.serve(TestGateway.environment(
                "http://127.0.0.1:9",
                "http://127.0.0.1:9",
                "TORII_LISTENER_TLS_CERT_PATH",
                server.certificate().toString(),
                "TORII_LISTENER_TLS_KEY_PATH",
                server.key().toString()))) {
            Path said = folder.resolve("said");
            Process openssl = new ProcessBuilder(
                            "openssl",
                            "s_client",
                            "-connect",
                            "127.0.0.1:" + torii.apiPort(),
                            "-tls1_2",
                            "-CAfile",
                            authority.certificate().toString())
                    .redirectErrorStream(true)
                    .redirectOutput(said.toFile())
                    .start();

            // When
            OutputStream commands = openssl.getOutputStream();
            commands.write("R\n".getBytes(StandardCharsets.UTF_8));
            commands.flush();
            boolean hasEnded = openssl.waitFor(20, TimeUnit.SECONDS);
            openssl.destroyForcibly();

            // Then
            assertThat(Files.readString(said)).contains("Verify return code: 0 (ok)", "RENEGOTIATING", "alert");
            assertThat(hasEnded).isTrue();
        }
    }
}
