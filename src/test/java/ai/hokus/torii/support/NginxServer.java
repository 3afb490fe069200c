package ai.hokus.torii.support;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A real nginx of its own on a loopback port: TLS in front of a server in clear text. */
public final class NginxServer implements AutoCloseable {

    private final int port;
    private final Process process;

    private NginxServer(int port, Process process) {
        this.port = port;
        this.process = process;
    }

    /**
     * Starts and waits until it takes connections.
     *
     * @param folder where it may write
     * @param behind the address of the server behind it
     * @param shown its certificate
     * @param more lines of its server section, such as those that ask for client certificates
     */
    public static NginxServer start(Path folder, String behind, TestAuthority.Issued shown, String... more)
            throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Path home = Files.createTempDirectory(folder, "nginx");
        Path config = Files.writeString(home.resolve("nginx.conf"), """
                daemon off;
                master_process off;
                pid %1$s/pid;
                error_log %1$s/error.log;
                events { worker_connections 64; }
                http {
                  access_log off;
                  client_body_temp_path %1$s/body;
                  proxy_temp_path %1$s/proxy;
                  fastcgi_temp_path %1$s/fastcgi;
                  uwsgi_temp_path %1$s/uwsgi;
                  scgi_temp_path %1$s/scgi;
                  server {
                    listen 127.0.0.1:%2$d ssl;
                    server_name _;
                    ssl_protocols TLSv1.2 TLSv1.3;
                    ssl_certificate %3$s;
                    ssl_certificate_key %4$s;
                    %5$s
                    location / {
                      proxy_pass %6$s;
                      proxy_set_header X-Client-Certificate $ssl_client_s_dn;
                      proxy_set_header X-Asked-Name $ssl_server_name;
                      proxy_set_header X-Protocol $ssl_protocol/$ssl_cipher;
                    }
                  }
                }
                """.formatted(
                        home, port, shown.certificate(), shown.key(), String.join("\n", more), behind));
        Process process = new ProcessBuilder(List.of(
                        PeerCondition.find("nginx").orElseThrow().toString(),
                        "-p",
                        home.toString(),
                        "-c",
                        config.toString()))
                .redirectErrorStream(true)
                .redirectOutput(home.resolve("out").toFile())
                .start();
        NginxServer nginx = new NginxServer(port, process);
        Await.until("nginx takes connections", nginx::isListening);
        return nginx;
    }

    private boolean isListening() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 100);
            return true;
        } catch (IOException e) {
            if (!process.isAlive()) {
                throw new AssertionError("nginx has ended", e);
            }
            return false;
        }
    }

    public int port() {
        return port;
    }

    /** Its address under a name that its certificate should hold. */
    public String url() {
        return "https://localhost:" + port;
    }

    @Override
    public void close() {
        PeerProcess.end(process);
    }
}
