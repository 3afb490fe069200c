package ai.hokus.torii.auth;

import ai.hokus.torii.exchange.TraceContext;
import ai.hokus.torii.identity.ApiKey;
import java.util.Optional;

/**
 * The question about a key.
 *
 * @param key what the caller showed
 * @param clientIp the caller's address, without port
 * @param isRead whether the request certainly changes nothing; decides for how long an old answer may serve
 * @param trace the trace of the exchange that asks first; empty: none
 */
public record Inquiry(ApiKey key, String clientIp, boolean isRead, Optional<TraceContext> trace) {

    /** One of the gateway's own, in no trace. */
    public Inquiry(ApiKey key, String clientIp, boolean isRead) {
        this(key, clientIp, isRead, Optional.empty());
    }
}
