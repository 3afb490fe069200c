package ai.hokus.torii.support;

import java.util.Arrays;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A message as the bytes of its head and of its framed body, with the offsets at which a cut is worth trying: around
 * every seam, where a reader changes its state, each of the last fifteen bytes, and every byte of a small body.
 */
public final class FramedMessage {

    /** Stands in the head where each try puts its own name, which is as long. */
    public static final String NAME = "try-00000";

    private static final int SEAM = 64 * 1024;
    private static final int TAIL = 15;
    private static final int SMALL = 100;

    private final String head;
    private final String body;
    private final String framed;
    private final NavigableSet<Integer> seams = new TreeSet<>();

    private FramedMessage(String head, String body, String framed) {
        this.head = head;
        this.body = body;
        this.framed = framed;
        for (int i = head.indexOf("\r\n"); i >= 0; i = head.indexOf("\r\n", i + 2)) {
            seams.add(i + 2);
        }
        IntStream.rangeClosed(0, framed.length() / SEAM).forEach(i -> seams.add(head.length() + i * SEAM));
    }

    /** The body framed by its length. */
    public static FramedMessage sized(String headWithoutEnd, int length) {
        return new FramedMessage(headWithoutEnd + "Content-Length: " + length + "\r\n\r\n", text(length), text(length));
    }

    /** The body in chunks of these sizes. */
    public static FramedMessage chunked(String headWithoutEnd, int... sizes) {
        String body = text(Arrays.stream(sizes).sum());
        StringBuilder framed = new StringBuilder();
        FramedMessage plain = new FramedMessage(headWithoutEnd + "Transfer-Encoding: chunked\r\n\r\n", body, "");
        int from = 0;
        for (int size : sizes) {
            framed.append(Integer.toHexString(size)).append("\r\n");
            plain.seams.add(plain.head.length() + framed.length());
            framed.append(body, from, from + size);
            plain.seams.add(plain.head.length() + framed.length());
            framed.append("\r\n");
            plain.seams.add(plain.head.length() + framed.length());
            from += size;
        }
        FramedMessage wire = new FramedMessage(plain.head, body, framed + "0\r\n\r\n");
        wire.seams.addAll(plain.seams);
        return wire;
    }

    /** The body framed by nothing but the end of the connection. */
    public static FramedMessage unframed(String headWithoutEnd, int length) {
        return new FramedMessage(headWithoutEnd + "\r\n", text(length), text(length));
    }

    /** Bytes that tell their place, so that none can stand in for another. */
    private static String text(int length) {
        return IntStream.rangeClosed(0, length / 8)
                .mapToObj(i -> String.format("%07x.", i))
                .collect(Collectors.joining())
                .substring(0, length);
    }

    /** Offsets at which something is still missing. */
    public NavigableSet<Integer> offsets() {
        NavigableSet<Integer> offsets = new TreeSet<>();
        offsets.add(0);
        for (int seam : seams) {
            offsets.add(seam - 1);
            offsets.add(seam);
            offsets.add(seam + 1);
        }
        int last = framed.length() <= SMALL ? framed.length() : TAIL;
        IntStream.rangeClosed(1, last).forEach(i -> offsets.add(length() - i));
        return new TreeSet<>(offsets.subSet(0, true, length(), false));
    }

    /** The first bytes of the message that bears this name. */
    public String prefix(int offset, String name) {
        return (head.replace(NAME, name) + framed).substring(0, offset);
    }

    /** Where the head ends. */
    public int headLength() {
        return head.length();
    }

    /** All bytes. */
    public int length() {
        return head.length() + framed.length();
    }

    /** The body without its framing. */
    public String body() {
        return body;
    }
}
