package ai.hokus.torii.ratelimit;

import com.github.benmanes.caffeine.cache.Ticker;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells an operator who meets a limit: at most one line a second with a count of those left out, because the numbers are
 * in the metrics. Safe for all event loops.
 */
final class LimitLog {

    private static final Logger LOG = LoggerFactory.getLogger("torii.ratelimit");
    private static final long PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

    private final Ticker ticker;
    private final AtomicLong next;
    private final AtomicLong leftOut = new AtomicLong();

    LimitLog(Ticker ticker) {
        this.ticker = ticker;
        this.next = new AtomicLong(ticker.read());
    }

    /** Of one who is limited, or would be: {@code who} is a key's public name or an address. */
    void tell(Decisions.Kind kind, boolean isRehearsed, String who, long limit) {
        long now = ticker.read();
        long from = next.get();
        if (now - from < 0 || !next.compareAndSet(from, now + PAUSE_NANOS)) {
            leftOut.incrementAndGet();
            return;
        }
        LOG.warn(
                "{} kind={} who={} limit={} left_out={}",
                isRehearsed ? "would_limit" : "limited",
                kind.name().toLowerCase(Locale.ROOT),
                plain(who),
                limit,
                leftOut.getAndSet(0));
    }

    /** An auth source may name its keys as it likes, but not begin a line. */
    private static String plain(String text) {
        StringBuilder plain = new StringBuilder(text.length());
        text.chars().limit(128).forEach(c -> plain.append(c > ' ' && c < 0x7f ? (char) c : '?'));
        return plain.toString();
    }
}
