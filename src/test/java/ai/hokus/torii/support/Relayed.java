package ai.hokus.torii.support;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A gateway with one known key in front of an MLflow made of bytes, and callers made of bytes; closes all of it. */
public final class Relayed implements AutoCloseable {

    public static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    public static final String CONTROL = " /api/2.0/mlflow/runs/get HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY + "\r\n";
    public static final String ARTIFACT =
            " /api/2.0/mlflow-artifacts/artifacts/1/r/a HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY + "\r\n";
    public static final String GET = "GET" + CONTROL + "\r\n";
    public static final String POST = "POST /api/2.0/mlflow/runs/create HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY
            + "\r\nContent-Length: 2\r\n\r\n{}";
    public static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

    private final RawServer mlflow;
    private final TestGateway gateway;
    private final List<RawClient> callers = new ArrayList<>();

    private Relayed(RawServer mlflow, TestGateway gateway) {
        this.mlflow = mlflow;
        this.gateway = gateway;
    }

    /** The script runs once a connection; then names and values of settings. */
    public static Relayed to(Vertx vertx, RawMlflow.Script script, String... settings) throws Exception {
        RawServer mlflow = RawMlflow.start(script);
        return new Relayed(mlflow, TestGateway.start(vertx, mlflow.url(), KEY, settings));
    }

    /** In front of an MLflow that answers every request with these bytes and keeps its connections. */
    public static Relayed toOneThatAnswers(Vertx vertx, String answer, String... settings) throws Exception {
        return to(
                vertx,
                (connection, first) -> {
                    for (String head = first; !head.isEmpty(); head = connection.nextHead()) {
                        connection.send(answer);
                    }
                },
                settings);
    }

    /** A new connection to the gateway. */
    public RawClient caller() throws IOException {
        RawClient caller = new RawClient(gateway.port());
        callers.add(caller);
        return caller;
    }

    public TestGateway gateway() {
        return gateway;
    }

    /** Waits until the metrics hold this text. */
    public void awaitMetric(String text) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        String metrics = gateway.manage("/metrics").bodyAsString();
        while (!metrics.contains(text)) {
            if (System.nanoTime() > end) {
                throw new AssertionError("no '" + text + "' in\n" + metrics);
            }
            metrics = gateway.manage("/metrics").bodyAsString();
        }
    }

    @Override
    public void close() throws IOException {
        for (RawClient caller : callers) {
            caller.close();
        }
        try {
            gateway.stop();
        } catch (Exception e) {
            throw new AssertionError("the gateway did not stop", e);
        } finally {
            mlflow.close();
        }
    }
}
