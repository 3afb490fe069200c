package ai.hokus.torii.tls;

import ai.hokus.torii.tls.PemFiles.Part;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads certificates and private keys out of PEM text (RFC 7468), as openssl and cert-manager write it. */
final class Pem {

    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----(.*?)-----END \\1-----", Pattern.DOTALL);
    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA", "RSASSA-PSS");

    private Pem() {}

    static List<X509Certificate> certificates(Part part, byte[] pem) throws PemException {
        List<X509Certificate> found;
        try {
            found = CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem)).stream()
                    .map(X509Certificate.class::cast)
                    .toList();
        } catch (CertificateException e) {
            throw new PemException(part, "holds something else than certificates in PEM: " + e.getMessage());
        }
        if (found.isEmpty()) {
            throw new PemException(part, "holds no certificate in PEM");
        }
        return found;
    }

    static PrivateKey key(byte[] pem) throws PemException {
        Matcher block = BLOCK.matcher(new String(pem, StandardCharsets.ISO_8859_1));
        if (!block.find()) {
            throw new PemException(Part.KEY, "holds no private key in PEM");
        }
        String label = block.group(1);
        if (label.startsWith("ENCRYPTED") || block.group(2).contains("ENCRYPTED")) {
            throw new PemException(Part.KEY, "holds an encrypted key; there is nobody to ask for its password");
        }
        try {
            byte[] der = Base64.getMimeDecoder().decode(block.group(2));
            return switch (label) {
                case "PRIVATE KEY" -> fromPkcs8(der);
                case "RSA PRIVATE KEY" -> fromPkcs8(Der.wrapRsa(der));
                case "EC PRIVATE KEY" -> fromPkcs8(Der.wrapEc(der));
                default -> throw new PemException(Part.KEY, "holds a key of a kind that is not known: " + label);
            };
        } catch (RuntimeException e) {
            // What is no DER fails as it likes.
            throw new PemException(Part.KEY, "holds a private key that cannot be read");
        }
    }

    private static PrivateKey fromPkcs8(byte[] der) throws PemException {
        for (String algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
            } catch (GeneralSecurityException e) {
                // Not of this algorithm; the next one may be it.
                continue;
            }
        }
        throw new PemException(Part.KEY, "holds a private key that is neither RSA, EC nor EdDSA");
    }
}
