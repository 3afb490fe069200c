package ai.hokus.torii.support;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.function.LongConsumer;
import java.util.zip.CRC32C;

/**
 * A body of any length that is never in memory as a whole. Every block of it differs from every other, so that a block
 * lost, doubled or out of order changes the checksum.
 *
 * @param seed bodies of different seeds differ
 * @param bytes its length
 */
public record Payload(int seed, long bytes) {

    private static final int BLOCK = 64 * 1024;

    /** What one end has seen of a body. */
    public record Sum(long bytes, long crc32c) {}

    /** Writes it as fast as it is taken. */
    public Sum writeTo(OutputStream out, LongConsumer written) throws IOException {
        byte[] block = new byte[BLOCK];
        new Random(seed).nextBytes(block);
        CRC32C crc = new CRC32C();
        for (long done = 0; done < bytes; ) {
            ByteBuffer.wrap(block).putLong(done);
            int length = (int) Math.min(BLOCK, bytes - done);
            crc.update(block, 0, length);
            out.write(block, 0, length);
            done += length;
            written.accept(length);
        }
        out.flush();
        return new Sum(bytes, crc.getValue());
    }

    /** What an end that has seen all of it, unchanged, has seen. */
    public Sum sum() throws IOException {
        return writeTo(OutputStream.nullOutputStream(), written -> {});
    }

    /** Reads as many bytes as were announced, no faster than this. */
    public static Sum read(InputStream in, long bytes, Pace pace, LongConsumer read) throws IOException {
        byte[] block = new byte[BLOCK];
        CRC32C crc = new CRC32C();
        for (long done = 0; done < bytes; ) {
            int length = in.read(block, 0, (int) Math.min(BLOCK, bytes - done));
            if (length < 0) {
                throw new EOFException("%d of %d bytes came".formatted(done, bytes));
            }
            crc.update(block, 0, length);
            done += length;
            read.accept(length);
            pace.keep(done);
        }
        return new Sum(bytes, crc.getValue());
    }
}
