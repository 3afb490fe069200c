package ai.hokus.torii.tls;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of one end of TLS, looked at again and again.
 *
 * <ol>
 *   <li>New contents are judged when a second look finds the same: files are often renewed one after the other.
 *   <li>What fits is used from then on; what does not is said once, and what was used before stays.
 *   <li>The same contents in another file, such as behind another symbolic link, are not new.
 * </ol>
 *
 * <p>Its methods are safe on any thread.
 */
public final class TlsWatch {

    /** What became of new contents. */
    public enum Outcome {
        /** They are used. */
        RENEWED,
        /** They do not fit; the old ones stay. */
        REFUSED
    }

    private static final Logger LOG = LoggerFactory.getLogger(TlsWatch.class);
    private static final long SECOND_LOOK_MILLIS = 1000;
    private static final long NO_TIMER = -1;

    /** Of no files: the JDK's authorities are believed, nothing is shown, and nothing changes. */
    public static final TlsWatch NONE = new TlsWatch(null, "", PemFiles.NONE, outcome -> {});

    private final Vertx vertx;
    private final String end;
    private final PemFiles files;
    private final Consumer<Outcome> outcomes;
    private final List<Consumer<TlsMaterial>> users = new CopyOnWriteArrayList<>();
    private long secondLookMillis;
    private volatile TlsMaterial current;
    private volatile boolean isRefusing;
    private volatile boolean isClosed;
    private volatile long timer = NO_TIMER;
    // From here on touched by the looks alone, which come one after the other on one context.
    private String candidate = "";
    private String refused = "";
    private boolean isLooking;

    /** What one look found: contents, or why there are none. */
    private record Look(String digest, PemContents contents, PemException problem) {

        static Look at(PemFiles files) {
            try {
                PemContents contents = PemContents.read(files);
                return new Look(contents.digest(), contents, null);
            } catch (PemException e) {
                return new Look(e.part() + ": " + e.getMessage(), null, e);
            }
        }

        TlsMaterial material(PemFiles files) throws PemException {
            if (problem != null) {
                throw problem;
            }
            return TlsMaterial.of(files, contents);
        }
    }

    private TlsWatch(Vertx vertx, String end, PemFiles files, Consumer<Outcome> outcomes) {
        this.vertx = vertx;
        this.end = end;
        this.files = files;
        this.outcomes = outcomes;
        this.current = TlsMaterial.NONE;
    }

    /**
     * Reads the files and goes on looking at them.
     *
     * @param end what to call it in the log
     * @param interval between two looks; zero: one look is enough
     * @param outcomes told of every judgement, on any thread
     * @return fails with a {@link PemException} when they are not what they should be
     */
    public static Future<TlsWatch> open(
            Vertx vertx, String end, PemFiles files, Duration interval, Consumer<Outcome> outcomes) {
        if (files.equals(PemFiles.NONE)) {
            return Future.succeededFuture(NONE);
        }
        TlsWatch watch = new TlsWatch(vertx, end, files, outcomes);
        watch.secondLookMillis = Math.min(SECOND_LOOK_MILLIS, interval.toMillis());
        return vertx.executeBlocking(() -> TlsMaterial.read(files)).map(material -> {
            watch.use(material);
            if (!interval.isZero()) {
                watch.timer = vertx.setPeriodic(interval.toMillis(), id -> watch.look());
            }
            return watch;
        });
    }

    /** What is in force. */
    public TlsMaterial current() {
        return current;
    }

    /** Whether the files hold something else than what is in force, because it does not fit. */
    public boolean isRefusing() {
        return isRefusing;
    }

    /** Seconds from 1970 to the end of the certificate; empty where none is shown. */
    public Optional<Long> expirySeconds() {
        return current.expires().map(Instant::getEpochSecond);
    }

    /**
     * Tells of what is in force from then on, on any thread.
     *
     * @return running it ends that
     */
    public Runnable onRenewed(Consumer<TlsMaterial> user) {
        users.add(user);
        return () -> users.remove(user);
    }

    /** Looks no more. */
    public void close() {
        isClosed = true;
        if (timer != NO_TIMER) {
            vertx.cancelTimer(timer);
        }
    }

    private void look() {
        if (isLooking || isClosed) {
            return;
        }
        isLooking = true;
        vertx.executeBlocking(() -> Look.at(files), false).onComplete(look -> {
            isLooking = false;
            if (look.succeeded() && !isClosed) {
                found(look.result());
            }
        });
    }

    private void found(Look look) {
        if (look.digest().equals(current.digest())) {
            candidate = "";
            refused = "";
            isRefusing = false;
        } else if (!look.digest().equals(candidate)) {
            candidate = look.digest();
            vertx.setTimer(secondLookMillis, id -> look());
        } else if (!look.digest().equals(refused)) {
            judge(look);
        }
    }

    private void judge(Look look) {
        try {
            use(look.material(files));
            refused = "";
            isRefusing = false;
            outcomes.accept(Outcome.RENEWED);
            users.forEach(user -> user.accept(current));
        } catch (PemException e) {
            refused = look.digest();
            isRefusing = true;
            LOG.warn(
                    "{}: the changed TLS files are not used, what they held before stays in force: {} {}",
                    end,
                    e.part().label(),
                    e.getMessage());
            outcomes.accept(Outcome.REFUSED);
        }
    }

    private void use(TlsMaterial material) {
        current = material;
        material.expires()
                .ifPresentOrElse(
                        expires -> {
                            if (expires.isBefore(Instant.now())) {
                                LOG.warn("{}: the certificate has ended at {}", end, expires);
                            } else {
                                LOG.info("{}: the certificate is good until {}", end, expires);
                            }
                        },
                        () -> LOG.info("{}: the authorities of the file are believed", end));
    }
}
