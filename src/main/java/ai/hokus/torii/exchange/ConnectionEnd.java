package ai.hokus.torii.exchange;

import ai.hokus.torii.wire.CallerStream;
import ai.hokus.torii.wire.CallerWire;
import ai.hokus.torii.wire.Wire;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;

/**
 * What becomes of the caller's connection behind an answer: it serves the next request, or it ends. Vert.x writes
 * "Connection: close" but does not close. In HTTP/2 it is the stream that ends.
 */
final class ConnectionEnd {

    private ConnectionEnd() {}

    /**
     * Says in the head that the connection ends behind this answer, where it has to: behind an unread body, where the
     * end of the connection is the end of the answer (HTTP/1.0 without a length, RFC 9112 §6.3), and where the caller asks
     * for it in a list, which Vert.x does not see; and where the process is about to end.
     */
    static void announce(Exchange exchange) {
        HttpServerResponse response = exchange.response();
        if (!(exchange.caller() instanceof CallerWire wire)) {
            // HTTP/2 has no such field (RFC 9113 §8.2.2), and a stream ends behind every answer.
            response.headers().remove(HttpHeaders.CONNECTION);
            return;
        }
        boolean endsWithConnection = exchange.request().version() == HttpVersion.HTTP_1_0
                && !HeadRules.isAnswerBodyless(exchange.head().method(), response.getStatusCode())
                && !response.headers().contains(HttpHeaders.CONTENT_LENGTH);
        if (exchange.hasUnreadBody()
                || endsWithConnection
                || HeadRules.asksToClose(exchange.head())
                || wire.shouldEnd()) {
            response.headers().set(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
        }
        if (response.headers().contains(HttpHeaders.CONNECTION, HttpHeaders.CLOSE, true)) {
            wire.last();
        }
    }

    /** Ends the connection, or readies it for the next request; called once the answer is written. */
    static void take(Vertx vertx, Exchange exchange) {
        if (exchange.caller() instanceof CallerStream stream) {
            stream.answered();
            return;
        }
        HttpServerRequest request = exchange.request();
        if (exchange.hasUnreadBody() && !exchange.isMalformed()) {
            Linger.close(vertx, exchange);
        } else if (exchange.response().headers().contains(HttpHeaders.CONNECTION, HttpHeaders.CLOSE, true)) {
            Wire.closeWhenWritten(request.connection());
        } else if (!exchange.declaresBody()) {
            // Lets the end of the message through, without which the connection's next request would wait for ever.
            exchange.resumeBody();
        }
    }
}
