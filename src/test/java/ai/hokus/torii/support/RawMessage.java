package ai.hokus.torii.support;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ProtocolException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;

/**
 * One HTTP/1.x message as it came over the wire, read without any leniency: its head, what came of its body with the
 * framing taken off, and how it ended.
 */
public record RawMessage(String head, String body, End end) {

    /** How a message ended. */
    public enum End {
        /** All of it came. */
        COMPLETE,
        /** The connection was closed before. */
        FIN,
        /** The connection was reset before. */
        RESET,
        /** Nothing more came in time. */
        SILENCE,
        /** What came is no HTTP/1.x that two readers must read alike. */
        MALFORMED
    }

    public static RawMessage read(InputStream in, Consumer<String> onHead) {
        return new Reader(in).message(onHead);
    }

    public boolean isComplete() {
        return end == End.COMPLETE;
    }

    /** Whether not one byte came. */
    public boolean isEmpty() {
        return head.isEmpty();
    }

    /** Whether whoever read this was told that all is well and that this is all of it. */
    public boolean isCompleteSuccess() {
        return isComplete() && status() >= 200 && status() < 300;
    }

    /** The status of an answer; -1 when there is none. */
    public int status() {
        return head.matches("(?s)HTTP/1\\.[01] [0-9]{3}[ \r].*") ? Integer.parseInt(head.substring(9, 12)) : -1;
    }

    /** The target of a request. */
    public String target() {
        String[] line = head.split(" ", 3);
        return line.length < 2 ? "" : line[1];
    }

    /** The values of this field, in order. */
    public List<String> fields(String name) {
        return head.lines()
                .skip(1)
                .filter(line -> line.regionMatches(true, 0, name + ":", 0, name.length() + 1))
                .map(line -> line.substring(name.length() + 1).trim())
                .toList();
    }

    private static final class Reader {

        private final InputStream in;
        private final ByteArrayOutputStream head = new ByteArrayOutputStream();
        private final ByteArrayOutputStream body = new ByteArrayOutputStream();

        Reader(InputStream in) {
            this.in = in;
        }

        RawMessage message(Consumer<String> onHead) {
            End end = End.COMPLETE;
            try {
                while (!line(head).isEmpty()) {
                    // The empty line ends the head.
                }
                onHead.accept(text(head));
                body();
            } catch (EOFException e) {
                end = End.FIN;
            } catch (ProtocolException e) {
                end = End.MALFORMED;
            } catch (SocketTimeoutException e) {
                end = End.SILENCE;
            } catch (IOException e) {
                end = End.RESET;
            }
            return new RawMessage(text(head), text(body), end);
        }

        private void body() throws IOException {
            RawMessage soFar = new RawMessage(text(head), "", End.COMPLETE);
            List<String> lengths = soFar.fields("Content-Length");
            List<String> codings = soFar.fields("Transfer-Encoding");
            if (lengths.size() + codings.size() > 1) {
                throw new ProtocolException("framed twice");
            }
            boolean isAnswer = soFar.head().startsWith("HTTP/");
            boolean isBodyless = soFar.status() == 204 || soFar.status() == 304 || soFar.status() == 100;
            if (!codings.isEmpty()) {
                require(codings.get(0).equalsIgnoreCase("chunked"));
                chunks();
            } else if (!lengths.isEmpty()) {
                require(lengths.get(0).matches("[0-9]{1,15}"));
                take(Long.parseLong(lengths.get(0)));
            } else if (isAnswer && !isBodyless) {
                in.transferTo(body);
            }
        }

        private void chunks() throws IOException {
            long size;
            do {
                String line = line(new ByteArrayOutputStream());
                require(line.matches("[0-9A-Fa-f]{1,15}(;.*)?"));
                size = Long.parseLong(line.split(";", 2)[0], 16);
                take(size);
                if (size > 0) {
                    require(line(new ByteArrayOutputStream()).isEmpty());
                }
            } while (size > 0);
            while (!line(new ByteArrayOutputStream()).isEmpty()) {
                // A trailer field.
            }
        }

        private void take(long count) throws IOException {
            byte[] piece = new byte[8192];
            for (long left = count; left > 0; ) {
                int read = in.read(piece, 0, (int) Math.min(left, piece.length));
                if (read < 0) {
                    throw new EOFException();
                }
                body.write(piece, 0, read);
                left -= read;
            }
        }

        private String line(ByteArrayOutputStream seen) throws IOException {
            StringBuilder line = new StringBuilder();
            while (line.length() < 2 || line.charAt(line.length() - 2) != '\r') {
                int next = in.read();
                if (next < 0) {
                    throw new EOFException();
                }
                seen.write(next);
                line.append((char) next);
                boolean afterCr = line.length() > 1 && line.charAt(line.length() - 2) == '\r';
                require(next != 0 && afterCr == (next == '\n'));
            }
            return line.substring(0, line.length() - 2);
        }

        private static void require(boolean isSo) throws ProtocolException {
            if (!isSo) {
                throw new ProtocolException();
            }
        }

        private static String text(ByteArrayOutputStream bytes) {
            return bytes.toString(StandardCharsets.ISO_8859_1);
        }
    }
}
