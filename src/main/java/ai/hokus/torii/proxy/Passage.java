package ai.hokus.torii.proxy;

import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.RequestHead;
import ai.hokus.torii.exchange.TraceContext;
import ai.hokus.torii.identity.Principal;
import java.util.Optional;

/**
 * What the header rules of both directions look at.
 *
 * @param head as the caller sent it
 * @param isTls whether the caller came over TLS
 * @param clientIp the caller's address
 * @param requestId the exchange's name
 * @param trace the trace it belongs to
 * @param principal who asks; empty where nobody was asked
 * @param upstream the authority of the replica that is asked
 * @param mount the part of the path in front of MLflow's own; empty at the root
 */
record Passage(
        RequestHead head,
        boolean isTls,
        String clientIp,
        String requestId,
        TraceContext trace,
        Optional<Principal> principal,
        String upstream,
        String mount) {

    static Passage of(Exchange exchange, String upstream) {
        return new Passage(
                exchange.head(),
                exchange.request().isSSL(),
                exchange.clientIp(),
                exchange.id(),
                exchange.trace(),
                exchange.principal(),
                upstream,
                exchange.route().map(route -> route.mount()).orElse(""));
    }
}
