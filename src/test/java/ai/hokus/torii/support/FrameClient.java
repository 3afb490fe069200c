package ai.hokus.torii.support;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Queue;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/**
 * A caller that writes HTTP/2 frames as they are and reads what comes back, frame by frame. It grants no window by itself:
 * what a stream may be sent is 65,535 bytes until the test says more (RFC 9113 §6.9.2).
 */
public final class FrameClient implements AutoCloseable {

    public static final int DATA = 0;
    public static final int HEADERS = 1;
    public static final int RST_STREAM = 3;
    public static final int SETTINGS = 4;
    public static final int PING = 6;
    public static final int GOAWAY = 7;
    public static final int WINDOW_UPDATE = 8;
    public static final int CONTINUATION = 9;
    public static final int END_STREAM = 1;
    public static final int END_HEADERS = 4;

    private static final int PRIORITY = 0x20;
    private static final int PRIORITY_BYTES = 5;

    /** The end of the connection, in place of a frame. */
    private static final int CLOSED = -1;

    /** What came; the fields of a head, null for any other frame. */
    public record Frame(int type, int flags, int stream, byte[] payload, Http2Headers head) {

        public boolean isEnd() {
            return (type == DATA || type == HEADERS) && (flags & END_STREAM) != 0;
        }

        public boolean isClose() {
            return type == CLOSED;
        }

        /** The error code of a RST_STREAM or a GOAWAY. */
        public int error() {
            return ByteBuffer.wrap(payload).getInt(type == GOAWAY ? 4 : 0);
        }
    }

    /** An answer as far as it came: the code of the reset is -1 when there was none. */
    public record Answer(Http2Headers head, byte[] body, boolean isWhole, int reset) {

        public int status() {
            return head == null ? 0 : Integer.parseInt(head.status().toString());
        }

        public String text() {
            return new String(body, StandardCharsets.ISO_8859_1);
        }
    }

    private final Socket socket;
    private final DataInputStream in;
    private final DefaultHttp2HeadersDecoder heads = new DefaultHttp2HeadersDecoder(false);
    private final Queue<Frame> unread = new ArrayDeque<>();

    private FrameClient(Socket socket) throws IOException {
        this.socket = socket;
        this.in = new DataInputStream(socket.getInputStream());
    }

