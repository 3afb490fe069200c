package ai.hokus.torii.auth;

import ai.hokus.torii.auth.Verdict.Accepted;
import ai.hokus.torii.auth.Verdict.Refusal;
import ai.hokus.torii.auth.Verdict.Rejected;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.identity.Principal;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Tells the auth service's answers apart: a verdict, a misunderstanding, or nothing one can believe.
 *
 * <p>The texts and statuses are those its description states and those it really gave in July 2025: a 401 "API key
 * required" means that it found no key where it looks, which is our settings' fault, never the caller's.
 */
final class AuthAnswer {

    private static final Duration PAUSE = Duration.ofSeconds(1);

    private AuthAnswer() {}

    static Future<Verdict> read(int status, String retryAfter, Buffer body) {
        return switch (status) {
            case 200 -> judgement(body);
            case 401 ->
                text(body).contains("API key required")
                        ? Future.failedFuture(GatewayFailure.authContract(
                                "it answered 401 'API key required' although a key was sent: the form is wrong"))
                        : rejected(Refusal.REFUSED);
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

    private static Future<Verdict> rejected(Refusal refusal) {
        return Future.succeededFuture(new Rejected(refusal));
    }

    private static Future<Verdict> judgement(Buffer body) {
        Object decoded;
        try {
            decoded = body == null ? null : Json.decodeValue(body);
        } catch (DecodeException e) {
            return unreadable("its answer is no JSON");
        }
        if (!(decoded instanceof JsonObject answer)) {
            return unreadable("its answer is no JSON object");
        }
        if (!(answer.getValue("is_valid") instanceof Boolean valid)) {
            return unreadable("its answer has no boolean is_valid");
        }
        if (!valid) {
            return rejected(Refusal.REFUSED);
        }
        return Future.succeededFuture(new Accepted(principal(answer)));
    }

    private static Future<Verdict> unreadable(String what) {
        return Future.failedFuture(GatewayFailure.authAnswerUnreadable(what));
    }

    private static Principal principal(JsonObject answer) {
        return new Principal(
                string(answer, "key_id"),
                string(answer, "user_id"),
                scopes(answer.getValue("scopes")),
                answer.getValue("rate_limit_per_hour") instanceof Number limit
                        ? OptionalLong.of(limit.longValue())
                        : OptionalLong.empty(),
                expiry(answer.getValue("expires_at")));
    }

    private static String string(JsonObject answer, String field) {
        Object value = answer.getValue(field);
        return value instanceof String || value instanceof Number ? value.toString() : "";
    }

    /** A missing or null list grants nothing. */
    private static Set<String> scopes(Object value) {
        Set<String> scopes = new HashSet<>();
        if (value instanceof JsonArray items) {
            items.forEach(item -> {
                if (item instanceof String scope) {
                    scopes.add(scope);
                }
            });
        }
        return scopes;
    }

    private static Optional<Instant> expiry(Object value) {
        try {
            return value instanceof String text ? Optional.of(Instant.parse(text)) : Optional.empty();
        } catch (DateTimeParseException e) {
            // Not part of the described answer; without a readable time the verdict's own life bounds it.
            return Optional.empty();
        }
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
