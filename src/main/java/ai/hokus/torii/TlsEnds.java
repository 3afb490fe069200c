package ai.hokus.torii;

import ai.hokus.torii.config.InvalidConfigException;
import ai.hokus.torii.config.Problem;
import ai.hokus.torii.telemetry.Meters;
import ai.hokus.torii.tls.PemException;
import ai.hokus.torii.tls.PemFiles;
import ai.hokus.torii.tls.TlsWatch;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** The ends of TLS that this process has, each watched and measured under its name. */
final class TlsEnds {

    static final String LISTENER = "listener";
    static final String MLFLOW = "mlflow";
    static final String AUTH = "auth";

    private static final String REFUSED = "torii.tls.files.refused";
    private static final String EXPIRES = "torii.tls.certificate.expiry.timestamp.seconds";

    private static final List<String> OUTCOMES =
            Arrays.stream(TlsWatch.Outcome.values()).map(TlsEnds::tag).toList();

    private TlsEnds() {}

    private static String tag(TlsWatch.Outcome outcome) {
        return outcome.name().toLowerCase(Locale.ROOT);
    }

    /** Reads the files of one end and goes on watching them; fails as {@link TlsWatch#open} does. */
    static Future<TlsWatch> open(Vertx vertx, String end, PemFiles files, Duration interval, Meters meters) {
        Consumer<String> reloads = meters.counters(
                "torii.tls.reloads", "Changed TLS files, by what became of them", "end", end, "outcome", OUTCOMES);
        return TlsWatch.open(vertx, end, files, interval, outcome -> reloads.accept(tag(outcome)))
                .onSuccess(watch -> measure(watch, end, files, meters));
    }

    /** What {@link #open} of a client's files fails with, as a problem of the settings under this prefix. */
    static <T> Future<T> problem(Throwable cause, String prefix) {
        if (cause instanceof PemException pem) {
            String setting = prefix
                    + switch (pem.part()) {
                        case CERTIFICATE -> ".client-cert-path";
                        case KEY -> ".client-key-path";
                        case AUTHORITIES -> ".ca-bundle-path";
                    };
            return Future.failedFuture(new InvalidConfigException(List.of(new Problem(setting, pem.getMessage()))));
        }
        return Future.failedFuture(cause);
    }

    private static void measure(TlsWatch watch, String end, PemFiles files, Meters meters) {
        forget(end, meters);
        if (files.equals(PemFiles.NONE)) {
            return;
        }
        meters.gauge(
                REFUSED,
                "1 while the TLS files hold something that does not fit and is not used",
                "end",
                end,
                () -> watch.isRefusing() ? 1 : 0);
        if (files.certificate().isPresent()) {
            meters.gauge(
                    EXPIRES,
                    "When the certificate in force ends, in seconds since 1970",
                    "end",
                    end,
                    () -> watch.expirySeconds().orElse(0L));
        }
    }

    /** Takes the numbers away that an end had before. */
    static void forget(String end, Meters meters) {
        meters.forget(REFUSED, "end", end);
        meters.forget(EXPIRES, "end", end);
    }
}
