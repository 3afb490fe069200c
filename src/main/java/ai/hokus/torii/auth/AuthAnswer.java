package ai.hokus.torii.auth;

import ai.hokus.torii.auth.Verdict.Accepted;
import ai.hokus.torii.auth.Verdict.Refusal;
import ai.hokus.torii.auth.Verdict.Rejected;
import ai.hokus.torii.config.AuthServiceConfig.AnswerPaths;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.identity.Principal;
import com.github.benmanes.caffeine.cache.Interner;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.TemporalAccessor;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Tells the auth service's answers apart: a verdict, a misunderstanding, or nothing one can believe.
 *
 * <p>The texts and statuses are those its description states and those it really gave in July 2025: a 401 "API key
 * required" means that it found no key where it looks, which is our settings' fault, never the caller's.
 */
final class AuthAnswer {

    private static final Duration PAUSE = Duration.ofSeconds(1);

    private static final Interner<Set<String>> SETS = Interner.newWeakInterner();
    private static final double LATEST_SECOND = 1e11;
    private static final Pattern BARE_ZONE = Pattern.compile("([+-]\\d\\d)(\\d\\d)$");
    private static final String IS_ADMIN = "is_admin";

    private final AnswerPaths paths;

    /** Finds the facts at these paths. */
    AuthAnswer(AnswerPaths paths) {
        this.paths = paths;
    }

    Future<Verdict> read(int status, String retryAfter, Buffer body) {
        return switch (status) {
            case 200 -> judgement(body);
            case 401 -> refusedOrMisunderstood(text(body));
            case 402, 403 -> rejected(Refusal.NOT_ALLOWED);
            case 400, 404, 405, 415, 422 ->
                Future.failedFuture(
                        GatewayFailure.authContract("it answered " + status + ": the path or the form is wrong"));
            case 429 -> Future.failedFuture(GatewayFailure.authRateLimited(pause(retryAfter)));
            default ->
                Future.failedFuture(
                        status >= 500
                                ? GatewayFailure.authUnavailable("it answered " + status)
                                : GatewayFailure.authAnswerUnreadable("it answered " + status));
        };
    }

    /** Its two ways to say that the fault is not the key's: it found none, or it does not know the gateway itself. */
    private static Future<Verdict> refusedOrMisunderstood(String text) {
        if (text.contains("API key required")) {
            return Future.failedFuture(GatewayFailure.authContract(
                    "it answered 401 'API key required' although a key was sent: the form is wrong"));
        }
        if (text.contains("Invalid service credential")) {
            return Future.failedFuture(GatewayFailure.authContract(
                    "it answered 401 'Invalid service credential': auth.http.form or service-credential is wrong"));
        }
        return rejected(Refusal.REFUSED);
    }

    private static Future<Verdict> rejected(Refusal refusal) {
        return Future.succeededFuture(new Rejected(refusal));
    }

    private Future<Verdict> judgement(Buffer body) {
        Object decoded;
        try {
            decoded = body == null ? null : Json.decodeValue(body);
        } catch (DecodeException e) {
            return unreadable("its answer is no JSON");
        }
        if (!(decoded instanceof JsonObject answer)) {
            return unreadable("its answer is no JSON object");
        }
        if (!(find(answer, paths.valid()) instanceof Boolean valid)) {
            return unreadable("its answer has no boolean " + String.join(" or ", paths.valid()));
        }
        if (!valid) {
            return rejected(Refusal.REFUSED);
        }
        return Future.succeededFuture(new Accepted(principal(answer)));
    }

    private static Future<Verdict> unreadable(String what) {
        return Future.failedFuture(GatewayFailure.authAnswerUnreadable(what));
    }

    private Principal principal(JsonObject answer) {
        return new Principal(
                string(find(answer, paths.keyId())),
                string(find(answer, paths.userId())),
                shared(texts(find(answer, paths.scopes()))),
                shared(roles(answer)),
                find(answer, paths.rateLimit()) instanceof Number limit && limit.longValue() > 0
                        ? OptionalLong.of(limit.longValue())
                        : OptionalLong.empty(),
                expiry(find(answer, paths.expiresAt())));
    }

    /** What stands at the first of these paths that is there; null when none is. */
    private static Object find(JsonObject answer, List<String> paths) {
        for (String path : paths) {
            Object value = answer;
            for (String name : path.split("\\.")) {
                value = value instanceof JsonObject object ? object.getValue(name) : null;
            }
            if (value != null) {
                return value;
            }
        }
        return null;
    }

    private static String string(Object value) {
        return value instanceof String || value instanceof Number ? value.toString() : "";
    }

    private Set<String> roles(JsonObject answer) {
        Set<String> roles = texts(find(answer, paths.roles()));
        if (Boolean.TRUE.equals(find(answer, paths.isAdmin()))) {
            roles.add(IS_ADMIN);
        }
        return roles;
    }

    /** Thousands of keys hold the same few sets of scopes. */
    private static Set<String> shared(Set<String> texts) {
        return SETS.intern(Set.copyOf(texts));
    }

    /** A missing or null list grants nothing. */
    private static Set<String> texts(Object value) {
        Set<String> texts = new HashSet<>();
        if (value instanceof JsonArray items) {
            items.forEach(item -> {
                if (item instanceof String text) {
                    texts.add(text);
                }
            });
        }
        return texts;
    }

    /** The key's end; empty when there is none that can be read: then the verdict's own life bounds it. */
    private static Optional<Instant> expiry(Object value) {
        if (value instanceof Number number) {
            return expiry(number.doubleValue());
        }
        try {
            return value instanceof String text ? Optional.of(time(text.trim())) : Optional.empty();
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    /** Seconds since 1970, or milliseconds where seconds would be thousands of years away. */
    private static Optional<Instant> expiry(double number) {
        double seconds = Math.abs(number) > LATEST_SECOND ? number / 1000 : number;
        return Math.abs(seconds) <= LATEST_SECOND
                ? Optional.of(Instant.ofEpochMilli((long) (seconds * 1000)))
                : Optional.empty();
    }

    /** ISO 8601, with what services make of it: no zone for UTC, a blank for the T, a zone without its colon, a date. */
    private static Instant time(String text) {
        String iso = BARE_ZONE.matcher(text.replace(' ', 'T')).replaceFirst("$1:$2");
        if (!iso.contains("T")) {
            return LocalDate.parse(iso).atStartOfDay(ZoneOffset.UTC).toInstant();
        }
        TemporalAccessor time =
                DateTimeFormatter.ISO_DATE_TIME.parseBest(iso, OffsetDateTime::from, LocalDateTime::from);
        return time instanceof OffsetDateTime offset
                ? offset.toInstant()
                : ((LocalDateTime) time).toInstant(ZoneOffset.UTC);
    }

    private static Duration pause(String retryAfter) {
        try {
            return retryAfter == null ? PAUSE : Duration.ofSeconds(Math.max(1, Long.parseLong(retryAfter.trim())));
        } catch (NumberFormatException e) {
            // A date (RFC 9110 §10.2.3): the cap of a minute is all a caller needs to know.
            return GatewayFailure.MAX_RETRY_AFTER;
        }
    }

    private static String text(Buffer body) {
        return body == null ? "" : body.toString();
    }
}
