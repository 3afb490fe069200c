package ai.hokus.torii.tls;

import ai.hokus.torii.tls.PemFiles.Part;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** The bytes of the files of one end, read one after the other; empty where there is no file. */
record PemContents(byte[] certificate, byte[] key, byte[] authorities) {

    /** Reads them; blocks. */
    static PemContents read(PemFiles files) throws PemException {
        return new PemContents(
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

    /** The same for the same contents, and never for others. */
    String digest() {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            for (byte[] content : List.of(certificate, key, authorities)) {
                sha.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, content.length));
                sha.update(content);
            }
            return HexFormat.of().formatHex(sha.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
