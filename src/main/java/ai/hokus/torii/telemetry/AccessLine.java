package ai.hokus.torii.telemetry;

import ai.hokus.torii.exchange.Blame;
import ai.hokus.torii.exchange.Decision;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.KeyCheck;
import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.exchange.VerdictSource;
import ai.hokus.torii.identity.Principal;
import java.util.Locale;

/**
 * What there is to say about one exchange. The query is left out, and anything that looks like a key is masked, because
 * callers put keys where they do not belong. What is null, or negative, is not known or was not there.
 */
record AccessLine(
        String request,
        String trace,
        String peer,
        String client,
        String method,
        String path,
        Operation operation,
        Decision decision,
        int status,
        String reason,
        Blame blame,
        GatewayFailure failure,
        Principal principal,
        KeyCheck keyCheck,
        long bytesIn,
        long bytesOut,
        String upstream,
        long limitNanos,
        long waitNanos,
        long upstreamNanos,
        long nanos)
        implements LogLine {

    static AccessLine of(Exchange exchange) {
        return new AccessLine(
                exchange.id(),
                exchange.trace().id(),
                exchange.peer(),
                exchange.clientIp(),
                exchange.request().method().name(),
                SafeText.path(exchange.head().target()),
                exchange.operation(),
                exchange.decision().orElse(null),
                status(exchange),
                Telemetry.reason(exchange),
                Telemetry.blame(exchange).orElse(null),
                exchange.failure().orElse(null),
                exchange.principal().orElse(null),
                exchange.keyCheck().orElse(null),
                exchange.bytesIn(),
                exchange.bytesOut(),
                exchange.upstream(),
                exchange.limitNanos(),
                exchange.waitNanos(),
                exchange.upstreamNanos(),
                exchange.nanos());
    }

    /** The status of the answer; -1 when nothing of it went out. */
    static int status(Exchange exchange) {
        return exchange.response().headWritten() ? exchange.response().getStatusCode() : -1;
    }

    @Override
    public String message() {
        return "request ended";
    }

    @Override
    public void writeTo(Fields to) {
        to.word("request", request)
                .word("trace", trace)
                .word("peer", peer)
                .word("client", client)
                .text("method", method)
                .text("path", path)
                .text("operation", operation.name())
                .word("area", operation.area())
                .word("decision", decision == null ? null : decision.outcome())
                .number("status", status)
                .word("reason", reason)
                .word("blame", blame == null ? null : blame.code())
                .text("key_id", principal == null ? null : principal.keyId())
                .text("user", principal == null ? null : principal.userId())
                .word("verdict", keyCheck == null ? null : keyCheck.outcome())
                .word("verdict_from", keyCheck == null ? null : source(keyCheck.source()))
                .number("bytes_in", bytesIn)
                .number("bytes_out", bytesOut)
                .text("upstream", upstream)
                .millis("auth_ms", keyCheck == null ? -1 : keyCheck.nanos())
                .millis("limit_ms", limitNanos)
                .millis("wait_ms", waitNanos)
                .millis("upstream_ms", upstreamNanos)
                .millis("total_ms", nanos)
                .remark("detail", failure == null ? null : failure.detail());
    }

    private static String source(VerdictSource source) {
        return source.name().toLowerCase(Locale.ROOT);
    }

    /** Its text. */
    @Override
    public String toString() {
        return TextFields.of(this);
    }
}
