package ai.hokus.torii.tls;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;

/**
 * Puts the older forms of private keys (RFC 8017 A.1.2, RFC 5915) into PKCS #8 (RFC 5208), the only one that the JDK
 * reads. What is no DER fails with an unchecked exception.
 */
final class Der {

    private static final int INTEGER = 0x02;
    private static final int OCTETS = 0x04;
    private static final int SEQUENCE = 0x30;
    private static final int PARAMETERS = 0xA0;
    private static final byte[] VERSION = {INTEGER, 1, 0};
    /** The identifier rsaEncryption (1.2.840.113549.1.1.1) without parameters. */
    private static final byte[] RSA = {
        SEQUENCE, 13, 6, 9, 0x2A, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xF7, 0x0D, 1, 1, 1, 5, 0
    };
    /** The identifier id-ecPublicKey (1.2.840.10045.2.1). */
    private static final byte[] EC = {6, 7, 0x2A, (byte) 0x86, 0x48, (byte) 0xCE, 0x3D, 2, 1};

    private Der() {}

    static byte[] wrapRsa(byte[] key) {
        return element(SEQUENCE, VERSION, RSA, element(OCTETS, key));
    }

    static byte[] wrapEc(byte[] key) {
        ByteBuffer fields = ByteBuffer.wrap(content(ByteBuffer.wrap(key), SEQUENCE));
        content(fields, INTEGER);
        content(fields, OCTETS);
        byte[] curve = content(fields, PARAMETERS);
        return element(SEQUENCE, VERSION, element(SEQUENCE, EC, curve), element(OCTETS, key));
    }

    private static byte[] content(ByteBuffer in, int tag) {
        if (in.remaining() < 2 || (in.get() & 0xFF) != tag) {
            throw new IllegalArgumentException("another element was expected");
        }
        int length = in.get() & 0xFF;
        if (length > 0x80) {
            int bytes = length - 0x80;
            length = 0;
            for (int i = 0; i < bytes; i++) {
                length = Math.addExact(Math.multiplyExact(length, 256), in.get() & 0xFF);
            }
        }
        if (length > in.remaining()) {
            throw new IllegalArgumentException("it ends too early");
        }
        byte[] content = new byte[length];
        in.get(content);
        return content;
    }

    private static byte[] element(int tag, byte[]... parts) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            content.writeBytes(part);
        }
        ByteArrayOutputStream element = new ByteArrayOutputStream();
        element.write(tag);
        int length = content.size();
        if (length < 0x80) {
            element.write(length);
        } else if (length < 0x100) {
            element.write(0x81);
            element.write(length);
        } else {
            element.write(0x82);
            element.write(length >> 8);
            element.write(length);
        }
        element.writeBytes(content.toByteArray());
        return element.toByteArray();
    }
}
