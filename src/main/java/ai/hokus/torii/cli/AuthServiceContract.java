package ai.hokus.torii.cli;

import ai.hokus.torii.auth.Inquiry;
import ai.hokus.torii.auth.KeyValidator;
import ai.hokus.torii.auth.Verdict;
import ai.hokus.torii.auth.Verdict.Accepted;
import ai.hokus.torii.config.Secret;
import ai.hokus.torii.identity.ApiKey;
import ai.hokus.torii.identity.Principal;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The contract of the platform's auth service, {@code POST /api/v1/keys/validate}, in one of its three forms: which
 * answer a question gets. The texts are those the service really gave, word for word, because its callers look for them.
 *
 * <p>In the order of the checks: a malformed body is 422; a question without a key where this form looks for one is 401
 * "API key required" (422 when nothing was shown at all, as the description says of a missing field); a wrong service
 * credential, a wrong service_id and a bad key are 401 each, the last two with the same text; a missing scope is 403.
 */
final class AuthServiceContract {

    private static final Pattern BEARER = Pattern.compile("\\s*bearer +(\\S.*?)\\s*", Pattern.CASE_INSENSITIVE);
    private static final String API_KEY = "api_key";
    private static final String SERVICE_ID = "service_id";
    private static final String REQUIRED_SCOPE = "required_scope";
    private static final String CLIENT_IP = "client_ip";
    private static final List<String> TEXTS = List.of(SERVICE_ID, REQUIRED_SCOPE, CLIENT_IP);

    private final Terms terms;
    private final KeyValidator keys;

    /** Where the key is looked for; what the service was believed to do, so no caller's setting. */
    enum Form {
        /** In the Authorization field, as bearer token. */
        HEADER,
        /** In the JSON body, as {@code api_key}. */
        BODY,
        /** In the JSON body, from callers that show a bearer credential of their own. */
        SERVICE
    }

    /**
     * What is switched at the start.
     *
     * @param form where the key is looked for
     * @param serviceId the one service that may ask
     * @param credential the caller's own bearer credential, present exactly for {@link Form#SERVICE}
     */
    record Terms(Form form, String serviceId, Optional<Secret> credential) {}

    /** A status and its JSON body. */
    record Reply(int status, JsonObject body) {

        /** A refusal with the service's text. */
        static Reply refusal(int status, String detail) {
            return new Reply(status, new JsonObject().put("detail", detail));
        }

        private static Reply malformed(JsonArray where, String what, String type) {
            JsonObject problem =
                    new JsonObject().put("loc", where).put("msg", what).put("type", type);
            return new Reply(422, new JsonObject().put("detail", new JsonArray().add(problem)));
        }
    }

    /** Answers by these terms, of the keys that this validator knows. */
    AuthServiceContract(Terms terms, KeyValidator keys) {
        this.terms = terms;
        this.keys = keys;
    }

    /**
     * The answer to one question; fails only when the key store does.
     *
     * @param authorization the Authorization field; null when there is none
     */
    Future<Reply> answer(String authorization, Buffer body) {
        Object decoded;
        try {
            decoded = body.length() == 0 ? null : Json.decodeValue(body);
        } catch (DecodeException e) {
            return reply(Reply.malformed(JsonArray.of("body"), "JSON decode error", "json_invalid"));
        }
        if (decoded == null) {
            return reply(missing(JsonArray.of("body")));
        }
        if (!(decoded instanceof JsonObject question)) {
            return reply(Reply.malformed(
                    JsonArray.of("body"),
                    "Input should be a valid dictionary or object to extract fields from",
                    "model_attributes_type"));
        }
        return malformed(question)
                .or(() -> keyless(authorization, question))
                .or(() -> stranger(authorization, question))
                .map(AuthServiceContract::reply)
                .orElseGet(() -> judge(authorization, question));
    }

    private static Future<Reply> reply(Reply reply) {
        return Future.succeededFuture(reply);
    }

    private static Reply missing(JsonArray where) {
        return Reply.malformed(where, "Field required", "missing");
    }

    private Optional<Reply> malformed(JsonObject question) {
        for (String field : TEXTS) {
            Object value = question.getValue(field);
            if (value != null && !(value instanceof String)) {
                return Optional.of(noText(field));
            }
        }
        boolean isRead = terms.form() != Form.HEADER && question.containsKey(API_KEY);
        return isRead && !(question.getValue(API_KEY) instanceof String)
                ? Optional.of(noText(API_KEY))
                : Optional.empty();
    }

    private static Reply noText(String field) {
        return Reply.malformed(JsonArray.of("body", field), "Input should be a valid string", "string_type");
    }

    private Optional<Reply> keyless(String authorization, JsonObject question) {
        if (shown(authorization, question).isPresent()) {
            return Optional.empty();
        }
        return Optional.of(
                terms.form() == Form.HEADER || authorization != null
                        ? Reply.refusal(401, "API key required")
                        : missing(JsonArray.of("body", API_KEY)));
    }

    /** The key as it was shown where this form looks for it. */
    private Optional<String> shown(String authorization, JsonObject question) {
        return terms.form() == Form.HEADER
                ? bearer(authorization)
                : Optional.ofNullable(question.getValue(API_KEY)).map(String.class::cast);
    }

    private static Optional<String> bearer(String authorization) {
        Matcher matcher = BEARER.matcher(authorization == null ? "" : authorization);
        return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    private Optional<Reply> stranger(String authorization, JsonObject question) {
        boolean isKnown = terms.credential()
                .map(own -> MessageDigest.isEqual(
                        bytes(own.reveal()), bytes(bearer(authorization).orElse(""))))
                .orElse(true);
        if (!isKnown) {
            return Optional.of(Reply.refusal(401, "Invalid service credential"));
        }
        return terms.serviceId().equals(question.getString(SERVICE_ID)) ? Optional.empty() : Optional.of(badKey());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static Reply badKey() {
        return Reply.refusal(401, "Invalid or expired API key");
    }

    private Future<Reply> judge(String authorization, JsonObject question) {
        return shown(authorization, question)
                .flatMap(ApiKey::parse)
                .map(key -> verdict(key, question.getString(CLIENT_IP, ""))
                        .map(verdict -> verdict instanceof Accepted accepted
                                ? good(accepted.principal(), question.getString(REQUIRED_SCOPE))
                                : badKey()))
                .orElseGet(() -> reply(badKey()));
    }

    /** The one place that asks the key store. */
    private Future<Verdict> verdict(ApiKey key, String clientIp) {
        return keys.validate(new Inquiry(key, clientIp, true)).map(KeyValidator.Answer::verdict);
    }

    private Reply good(Principal principal, String requiredScope) {
        if (requiredScope != null && !principal.scopes().contains(requiredScope)) {
            return Reply.refusal(403, "API key lacks the required scope");
        }
        return new Reply(
                200,
                new JsonObject()
                        .put("is_valid", true)
                        .put("key_id", principal.keyId())
                        .put("user_id", principal.userId().isEmpty() ? null : principal.userId())
                        .put(SERVICE_ID, terms.serviceId())
                        .put(
                                "scopes",
                                new JsonArray(
                                        principal.scopes().stream().sorted().toList()))
                        .put(
                                "rate_limit_per_hour",
                                principal.requestsPerHour().isPresent()
                                        ? principal.requestsPerHour().getAsLong()
                                        : null)
                        .put(
                                "expires_at",
                                principal.expiresAt().map(Instant::toString).orElse(null))
                        .put("error", null));
    }
}
