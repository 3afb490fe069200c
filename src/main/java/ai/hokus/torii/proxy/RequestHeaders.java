package ai.hokus.torii.proxy;

import ai.hokus.torii.config.MlflowConfig;
import ai.hokus.torii.exchange.HeadRules;
import ai.hokus.torii.exchange.TraceContext;
import ai.hokus.torii.identity.Principal;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The rules by which a caller's header fields become MLflow's: what is dropped, what is set.
 *
 * <p>Dropped are hop-by-hop fields with all that {@code Connection} names (RFC 9110 §7.6.1), credentials, every field by
 * which proxies hand identity or addresses on, method overrides, and every name with {@code _} or {@code .}: MLflow
 * bridges to WSGI, which folds {@code X_User_Id} and {@code X-User-Id} into one variable. Immutable.
 */
final class RequestHeaders implements ForwardStage.HeaderRule {

    static final Set<String> HOP_BY_HOP = Set.of(
            "connection",
            "keep-alive",
            "proxy-connection",
            "proxy-authenticate",
            "proxy-authorization",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "http2-settings");

    private static final Set<String> DROPPED = Set.of(
            // Set by us, or part of the framing, or answered by us.
            "host",
            "content-length",
            "expect",
            "x-request-id",
            TraceContext.PARENT,
            TraceContext.STATE,
            // Credentials and what belongs to our own origin.
            "authorization",
            "x-api-key",
            "cookie",
            "cookie2",
            "origin",
            // Method overrides.
            "x-http-method-override",
            "x-http-method",
            "x-method-override",
            // Addresses and targets as other proxies hand them on.
            "forwarded",
            "via",
            "proxy",
            "x-real-ip",
            "x-client-ip",
            "client-ip",
            "true-client-ip",
            "cf-connecting-ip",
            "cf-connecting-ipv6",
            "fastly-client-ip",
            "x-cluster-client-ip",
            "x-originating-ip",
            "x-remote-ip",
            "x-remote-addr",
            "x-original-url",
            "x-original-uri",
            "x-original-host",
            "x-original-method",
            "x-rewrite-url",
            "x-host",
            "x-scheme",
            "x-url-scheme",
            "front-end-https",
            "script-name",
            "path-info",
            // Identity as other proxies hand it on.
            "remote-user",
            "x-user",
            "x-username",
            "x-userid",
            "x-groups",
            "x-roles",
            "x-role",
            "x-email",
            "x-tenant-id",
            "x-scopes",
            "x-is-admin",
            "x-admin",
            "x-principal",
            "x-identity",
            "x-id-token",
            "x-access-token",
            "x-mlflow-authorization",
            "x-mlflow-gateway-caller",
            "x-mlflow-guardrail-bypass");

    private static final List<String> DROPPED_PREFIXES = List.of(
            "x-forwarded-",
            "x-hokusai-",
            "x-torii-",
            "x-remote-",
            "x-auth-",
            "x-authenticated-",
            "x-user-",
            "x-webauth-",
            "x-consumer-",
            "x-credential-",
            "x-api-key-",
            "x-key-",
            "x-envoy-",
            "x-ms-client-principal",
            "x-goog-authenticated-user",
            "x-goog-iap-",
            "x-amzn-oidc-",
            "x-vouch-",
            "x-pomerium-",
            "x-token-",
            "x-client-cert",
            "x-ssl-",
            "ssl-client-",
            "cf-access-",
            "remote-",
            "impersonate-");

    private static final String FIRST_LETTERS = DROPPED_PREFIXES.stream()
            .map(prefix -> prefix.substring(0, 1))
            .distinct()
            .collect(Collectors.joining());

    private final Optional<String> host;
    private final Optional<String> credential;

    RequestHeaders(MlflowConfig config) {
        this.host = config.hostHeader();
        this.credential = config.credential()
                .map(own -> "Basic "
                        + Base64.getEncoder()
                                .encodeToString(
                                        (own.username() + ":" + own.password().reveal())
                                                .getBytes(StandardCharsets.UTF_8)));
    }

    /** Fills MLflow's header fields from the caller's; framing is the relay's business. */
    @Override
    public void copy(Passage passage, MultiMap from, MultiMap to) {
        Set<String> nominated = passage.head().connectionOptions();
        for (Map.Entry<String, String> field : from) {
            if (travels(field.getKey(), nominated)) {
                to.add(field.getKey(), field.getValue());
            }
        }
        // None of these names travels, so none is there already.
        own(passage.upstream(), passage.principal(), to);
        to.add("X-Request-Id", passage.requestId());
        passage.trace().writeTo(to);
        to.add("X-Forwarded-For", passage.clientIp());
        to.add("X-Forwarded-Proto", passage.isTls() ? "https" : "http");
        String callersHost = HeadRules.authority(passage.head());
        if (callersHost != null) {
            to.add("X-Forwarded-Host", callersHost);
        }
        if (!passage.mount().isEmpty()) {
            to.add("X-Forwarded-Prefix", passage.mount());
        }
    }

    /**
     * Sets what every request to MLflow carries: its Host (this authority, unless another is configured), the gateway's
     * credential, the principal.
     */
    void own(String authority, Optional<Principal> principal, MultiMap to) {
        to.set(HttpHeaders.HOST, host.orElse(authority));
        credential.ifPresent(value -> to.set(HttpHeaders.AUTHORIZATION, value));
        principal.ifPresent(known -> identity(known, to));
    }

    private static void identity(Principal principal, MultiMap to) {
        if (!principal.userId().isEmpty()) {
            to.set("X-Hokusai-User-Id", visible(principal.userId()));
        }
        if (!principal.keyId().isEmpty()) {
            to.set("X-Hokusai-API-Key-Id", visible(principal.keyId()));
        }
    }

    static boolean travels(String name, Set<String> nominated) {
        if (name.indexOf('_') >= 0 || name.indexOf('.') >= 0) {
            return false;
        }
        String lower = name.toLowerCase(Locale.ROOT);
        return !HOP_BY_HOP.contains(lower)
                && !DROPPED.contains(lower)
                && !nominated.contains(lower)
                && !hasDroppedPrefix(lower);
    }

    private static boolean hasDroppedPrefix(String lower) {
        // Most names begin with none of these letters.
        if (lower.isEmpty() || FIRST_LETTERS.indexOf(lower.charAt(0)) < 0) {
            return false;
        }
        for (String prefix : DROPPED_PREFIXES) {
            if (lower.startsWith(prefix)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isVisible(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (!isVisible(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean isVisible(int c) {
        return c > ' ' && c < 0x7f && c != '%';
    }

    /** Anything outside visible ASCII percent-encoded as UTF-8, so that an auth source's text can never break a header. */
    private static String visible(String text) {
        if (isVisible(text)) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length());
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            if (isVisible(b)) {
                out.append((char) b);
            } else {
                out.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
            }
        }
        return out.toString();
    }
}
