package ai.hokus.torii;

import ai.hokus.torii.exchange.FailureHandler;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.RequestId;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.Handler;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;

/** Answers what the HTTP decoder itself refuses, in the same shape as every other failure; the connection closes. */
final class InvalidRequests implements Handler<HttpServerRequest> {

    @Override
    public void handle(HttpServerRequest request) {
        Throwable cause = request.decoderResult().cause();
        int status = 400;
        String what = "it is no well-formed HTTP/1.1";
        if (cause instanceof TooLongHttpLineException) {
            status = 414;
            what = "the request line is longer than api.max-target";
        } else if (cause instanceof TooLongHttpHeaderException) {
            status = 431;
            what = "the header fields are larger than api.max-head";
        }
        GatewayFailure failure = GatewayFailure.requestMalformed(what);
        String id = RequestId.of(null);
        request.response()
                .setStatusCode(status)
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE)
                .putHeader("X-Request-Id", id)
                .putHeader("X-Torii-Reason", failure.reason().code())
                .end(FailureHandler.body(id, failure));
        request.connection().close();
    }
}
