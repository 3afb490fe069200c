package ai.hokus.torii.support;

import ai.hokus.torii.support.RawServer.Connection;
import java.io.IOException;

/** An MLflow made of bytes: it answers the gateway's own probes and runs the test's script for forwarded requests. */
public final class RawMlflow {

    private RawMlflow() {}

    /** What one forwarded request meets; its head has been read. */
    public interface Script {
        void run(Connection connection, String head) throws IOException;
    }

    public static RawServer start(Script script) throws IOException {
        return start(script, 0);
    }

    /** With socket buffers of this many bytes; 0: the system's. */
    public static RawServer start(Script script, int bufferBytes) throws IOException {
        return new RawServer(
                connection -> {
                    String head = connection.readHead();
                    if (head.contains("X-Request-Id")) {
                        script.run(connection, head);
                    } else {
                        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
                    }
                },
                bufferBytes);
    }
}
