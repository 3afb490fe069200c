package ai.hokus.torii.telemetry;

import ai.hokus.torii.wire.HandshakeFault;
import io.vertx.core.Handler;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Callers whose TLS handshake came to nothing: counted by cause, and one line a second at most for each cause. Those that
 * only left are not said, as probes of load balancers do so all the time. Safe for all event loops.
 */
public final class HandshakeLog implements Handler<Throwable> {

    private static final Logger LOG = LoggerFactory.getLogger("torii.tls");
    private static final int MAX_DETAIL = 200;

    private final Consumer<String> counters;
    private final Map<HandshakeFault, Throttle> throttles = new EnumMap<>(HandshakeFault.class);

    /** Counts in these meters. */
    public HandshakeLog(Meters meters) {
        counters = meters.counters(
                "torii.tls.handshakes.refused",
                "Callers' TLS handshakes that came to nothing",
                "cause",
                Arrays.stream(HandshakeFault.values())
                        .map(HandshakeFault::label)
                        .toList());
        for (HandshakeFault fault : HandshakeFault.values()) {
            throttles.put(fault, new Throttle(System::nanoTime, Duration.ofSeconds(1)));
        }
    }

    @Override
    public void handle(Throwable cause) {
        HandshakeFault fault = HandshakeFault.of(cause);
        counters.accept(fault.label());
        if (fault == HandshakeFault.LEFT) {
            return;
        }
        long leftOut = throttles.get(fault).admit();
        if (leftOut >= 0) {
            LOG.warn("handshake refused cause={} detail={} left_out={}", fault.label(), detail(fault, cause), leftOut);
        }
    }

    private static String detail(HandshakeFault fault, Throwable cause) {
        if (fault == HandshakeFault.CLEAR_TEXT) {
            // The message holds what was sent, which may be a request with a key.
            return "-";
        }
        String message = String.valueOf(cause.getMessage());
        return SafeText.quoted(message.length() > MAX_DETAIL ? message.substring(0, MAX_DETAIL) : message);
    }
}
