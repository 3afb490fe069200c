package ai.hokus.torii.exchange;

import ai.hokus.torii.wire.CallerSide;
import ai.hokus.torii.wire.CallerStream;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.Set;

/**
 * The head of a request as it came: all that the rules of heads look at, whoever moves the body.
 *
 * @param version HTTP/1.0, HTTP/1.1 or HTTP/2
 * @param method of the request line
 * @param target of the request line, unchanged
 * @param headers the fields, which nobody changes
 * @param connectionOptions what the Connection fields name, in lower case
 * @param isLengthless whether a body comes whose length the head does not say
 */
public record RequestHead(
        HttpVersion version,
        HttpMethod method,
        String target,
        MultiMap headers,
        Set<String> connectionOptions,
        boolean isLengthless) {

    /** As these fields say, in HTTP/1.x. */
    public RequestHead(HttpVersion version, HttpMethod method, String target, MultiMap headers) {
        this(
                version,
                method,
                target,
                headers,
                HeadRules.connectionOptions(headers),
                headers.contains(HttpHeaders.TRANSFER_ENCODING));
    }

    /** The head of a request that has just arrived. */
    static RequestHead of(HttpServerRequest request, CallerSide caller) {
        return caller instanceof CallerStream stream
                ? ofStream(request, stream.hasOpenEnd())
                : new RequestHead(request.version(), request.method(), request.uri(), request.headers());
    }

    /** HTTP/2 names the host in {@code :authority}, and needs no field to say that a body comes (RFC 9113 §8.3.1, §8.1). */
    private static RequestHead ofStream(HttpServerRequest request, boolean hasOpenEnd) {
        MultiMap headers = request.headers();
        if (request.authority() != null && !headers.contains(HttpHeaders.HOST)) {
            headers.set(HttpHeaders.HOST, request.authority().toString());
        }
        boolean isLengthless = hasOpenEnd && !headers.contains(HttpHeaders.CONTENT_LENGTH);
        // A CONNECT has none (RFC 9113 §8.5).
        String target = request.uri() == null ? "" : request.uri();
        return new RequestHead(request.version(), request.method(), target, headers, Set.of(), isLengthless);
    }

    /** Whether it asks only to read (GET and HEAD). */
    public boolean isRead() {
        return method == HttpMethod.GET || method == HttpMethod.HEAD;
    }

    /** The one value of a field, or its first; null when it is not there. */
    public String field(CharSequence name) {
        return headers.get(name);
    }
}
