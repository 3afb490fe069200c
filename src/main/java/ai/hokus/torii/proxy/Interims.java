package ai.hokus.torii.proxy;

import ai.hokus.torii.exchange.Exchange;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import java.time.Duration;

/**
 * Interim {@code 100 Continue} answers for an upload that MLflow has whole and copies into its store.
 *
 * <p>MLflow's Python client gives up after 120 s without a byte and then sends the whole file again; its HTTP library
 * skips any number of 100s (RFC 9110 §15.2.1 asks for that), and each starts the 120 s anew (measured with the client of
 * MLflow 3.17). Nobody else gets them: a client that counts its answers could take one for the last.
 */
final class Interims {

    private static final String PYTHON_CLIENT = "mlflow-python-client";
    private static final long NONE = -1;

    private final Vertx vertx;
    private final Exchange exchange;
    private long timer = NONE;

    Interims(Vertx vertx, Exchange exchange) {
        this.vertx = vertx;
        this.exchange = exchange;
    }

    /** From now on, this often, until {@link #stop}; nothing for a caller that must not get them. */
    void start(Duration interval) {
        if (areUnderstood()) {
            timer = vertx.setPeriodic(
                    interval.toMillis(), id -> exchange.response().writeContinue());
        }
    }

    private boolean areUnderstood() {
        String agent = exchange.request().getHeader(HttpHeaders.USER_AGENT);
        return exchange.request().version() == HttpVersion.HTTP_1_1
                && exchange.request().method() == HttpMethod.PUT
                && agent != null
                && agent.startsWith(PYTHON_CLIENT);
    }

    void stop() {
        if (timer != NONE) {
            vertx.cancelTimer(timer);
            timer = NONE;
        }
    }
}
