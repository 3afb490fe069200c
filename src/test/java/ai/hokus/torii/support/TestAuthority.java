package ai.hokus.torii.support;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** An authority of the tests' own, which signs certificates by the real openssl; all files lie in its folder. */
public final class TestAuthority {

    private static final String PASSWORD = "changeit";
    private static final List<String> EC_KEY =
            List.of("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes");

    private final Path folder;
    private final String name;

    /**
     * A certificate that an authority signed.
     *
     * @param certificate its PEM file
     * @param key its private key, a PEM file
     */
    public record Issued(Path certificate, Path key) {

        /** What a JVM needs to show it, and to believe this authority alone; null: to believe the JDK's. */
        public SSLContext context(TestAuthority believed) throws Exception {
            KeyStore store = KeyStore.getInstance("PKCS12");
            Path file = certificate.resolveSibling(certificate.getFileName() + ".p12");
            openssl(List.of(
                    "pkcs12",
                    "-export",
                    "-in",
                    certificate.toString(),
                    "-inkey",
                    key.toString(),
                    "-passout",
                    "pass:" + PASSWORD,
                    "-out",
                    file.toString()));
            try (InputStream in = Files.newInputStream(file)) {
                store.load(in, PASSWORD.toCharArray());
            }
            KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            own.init(store, PASSWORD.toCharArray());
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(
                    own.getKeyManagers(),
                    believed == null ? null : believed.trust().getTrustManagers(),
                    null);
            return context;
        }

        /** Its certificate's end in seconds since 1970. */
        public long expires() throws Exception {
            try (InputStream in = Files.newInputStream(certificate)) {
                return ((java.security.cert.X509Certificate)
                                        CertificateFactory.getInstance("X.509").generateCertificate(in))
                                .getNotAfter()
                                .getTime()
                        / 1000;
            }
        }
    }

    private TestAuthority(Path folder, String name) {
        this.folder = folder;
        this.name = name;
    }

    /** Makes one of this name. */
    public static TestAuthority make(Path folder, String name) throws IOException {
        TestAuthority made = new TestAuthority(folder, name);
        List<String> command = new ArrayList<>(List.of("req", "-x509", "-days", "3650", "-subj", "/CN=" + name));
        command.addAll(EC_KEY);
        command.addAll(List.of(
                "-keyout",
                made.file(".ca.key").toString(),
                "-out",
                made.certificate().toString()));
        openssl(command);
        return made;
    }

    /** Its own certificate, a PEM file: what is to be believed. */
    public Path certificate() {
        return file(".ca.pem");
    }

    private Path file(String suffix) {
        return folder.resolve(name + suffix);
    }

    /** A certificate for "localhost" and 127.0.0.1, for ten days. */
    public Issued issue(String subject) throws IOException {
        return issue(subject, "DNS:localhost,IP:127.0.0.1", 10);
    }

    /** The same for these names and this many days from now; a negative number is a certificate that has ended. */
    public Issued issue(String subject, String names, int days) throws IOException {
        Issued issued = new Issued(folder.resolve(subject + ".pem"), folder.resolve(subject + ".key"));
        List<String> command = new ArrayList<>(List.of("req", "-new", "-subj", "/CN=" + subject));
        command.addAll(EC_KEY);
        Path request = folder.resolve(subject + ".csr");
        command.addAll(List.of("-keyout", issued.key().toString(), "-out", request.toString()));
        openssl(command);
        Path extensions =
                Files.writeString(folder.resolve(subject + ".ext"), "subjectAltName=" + names + System.lineSeparator());
        openssl(List.of(
                "x509",
                "-req",
                "-days",
                String.valueOf(days),
                "-in",
                request.toString(),
                "-CA",
                certificate().toString(),
                "-CAkey",
                file(".ca.key").toString(),
                "-CAcreateserial",
                "-extfile",
                extensions.toString(),
                "-out",
                issued.certificate().toString()));
        return issued;
    }

    /** What a JVM needs to believe this authority alone, with nothing to show. */
    public SSLContext context() throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust().getTrustManagers(), null);
        return context;
    }

    private TrustManagerFactory trust() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setCertificateEntry(
                name,
                CertificateFactory.getInstance("X.509")
                        .generateCertificate(new ByteArrayInputStream(Files.readAllBytes(certificate()))));
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory;
    }

    /** Runs openssl, which must succeed, and returns what it prints. */
    static String openssl(List<String> arguments) throws IOException {
        return openssl(arguments, true);
    }

    /** Runs openssl with nothing to read and returns what it prints. */
    public static String opensslWhateverItSays(List<String> arguments) throws IOException {
        return openssl(arguments, false);
    }

    private static String openssl(List<String> arguments, boolean mustSucceed) throws IOException {
        List<String> command = new ArrayList<>(
                List.of(PeerCondition.find("openssl").orElseThrow().toString()));
        command.addAll(arguments);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (!process.waitFor(30, TimeUnit.SECONDS) || mustSucceed && process.exitValue() != 0) {
                throw new AssertionError("openssl failed: " + output);
            }
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
        return output;
    }
}
