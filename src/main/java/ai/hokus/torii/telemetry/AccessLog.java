package ai.hokus.torii.telemetry;

import ai.hokus.torii.exchange.Decision;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.KeyCheck;
import ai.hokus.torii.identity.KeyMask;
import ai.hokus.torii.identity.Principal;
import io.vertx.core.http.HttpServerRequest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One line an exchange, {@code key=value}. The query is left out and anything that looks like a key is masked, because
 * callers put keys where they do not belong; a character that could begin a new line is escaped.
 */
final class AccessLog {

    private static final Logger LOG = LoggerFactory.getLogger("torii.access");
    private static final int MAX_TEXT = 512;

    /** Enough for nearly every line. */
    private static final int LINE_CHARS = 640;

    void ended(Exchange exchange) {
        if (!LOG.isInfoEnabled()) {
            return;
        }
        HttpServerRequest request = exchange.request();
        String detail = exchange.failure().map(failure -> failure.detail()).orElse("");
        StringBuilder line = new StringBuilder(LINE_CHARS)
                .append("request=")
                .append(exchange.id())
                .append(" trace=")
                .append(exchange.trace().id())
                .append(" peer=")
                .append(exchange.peer())
                .append(" client=")
                .append(exchange.clientIp())
                .append(" method=")
                .append(text(request.method().name()))
                .append(" path=")
                .append(path(request.uri()))
                .append(" operation=")
                .append(text(exchange.operation().name()))
                .append(" area=")
                .append(exchange.operation().area())
                .append(" decision=")
                .append(exchange.decision().map(Decision::outcome).orElse("-"))
                .append(" status=")
                .append(request.response().headWritten() ? request.response().getStatusCode() : "-")
                .append(" reason=")
                .append(Telemetry.reason(exchange))
                .append(" blame=")
                .append(blame(exchange))
                .append(" key_id=")
                .append(exchange.principal()
                        .map(Principal::keyId)
                        .map(AccessLog::text)
                        .orElse("-"))
                .append(" user=")
                .append(exchange.principal()
                        .map(Principal::userId)
                        .map(AccessLog::text)
                        .orElse("-"))
                .append(" verdict=")
                .append(exchange.keyCheck().map(KeyCheck::outcome).orElse("-"))
                .append(" verdict_from=")
                .append(exchange.keyCheck()
                        .map(check -> check.source().name().toLowerCase(java.util.Locale.ROOT))
                        .orElse("-"))
                .append(" bytes_in=")
                .append(exchange.bytesIn())
                .append(" bytes_out=")
                .append(exchange.bytesOut());
        line.append(" upstream=").append(exchange.upstream().isEmpty() ? "-" : exchange.upstream());
        millis(line, " auth_ms=", exchange.keyCheck().map(KeyCheck::nanos).orElse(-1L));
        millis(line, " wait_ms=", exchange.waitNanos());
        millis(line, " upstream_ms=", exchange.upstreamNanos());
        millis(line, " total_ms=", exchange.nanos());
        if (!detail.isEmpty()) {
            line.append(" detail=").append(text(detail));
        }
        LOG.info(line.toString());
    }

    private static String blame(Exchange exchange) {
        return exchange.failure()
                .map(failure -> failure.reason().blame().name().toLowerCase(java.util.Locale.ROOT))
                .orElse("-");
    }

    private static void millis(StringBuilder line, String name, long nanos) {
        line.append(name);
        if (nanos < 0) {
            line.append('-');
        } else {
            line.append(nanos / 1_000_000).append('.').append(nanos / 100_000 % 10);
        }
    }

    /** The path of a target as text; its query is left out. */
    static String path(String uri) {
        int question = uri.indexOf('?');
        return text(question < 0 ? uri : uri.substring(0, question) + "?…");
    }

    private static boolean isPlain(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=') {
                return false;
            }
        }
        return text.length() <= MAX_TEXT;
    }

    /** Quoted when it must be; without control characters, quotes or keys. */
    static String text(String raw) {
        if (raw.isEmpty()) {
            return "-";
        }
        String masked = KeyMask.masked(raw);
        if (isPlain(masked)) {
            return masked;
        }
        StringBuilder out = new StringBuilder(masked.length() + 2);
        boolean quote = false;
        for (int i = 0; i < masked.length() && i < MAX_TEXT; i++) {
            char c = masked.charAt(i);
            if (c < ' ' || c >= 0x7f && c != '…') {
                out.append(String.format("\\u%04x", (int) c));
            } else if (c == '"' || c == '\\') {
                out.append('\\').append(c);
                quote = true;
            } else {
                out.append(c);
                quote |= c == ' ' || c == '=';
            }
        }
        return quote ? "\"" + out + "\"" : out.toString();
    }
}
