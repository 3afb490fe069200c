package ai.hokus.torii.cluster;

import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** What stands in the tests for a secret, or for another file, that a cluster would hold. */
final class StandIn {

    private StandIn() {}

    /** A value that fits what the key of the Secret or ConfigMap is called. */
    static String of(String key) {
        String name = key.toLowerCase(Locale.ROOT);
        if (name.endsWith(".crt") || name.endsWith(".pem")) {
            return certificate();
        }
        if (name.endsWith(".yaml")) {
            return "keys: []\n";
        }
        return name.contains("redis")
                ? "redis://:a-password-of-the-tests@redis.redis.svc.cluster.local:6379"
                : "a-secret-of-the-tests-0123456789";
    }

    /** Any authority's certificate will do: one of those the JDK trusts. */
    private static String certificate() {
        try {
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init((KeyStore) null);
            byte[] first = Arrays.stream(trust.getTrustManagers())
                    .map(X509TrustManager.class::cast)
                    .findFirst()
                    .orElseThrow()
                    .getAcceptedIssuers()[0]
                    .getEncoded();
            return "-----BEGIN CERTIFICATE-----\n" + Base64.getMimeEncoder().encodeToString(first)
                    + "\n-----END CERTIFICATE-----\n";
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
