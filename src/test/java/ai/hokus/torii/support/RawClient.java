package ai.hokus.torii.support;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;

/** A caller that writes bytes as they are and reads what comes back, to see what a well-behaved client would hide. */
public final class RawClient implements AutoCloseable {

    private final Socket connection;
    private final Socket socket;
    private final InputStream in;

    public RawClient(int port) throws IOException {
        this(port, 0);
    }

    /** With socket buffers of this many bytes, so that they hide nothing of how fast it reads or writes; 0: the system's. */
    public RawClient(int port, int bufferBytes) throws IOException {
        this(connect(port, bufferBytes), null);
    }

    private RawClient(Socket connection, SSLContext tls) throws IOException {
        this.connection = connection;
        this.socket = tls == null
                ? connection
                : tls.getSocketFactory().createSocket(connection, "localhost", connection.getPort(), true);
        in = new BufferedInputStream(socket.getInputStream());
    }

    /** The same through TLS; the handshake is made with the first byte, or by {@link #handshake}. */
    public static RawClient tls(int port, SSLContext context) throws IOException {
        return tls(port, context, 0);
    }

    /** The same with socket buffers of this many bytes. */
    public static RawClient tls(int port, SSLContext context, int bufferBytes) throws IOException {
        return new RawClient(connect(port, bufferBytes), context);
    }

    private static Socket connect(int port, int bufferBytes) throws IOException {
        Socket socket = new Socket();
        if (bufferBytes > 0) {
            socket.setReceiveBufferSize(bufferBytes);
            socket.setSendBufferSize(bufferBytes);
        }
        socket.setSoTimeout(10_000);
        socket.setTcpNoDelay(true);
        socket.connect(new InetSocketAddress("127.0.0.1", port));
        return socket;
    }

    /** Makes the handshake of TLS and returns what came of it; fails with an {@link SSLException} when it is refused. */
    public SSLSession handshake() throws IOException {
        ((SSLSocket) socket).startHandshake();
        return ((SSLSocket) socket).getSession();
    }

    /** Waits no longer than this for each further byte, instead of ten seconds. */
    public RawClient patience(Duration longest) throws IOException {
        socket.setSoTimeout((int) Math.max(1, longest.toMillis()));
        return this;
    }

    public RawClient send(String text) throws IOException {
        return send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    public RawClient send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
        return this;
    }

    /** Reads until this text has come; fails with what came instead when the connection ends or ten seconds pass. */
    public String readUntil(String mark) throws IOException {
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        while (!read.toString(StandardCharsets.ISO_8859_1).contains(mark)) {
            int next = in.read();
            if (next < 0) {
                throw new AssertionError("closed before '" + mark + "' came: " + read);
            }
            read.write(next);
        }
        return read.toString(StandardCharsets.ISO_8859_1);
    }

    /** Reads until the other side ends the connection, cleanly or by a reset. */
    public String readToEnd() throws IOException {
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        try {
            in.transferTo(read);
        } catch (SocketTimeoutException e) {
            throw new AssertionError("still open after ten seconds: " + read, e);
        } catch (SocketException e) {
            read.writeBytes("\n[reset]".getBytes(StandardCharsets.ISO_8859_1));
        }
        return read.toString(StandardCharsets.ISO_8859_1);
    }

    /** Reads the next message as far as it comes. */
    public RawMessage readMessage() {
        return RawMessage.read(in, head -> {});
    }

    /** Reads this many bytes, or fewer when the connection ends before; returns what came. */
    public String read(int count) throws IOException {
        return new String(in.readNBytes(count), StandardCharsets.ISO_8859_1);
    }

    /** How many bytes have come that were not read yet. */
    public int available() throws IOException {
        return in.available();
    }

    /** What comes, for bodies that are too large for {@link #read}. */
    public InputStream in() {
        return in;
    }

    /** What goes, for bodies that are too large for {@link #send}. */
    public OutputStream out() throws IOException {
        return socket.getOutputStream();
    }

    /** Says that nothing more will be sent, and goes on reading. */
    public void finish() throws IOException {
        socket.shutdownOutput();
    }

    /** Ends the connection with a reset instead of a FIN. */
    public void reset() throws IOException {
        connection.setSoLinger(true, 0);
        connection.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
