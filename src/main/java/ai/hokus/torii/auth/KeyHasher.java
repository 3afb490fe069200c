package ai.hokus.torii.auth;

import ai.hokus.torii.identity.ApiKey;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Hashes a whole key, and the caller's address where verdicts depend on it, under a secret of this process (HMAC, RFC
 * 2104, with SHA-256).
 *
 * <p>One instance an event loop, used there alone; {@link #sibling} makes one with the same secret for another.
 */
public final class KeyHasher {

    private static final String ALGORITHM = "HmacSHA256";

    private final SecretKeySpec secret;
    private final boolean hashesAddress;
    private final Mac mac;

    private KeyHasher(SecretKeySpec secret, boolean hashesAddress) {
        this.secret = secret;
        this.hashesAddress = hashesAddress;
        try {
            this.mac = Mac.getInstance(ALGORITHM);
            mac.init(secret);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has " + ALGORITHM, e);
        }
    }

    /** With a new random secret; {@code hashesAddress} tells whether one key's verdicts may differ by address. */
    public static KeyHasher create(boolean hashesAddress) {
        byte[] random = new byte[32];
        new SecureRandom().nextBytes(random);
        return new KeyHasher(new SecretKeySpec(random, ALGORITHM), hashesAddress);
    }

    /** Another one with the same secret; may be called from any thread. */
    public KeyHasher sibling() {
        return new KeyHasher(secret, hashesAddress);
    }

    KeyHash hash(Inquiry inquiry) {
        update(inquiry.key());
        if (hashesAddress) {
            // No key holds a zero byte, so that no key and address read as another pair.
            mac.update((byte) 0);
            mac.update(inquiry.clientIp().getBytes(StandardCharsets.UTF_8));
        }
        return bits();
    }

    /** The key alone, from wherever it came. */
    KeyHash hashWithoutAddress(Inquiry inquiry) {
        update(inquiry.key());
        return bits();
    }

    /** A few bits of that, to tell one key from another where nothing depends on it. */
    long mark(ApiKey key) {
        update(key);
        return ByteBuffer.wrap(mac.doFinal()).getLong();
    }

    private void update(ApiKey key) {
        byte[] bytes = key.bytes();
        mac.update(bytes);
        Arrays.fill(bytes, (byte) 0);
    }

    private KeyHash bits() {
        ByteBuffer bits = ByteBuffer.wrap(mac.doFinal());
        return new KeyHash(bits.getLong(), bits.getLong(), bits.getLong(), bits.getLong());
    }
}
