package ai.hokus.torii.tls;

import ai.hokus.torii.tls.PemFiles.Part;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.TrustOptions;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
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

    /** Nothing to show, and the JDK's authorities are believed. */
    static final TlsMaterial NONE = new TlsMaterial(List.of(), Optional.empty(), Optional.empty(), "");

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
        return of(files, PemContents.read(files));
    }

    static TlsMaterial of(PemFiles files, PemContents contents) throws PemException {
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

    /** Of the contents it was made from. */
    String digest() {
        return digest;
    }
}
