package ai.hokus.torii.tls;

import ai.hokus.torii.tls.PemFiles.Part;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.TrustOptions;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;

/**
 * What the files of one end of TLS held when they were read together, found to fit. Safe for concurrent use.
 *
 * <p>Every reading makes options of their own, so that Vert.x, which compares options, takes them for new.
 */
public final class TlsMaterial {

    private static final char[] NO_PASSWORD = new char[0];

    private final List<X509Certificate> chain;
    private final Optional<KeyCertOptions> own;
    private final Optional<TrustOptions> trust;
    private final String digest;

    private TlsMaterial(
            List<X509Certificate> chain, Optional<KeyCertOptions> own, Optional<TrustOptions> trust, String digest) {
        this.chain = chain;
        this.own = own;
        this.trust = trust;
        this.digest = digest;
    }

    /**
     * Reads the files; blocks.
     *
     * @throws PemException when one is missing, no PEM, or does not fit the others
     */
    public static TlsMaterial read(PemFiles files) throws PemException {
        Contents contents = Contents.read(files);
        try {
            List<X509Certificate> chain = List.of();
            Optional<KeyCertOptions> own = Optional.empty();
            if (files.certificate().isPresent()) {
                chain = Pem.certificates(Part.CERTIFICATE, contents.certificate());
                own = Optional.of(KeyCertOptions.wrap(keyManagers(chain, Pem.key(contents.key()))));
            }
            Optional<TrustOptions> trust = Optional.empty();
            if (files.authorities().isPresent()) {
                trust = Optional.of(
                        TrustOptions.wrap(trustManagers(Pem.certificates(Part.AUTHORITIES, contents.authorities()))));
            }
            return new TlsMaterial(chain, own, trust, contents.digest());
        } catch (GeneralSecurityException | IOException e) {
            throw new PemException(Part.CERTIFICATE, "cannot be used: " + e.getMessage());
        }
    }

    /** The bytes of the files; empty where there is no file. */
    private record Contents(byte[] certificate, byte[] key, byte[] authorities) {

        static Contents read(PemFiles files) throws PemException {
            return new Contents(
                    bytes(files.certificate(), Part.CERTIFICATE),
                    bytes(files.key(), Part.KEY),
                    bytes(files.authorities(), Part.AUTHORITIES));
        }

        private static byte[] bytes(Optional<Path> file, Part part) throws PemException {
            if (file.isEmpty()) {
                return new byte[0];
            }
            try {
                return Files.readAllBytes(file.get());
            } catch (IOException e) {
                throw new PemException(part, "names a file that " + failure(e) + ": '" + file.get() + "'");
            }
        }

        private static String failure(IOException e) {
            if (e instanceof NoSuchFileException) {
                return "does not exist";
            }
            return e instanceof AccessDeniedException ? "may not be read by this process" : "cannot be read";
        }

        String digest() {
            try {
                MessageDigest sha = MessageDigest.getInstance("SHA-256");
                for (byte[] content : List.of(certificate, key, authorities)) {
                    sha.update(Integer.toString(content.length).getBytes(java.nio.charset.StandardCharsets.US_ASCII));
                    sha.update((byte) 0);
                    sha.update(content);
                }
                return java.util.HexFormat.of().formatHex(sha.digest());
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static KeyManagerFactory keyManagers(List<X509Certificate> chain, PrivateKey key)
            throws GeneralSecurityException, IOException, PemException {
        if (!isPair(chain.get(0), key)) {
            throw new PemException(Part.KEY, "holds the key of another certificate than the first one beside it");
        }
        KeyStore store = emptyStore();
        store.setKeyEntry("own", key, NO_PASSWORD, chain.toArray(Certificate[]::new));
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, NO_PASSWORD);
        return factory;
    }

    private static TrustManagerFactory trustManagers(List<X509Certificate> authorities)
            throws GeneralSecurityException, IOException {
        KeyStore store = emptyStore();
        for (int i = 0; i < authorities.size(); i++) {
            store.setCertificateEntry("authority-" + i, authorities.get(i));
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory;
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    /** Whether what this key signs is confirmed by this certificate. */
    private static boolean isPair(X509Certificate certificate, PrivateKey key) {
        byte[] text = {1, 2, 3};
        try {
            Signature signature = Signature.getInstance(
                    switch (key.getAlgorithm()) {
                        case "RSA" -> "SHA256withRSA";
                        case "EC" -> "SHA256withECDSA";
                        default -> "EdDSA";
                    });
            signature.initSign(key);
            signature.update(text);
            byte[] signed = signature.sign();
            signature.initVerify(certificate.getPublicKey());
            signature.update(text);
            return signature.verify(signed);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    /** The own certificate and its key, or empty. */
    public Optional<KeyCertOptions> own() {
        return own;
    }

    /** The authorities to believe; empty: the JDK's. */
    public Optional<TrustOptions> trust() {
        return trust;
    }

    /** When the first of the own certificates ends to be valid; empty without one. */
    public Optional<Instant> expires() {
        return chain.stream().map(c -> c.getNotAfter().toInstant()).min(Instant::compareTo);
    }

    /** Whether the files held the same. */
    boolean isSame(TlsMaterial other) {
        return digest.equals(other.digest);
    }
}