    /** Agrees on HTTP/2 and says nothing yet. */
    public static FrameClient silent(int port, SSLContext context) throws IOException {
        Socket plain = new Socket();
        plain.setTcpNoDelay(true);
        plain.setSoTimeout(10_000);
        plain.connect(new InetSocketAddress("127.0.0.1", port));
        SSLSocket tls = (SSLSocket) context.getSocketFactory().createSocket(plain, "localhost", port, true);
        SSLParameters parameters = tls.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {"h2", "http/1.1"});
        tls.setSSLParameters(parameters);
        tls.startHandshake();
        return new FrameClient(tls);
    }

    /** Agrees on HTTP/2 and sends its preface with no settings. */
    public static FrameClient connect(int port, SSLContext context) throws IOException {
        FrameClient client = silent(port, context);
        if (!client.protocol().equals("h2")) {
            throw new IOException("agreed on '" + client.protocol() + "'");
        }
        client.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
        return client.send(SETTINGS, 0, 0);
    }

    /** What was agreed on. */
    public String protocol() {
        return ((SSLSocket) socket).getApplicationProtocol();
    }

    public void write(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
    }

    public FrameClient send(int type, int flags, int stream, byte... payload) throws IOException {
        write(frame(type, flags, stream, payload));
        return this;
    }

    /** The bytes of a frame. */
    public static byte[] frame(int type, int flags, int stream, byte... payload) {
        return ByteBuffer.allocate(9 + payload.length)
                .putInt(payload.length << 8 | type)
                .put((byte) flags)
                .putInt(stream)
                .put(payload)
                .array();
    }

    /** A head; names and values alternate, pseudo-header fields first. */
    public FrameClient head(int stream, boolean isEnd, String... fields) throws IOException {
        return send(HEADERS, END_HEADERS | (isEnd ? END_STREAM : 0), stream, block(fields));
    }

    /** A request with this key; then more names and values. */
    public FrameClient request(int stream, boolean isEnd, String method, String path, String... more)
            throws IOException {
        String[] fields = new String[10 + more.length];
        String[] usual = {
            ":method", method, ":scheme", "https", ":authority", "localhost", ":path", path, "x-api-key", Relayed.KEY
        };
        System.arraycopy(usual, 0, fields, 0, 10);
        System.arraycopy(more, 0, fields, 10, more.length);
        return head(stream, isEnd, fields);
    }

    /** A header block of literal fields that are not indexed (RFC 7541 §6.2.2), each shorter than 127 bytes. */
    public static byte[] block(String... fields) {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        for (int i = 0; i < fields.length; i += 2) {
            block.write(0);
            for (int j = i; j < i + 2; j++) {
                block.write(fields[j].length());
                block.writeBytes(fields[j].getBytes(StandardCharsets.ISO_8859_1));
            }
        }
        return block.toByteArray();
    }

    public FrameClient data(int stream, boolean isEnd, byte[] bytes) throws IOException {
        return send(DATA, isEnd ? END_STREAM : 0, stream, bytes);
    }

    public FrameClient reset(int stream, int error) throws IOException {
        return send(RST_STREAM, 0, stream, ByteBuffer.allocate(4).putInt(error).array());
    }

    /** Grants a stream, or with 0 the connection, so many bytes more. */
    public FrameClient grant(int stream, int bytes) throws IOException {
        return send(
                WINDOW_UPDATE, 0, stream, ByteBuffer.allocate(4).putInt(bytes).array());
    }

    /** The next line, of one that answers in HTTP/1.1. */
    public String readLine() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
            line.append((char) next);
        }
        return line.toString().trim();
    }

    /** The next frame; the end of the connection is one too. */
    public Frame next() throws IOException {
        try {
            int lengthAndType = in.readInt();
            int flags = in.readUnsignedByte();
            int stream = in.readInt();
            byte[] payload = new byte[lengthAndType >>> 8];
            in.readFully(payload);
            int type = lengthAndType & 0xff;
            // In the order in which they come, for they share a table (RFC 7541 §2.2).
            return new Frame(type, flags, stream, payload, type == HEADERS ? decode(stream, flags, payload) : null);
        } catch (SocketTimeoutException e) {
            throw new AssertionError("nothing came for ten seconds", e);
        } catch (EOFException | SocketException | SSLException e) {
            return new Frame(CLOSED, 0, 0, new byte[0], null);
        }
    }

    /** Reads until a frame of this type comes, or the connection ends. */
    public Frame nextOf(int type) throws IOException {
        Frame frame = next();
        while (frame.type() != type && !frame.isClose()) {
            frame = next();
        }
        return frame;
    }

    private Frame nextOn(int stream) throws IOException {
        for (Frame kept : unread) {
            if (kept.stream() == stream) {
                unread.remove(kept);
                return kept;
            }
        }
        Frame frame = next();
        while (frame.stream() != stream && !frame.isClose()) {
            if (frame.stream() != 0) {
                unread.add(frame);
            }
            frame = next();
        }
        return frame;
    }

    /** The next frame on this stream that is no WINDOW_UPDATE; other streams' are kept. */
    public Frame on(int stream) throws IOException {
        Frame frame = nextOn(stream);
        while (frame.type() == WINDOW_UPDATE) {
            frame = nextOn(stream);
        }
        return frame;
    }

    /** Reads the answer on a stream to its end, or to its reset; grants what it takes when that is wanted. */
    public Answer answer(int stream, boolean grants) throws IOException {
        Http2Headers head = null;
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        while (true) {
            Frame frame = on(stream);
            if (frame.type() == HEADERS) {
                head = frame.head();
            } else if (frame.type() == DATA) {
                body.writeBytes(frame.payload());
                if (grants && frame.payload().length > 0) {
                    grant(0, frame.payload().length);
                    grant(stream, frame.payload().length);
                }
            }
            if (frame.isEnd() || frame.isClose() || frame.type() == RST_STREAM) {
                int reset = frame.type() == RST_STREAM ? frame.error() : -1;
                return new Answer(head, body.toByteArray(), frame.isEnd(), reset);
            }
        }
    }

    public Answer answer(int stream) throws IOException {
        return answer(stream, true);
    }

    private Http2Headers decode(int stream, int flags, byte[] payload) throws IOException {
        int priority = (flags & PRIORITY) == 0 ? 0 : PRIORITY_BYTES;
        ByteBuf block = Unpooled.wrappedBuffer(payload, priority, payload.length - priority);
        try {
            return heads.decodeHeaders(stream, block);
        } catch (Http2Exception e) {
            throw new IOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
