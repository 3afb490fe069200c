package ai.hokus.torii.support;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/**
 * An MLflow made of bytes behind TLS, which can end its stream as TLS asks for or cut it: one forwarded request a
 * connection; the gateway's own probes are answered.
 */
public final class TlsServer implements AutoCloseable {

    public static final String PASSWORD = "changeit";

    /** What one forwarded request meets; its head has been read. */
    public interface Script {
        void run(Exchange exchange) throws IOException;
    }

    /**
     * A key for "localhost" that vouches for itself.
     *
     * @param context with the key
     * @param certificate the PEM file to trust
     * @param key its key as a PEM file
     * @param store both as PKCS12, with the password {@value TlsServer#PASSWORD}
     */
    public record Identity(SSLContext context, Path certificate, Path key, Path store) {

        /** Made by the JDK's own keytool, in this folder. */
        public static Identity make(Path folder) throws Exception {
            return make(folder, "localhost");
        }

        /** The same for another name than "localhost". */
        public static Identity make(Path folder, String host) throws Exception {
            Path store = folder.resolve("identity.p12");
            Path certificate = folder.resolve("identity.pem");
            keytool(
                    store,
                    List.of(
                            "-genkeypair",
                            "-keyalg",
                            "EC",
                            "-alias",
                            "mlflow",
                            "-dname",
                            "CN=" + host,
                            "-ext",
                            "san=dns:" + host,
                            "-validity",
                            "2"));
            keytool(store, List.of("-exportcert", "-rfc", "-alias", "mlflow", "-file", certificate.toString()));
            KeyStore keys = KeyStore.getInstance("PKCS12");
            try (InputStream in = Files.newInputStream(store)) {
                keys.load(in, PASSWORD.toCharArray());
            }
            KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            managers.init(keys, PASSWORD.toCharArray());
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(managers.getKeyManagers(), null, null);
            String encoded = Base64.getMimeEncoder(64, new byte[] {'\n'})
                    .encodeToString(
                            keys.getKey("mlflow", PASSWORD.toCharArray()).getEncoded());
            Path key = Files.writeString(
                    folder.resolve("identity.key"),
                    "-----BEGIN PRIVATE KEY-----\n" + encoded + "\n-----END PRIVATE KEY-----\n");
            return new Identity(context, certificate, key, store);
        }

        private static void keytool(Path store, List<String> arguments) throws Exception {
            List<String> command = new ArrayList<>();
            command.add(
                    Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
            command.addAll(arguments);
            command.addAll(List.of("-keystore", store.toString(), "-storetype", "PKCS12", "-storepass", PASSWORD));
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new AssertionError("keytool failed: " + output);
            }
        }
    }

    private final ServerSocket listener;

    public TlsServer(Identity identity, Script script) throws IOException {
        listener = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        Thread acceptor = new Thread(() -> accept(identity, script), "tls-server");
        acceptor.setDaemon(true);
        acceptor.start();
    }

    private void accept(Identity identity, Script script) {
        while (!listener.isClosed()) {
            try {
                Socket plain = listener.accept();
                Thread worker = new Thread(() -> serve(identity, plain, script), "tls-connection");
                worker.setDaemon(true);
                worker.start();
            } catch (IOException e) {
                if (!listener.isClosed()) {
                    throw new IllegalStateException(e);
                }
            }
        }
    }

    private static void serve(Identity identity, Socket plain, Script script) {
        try (plain) {
            SSLSocket tls = (SSLSocket)
                    identity.context().getSocketFactory().createSocket(plain, "localhost", plain.getPort(), false);
            tls.setUseClientMode(false);
            Exchange exchange = new Exchange(plain, tls);
            String head = exchange.readHead();
            if (head.contains("X-Request-Id")) {
                script.run(exchange);
            } else {
                exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
                exchange.endStream();
            }
        } catch (IOException e) {
            // A gateway that does not trust us, or that has what it wanted, leaves in the middle.
            assertLeft(e);
        }
    }

    private static void assertLeft(IOException e) {
        if (e.getMessage() == null) {
            throw new AssertionError(e);
        }
    }

    public String url() {
        return "https://localhost:" + port();
    }

    public int port() {
        return listener.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }

    /** One forwarded request and its answer. */
    public static final class Exchange {

        private final Socket plain;
        private final SSLSocket tls;

        Exchange(Socket plain, SSLSocket tls) {
            this.plain = plain;
            this.tls = tls;
        }

        /** The names that the caller asked for (RFC 6066 §3). */
        public List<String> serverNames() {
            return ((ExtendedSSLSession) tls.getSession())
                    .getRequestedServerNames().stream()
                            .map(name -> ((SNIHostName) name).getAsciiName())
                            .toList();
        }

        String readHead() throws IOException {
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                int next = tls.getInputStream().read();
                if (next < 0) {
                    throw new IOException("ended inside a head: " + head);
                }
                head.append((char) next);
            }
            return head.toString();
        }

        /** Reads so many bytes, or fewer when the stream ends before. */
        public byte[] read(int count) throws IOException {
            return tls.getInputStream().readNBytes(count);
        }

        public void send(String text) throws IOException {
            tls.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
            tls.getOutputStream().flush();
        }

        /** Ends the stream as TLS asks for, by close_notify, and then the connection. */
        public void endStream() throws IOException {
            tls.close();
            plain.close();
        }

        /** Ends the connection alone, as somebody on the way could. */
        public void cut() throws IOException {
            plain.close();
        }
    }
}
