package ai.hokus.torii.exchange;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;

/** Writes an answer of the gateway's own, which is whole in memory; used on the event loop of the request. */
public final class WholeAnswer {

    private WholeAnswer() {}

    /** Ends the answer with this body, or for HEAD with the head that GET would get (RFC 9110 §9.3.2). */
    public static void write(HttpServerRequest request, String type, Buffer body) {
        HttpServerResponse response = request.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, type)
                .putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(body.length()));
        if (request.method() == HttpMethod.HEAD) {
            response.end();
        } else {
            response.end(body);
        }
    }
}
