package ai.hokus.torii.exchange;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.Set;

/**
 * The head of a request as it came: all that the rules of heads look at, whoever moves the body.
 *
 * @param version HTTP/1.0 or HTTP/1.1
 * @param method of the request line
 * @param target of the request line, unchanged
 * @param headers the fields, which nobody changes
 * @param connectionOptions what the Connection fields name, in lower case
 */
public record RequestHead(
        HttpVersion version, HttpMethod method, String target, MultiMap headers, Set<String> connectionOptions) {

    /** With the connection options of these fields. */
    public RequestHead(HttpVersion version, HttpMethod method, String target, MultiMap headers) {
        this(version, method, target, headers, HeadRules.connectionOptions(headers));
    }

    /** The head of a request that has just arrived. */
    public static RequestHead of(HttpServerRequest request) {
        return new RequestHead(request.version(), request.method(), request.uri(), request.headers());
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
