package ai.hokus.torii.support;

import java.io.IOException;

/**
 * Another caller, who is served whatever happens to the first. On a gateway with one event loop its answer also tells
 * that what was sent before it has been read.
 */
public final class Bystander {

    public static final String TARGET = "/api/2.0/mlflow/runs/log-metric";

    private final int port;
    private final String request;

    public Bystander(int port, String key) {
        this.port = port;
        // No gateway may send a POST twice, so none can hide that it chose a broken connection for it.
        this.request =
                "POST " + TARGET + " HTTP/1.1\r\nHost: h\r\nX-API-Key: " + key + "\r\nContent-Length: 2\r\n\r\n{}";
    }

    /** The answer to a request of its own, on a connection of its own. */
    public RawMessage ask() throws IOException {
        try (RawClient caller = new RawClient(port)) {
            return caller.send(request).readMessage();
        }
    }

    public boolean isServed() throws IOException {
        RawMessage answer = ask();
        return answer.isCompleteSuccess() && answer.body().equals("{}");
    }
}
