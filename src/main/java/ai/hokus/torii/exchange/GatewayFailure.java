package ai.hokus.torii.exchange;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * The one way a stage says no: a reason, a sentence for the person who reads it, and what to do.
 *
 * <p>Carries no stack trace: a refusal is an answer, not an accident. Its message never holds a key, an address or
 * anything else the caller should not read; what only an operator may see is in {@link #detail()}.
 */
public final class GatewayFailure extends RuntimeException {

    /** Longest pause a caller is asked for; MLflow's Python client obeys any, an hour included. */
    public static final Duration MAX_RETRY_AFTER = Duration.ofSeconds(60);

    private static final long serialVersionUID = 1L;
    private static final Duration SOON = Duration.ofSeconds(2);

    private final Reason reason;
    private final int status;
    private final transient Optional<Duration> retryAfter;
    private final String detail;
    private final transient Map<String, String> headers;

    private GatewayFailure(
            Reason reason, String message, Optional<Duration> retryAfter, String detail, Map<String, String> headers) {
        this(reason, reason.status(), message, retryAfter, detail, headers);
    }

    private GatewayFailure(
            Reason reason,
            int status,
            String message,
            Optional<Duration> retryAfter,
            String detail,
            Map<String, String> headers) {
        super(message, null, false, false);
        this.reason = reason;
        this.status = status;
        this.retryAfter = retryAfter;
        this.detail = detail;
        this.headers = headers;
    }

    private static GatewayFailure of(Reason reason, String message) {
        return new GatewayFailure(reason, message, Optional.empty(), "", Map.of());
    }

    private static GatewayFailure passing(Reason reason, String message, String detail) {
        return new GatewayFailure(reason, message, Optional.of(SOON), detail, Map.of());
    }

    private static GatewayFailure settled(Reason reason, String message, String detail) {
        return new GatewayFailure(reason, message, Optional.empty(), detail, Map.of());
    }

    /** The request target can be read in two ways; {@code what} names the part that can. */
    public static GatewayFailure pathRefused(String what) {
        return of(Reason.PATH_REFUSED, "The request path is refused because it is ambiguous: " + what + ".");
    }

    /** The Host field is missing, doubled or no host. */
    public static GatewayFailure hostRefused(String what) {
        return of(Reason.HOST_REFUSED, "The Host header is refused: " + what + ".");
    }

    /** The request is not well-formed HTTP; {@code what} names the part. */
    public static GatewayFailure requestMalformed(String what) {
        return of(Reason.REQUEST_MALFORMED, "The request is malformed: " + what + ".");
    }

    /** The same for what has a status of its own: 414 (RFC 9110 §15.5.15), 417 (§15.5.18), 505 (§15.6.6), 431 (RFC 6585 §5). */
    public static GatewayFailure requestMalformed(int status, String what) {
        String message = "The request is malformed: " + what + ".";
        return new GatewayFailure(Reason.REQUEST_MALFORMED, status, message, Optional.empty(), "", Map.of());
    }

    /** The caller stopped sending its body, or stopped reading its answer; {@code what} says which. */
    public static GatewayFailure callerStalled(String what, Duration limit) {
        return settled(
                Reason.CALLER_STALLED,
                "The " + what + " for " + limit.toMillis() / 1000.0
                        + " s, so the transfer was given up. Check the network"
                        + " between you and the gateway and try again.",
                "");
    }

    /** Two credentials that differ. */
    public static GatewayFailure credentialsConflict() {
        return of(
                Reason.CREDENTIALS_CONFLICT,
                "The request carries two API keys that differ. Send one, in Authorization or in X-API-Key.");
    }

    /** Nothing is served under this path. */
    public static GatewayFailure routeUnknown() {
        return of(
                Reason.ROUTE_UNKNOWN,
                "No such path on this gateway. MLflow is served under /api/mlflow and /mlflow:"
                        + " set MLFLOW_TRACKING_URI=https://<this host>/api/mlflow.");
    }

    /** The path exists, but not with this method. */
    public static GatewayFailure methodNotAllowed(String allowed) {
        String message = "This path does not take that method. Allowed: " + allowed + ".";
        return new GatewayFailure(Reason.METHOD_NOT_ALLOWED, message, Optional.empty(), "", Map.of("Allow", allowed));
    }

    /** The path is MLflow's, but not with this method, as far as the route catalogue goes. */
    public static GatewayFailure methodUnknown(String allowed) {
        String message =
                "This path of MLflow's does not take that method. Allowed: " + allowed + ". If your MLflow is newer"
                        + " than the gateway's catalogue of routes, its operator can add the route (authorization.routes).";
        return new GatewayFailure(Reason.METHOD_NOT_ALLOWED, message, Optional.empty(), "", Map.of("Allow", allowed));
    }

    /** No key was sent. */
    public static GatewayFailure keyMissing() {
        return challenge(
                Reason.KEY_MISSING,
                "API key required. Set MLFLOW_TRACKING_TOKEN=<your key>, or send it as"
                        + " 'Authorization: Bearer <key>' or 'X-API-Key: <key>'.");
    }

    /** What was sent cannot be a key. */
    public static GatewayFailure keyMalformed() {
        return challenge(
                Reason.KEY_MALFORMED,
                "Invalid or expired API key: what was sent cannot be a key (it is too long, holds characters that no"
                        + " key has, or is not well-formed Basic). Copy it once more, whole and without quotes.");
    }

    /** The auth source does not accept the key. */
    public static GatewayFailure keyRefused() {
        return challenge(
                Reason.KEY_REFUSED,
                "Invalid or expired API key. It was checked and is not accepted; make sure that it is the whole key, or"
                        + " ask for a new one.");
    }

    private static GatewayFailure challenge(Reason reason, String message) {
        Map<String, String> headers = Map.of("WWW-Authenticate", "Bearer realm=\"torii\", Basic realm=\"torii\"");
        return new GatewayFailure(reason, message, Optional.empty(), "", headers);
    }

    /** The auth source knows the key and does not allow it here: its 403 or 402. */
    public static GatewayFailure keyNotAllowed() {
        return of(
                Reason.KEY_NOT_ALLOWED,
                "The API key is known but not allowed here: the auth service answered that it lacks permission or"
                        + " balance. Ask whoever issued the key.");
    }

    /** The auth service did not understand the question; {@code detail} is for the operator. */
    public static GatewayFailure authContract(String detail) {
        return settled(
                Reason.AUTH_CONTRACT,
                "The gateway and the auth service do not understand each other, so no key can be checked. Your key may"
                        + " well be valid. The operator of this gateway must mend its settings (auth.http.form, path,"
                        + " service-id).",
                detail);
    }

    /** The auth service could not be reached or failed. */
    public static GatewayFailure authUnavailable(String detail) {
        return passing(
                Reason.AUTH_UNAVAILABLE,
                "The auth service cannot be asked at the moment, so the key could not be checked. Your key may well be"
                        + " valid; try again shortly.",
                detail);
    }

    /** The auth service did not answer in time. */
    public static GatewayFailure authTimeout(String detail) {
        return passing(
                Reason.AUTH_TIMEOUT,
                "The auth service did not answer in time, so the key could not be checked. Your key may well be valid;"
                        + " try again shortly.",
                detail);
    }

    /** The auth service answered something that is no verdict. */
    public static GatewayFailure authAnswerUnreadable(String detail) {
        return passing(
                Reason.AUTH_ANSWER_UNREADABLE,
                "The auth service gave an answer that is no verdict, so the key could not be checked. Your key may"
                        + " well be valid; try again shortly.",
                detail);
    }

    /** The auth service's 429, passed on. */
    public static GatewayFailure authRateLimited(Duration retryAfter) {
        return new GatewayFailure(
                Reason.AUTH_RATE_LIMITED,
                "The auth service limits how often this key may be checked; wait and try again.",
                Optional.of(retryAfter),
                "",
                Map.of());
    }

    /** Too many keys that nobody has vouched for are being asked about. */
    public static GatewayFailure authBudget() {
        return new GatewayFailure(
                Reason.AUTH_BUDGET,
                "The gateway checks too many new keys at the moment and has not checked this one; try again in a"
                        + " second.",
                Optional.of(Duration.ofSeconds(1)),
                "",
                Map.of());
    }

    /**
     * A key has asked too often.
     *
     * @param perHour its limit
     * @param setBy who set it, in words
     * @param seconds until it may ask again
     */
    public static GatewayFailure rateLimited(long perHour, String setBy, long seconds) {
        return limited(
                "This API key is used up for now: its limit is " + perHour + " requests an hour, set by " + setBy
                        + ". The next request is allowed in " + seconds
                        + " s, the full number again after an hour without"
                        + " any.",
                seconds);
    }

    /** A key moves as many artifacts at once as it may. */
    public static GatewayFailure tooManyTransfers(int most) {
        return limited(
                "This API key moves " + most + " artifacts at this moment, and no more are allowed at once, set by"
                        + " the operator of this gateway (ratelimit.transfers-per-key). The next is allowed when one of these has"
                        + " ended.",
                SOON.toSeconds());
    }

    /**
     * From an address came too many requests that were refused.
     *
     * @param perMinute its limit
     * @param seconds until one more may come
     */
    public static GatewayFailure addressLimited(int perMinute, long seconds) {
        return limited(
                "From your address come too many requests without a good API key: the limit is " + perMinute
                        + " a minute, set by the operator of this gateway (ratelimit.refused-per-minute), and this key is none"
                        + " that was accepted lately. The next is looked at in " + seconds + " s.",
                seconds);
    }

    private static GatewayFailure limited(String message, long seconds) {
        return new GatewayFailure(Reason.RATE_LIMITED, message, Optional.of(Duration.ofSeconds(seconds)), "", Map.of());
    }

    /** The auth service understands us, but refuses what it should accept; for probes, never for a caller. */
    public static GatewayFailure authContractSuspect(String detail) {
        return settled(
                Reason.AUTH_CONTRACT_SUSPECT,
                "The auth service refuses keys that should be good. The operator of this gateway must check its settings"
                        + " (auth.http.service-id, auth.http.form).",
                detail);
    }

    /**
     * The key's scopes do not suffice.
     *
     * @param what the operation's name, or what else was asked for
     * @param needed what it needs, with the scopes of which one would do
     * @param held the scopes the key has; "none" when it has none
     */
    public static GatewayFailure scopeMissing(String what, String needed, String held) {
        return of(
                Reason.SCOPE_MISSING,
                "Your API key is valid but may not do this: " + what + " needs " + needed + ". Scopes of the key: "
                        + held + ". Ask whoever issued it for a key with the right scope.");
    }

    /**
     * Nobody knows what this call does.
     *
     * @param needed what it would take; empty: nobody may
     * @param held the scopes the key has; "none" when it has none
     */
    public static GatewayFailure operationUnknown(String needed, String held) {
        return of(
                Reason.OPERATION_UNKNOWN,
                "The gateway's catalogue of MLflow's routes does not know this call (operation unknown), so "
                        + (needed.isEmpty() ? "no key may make it" : "it needs " + needed)
                        + ". Scopes of the key: " + held
                        + ". Check the URL. If MLflow is newer than the gateway, its operator can allow the call with"
                        + " authorization.routes or authorization.unknown-operations.");
    }

    /** No token is configured for the admin routes. */
    public static GatewayFailure adminClosed() {
        return of(Reason.ADMIN_CLOSED, "The admin routes are closed. Set TORII_ADMIN_TOKEN to open them.");
    }

    /** The admin token is missing or wrong. */
    public static GatewayFailure adminRefused() {
        return challenge(
                Reason.ADMIN_REFUSED,
                "Admin token required: send TORII_ADMIN_TOKEN as 'Authorization: Bearer <token>'.");
    }

    /** A revocation is in force here, but the other replicas could not be told. */
    public static GatewayFailure revocationNotShared(String detail) {
        return passing(
                Reason.REVOCATION_NOT_SHARED,
                "The revocation is in force in this replica, but Redis did not take it for the others. Send it again.",
                detail);
    }

    /** A body is larger than a setting allows. */
    public static GatewayFailure bodyTooLarge(String setting, String limit) {
        return of(
                Reason.BODY_TOO_LARGE,
                "The request body has no Content-Length and is larger than " + limit + " (" + setting
                        + "). Send it with a Content-Length, as MLflow's clients do.");
    }

    /** Another site's page sends what the browser has added a credential to. */
    public static GatewayFailure originRefused() {
        return of(
                Reason.ORIGIN_REFUSED,
                "A page of another origin may not do this with the key that the browser keeps. Send the key as"
                        + " 'Authorization: Bearer <key>', or have the origin added to the gateway's cors.origins.");
    }

    /** A body is larger than its route class may have. */
    public static GatewayFailure bodyOverLimit(String setting, long maxBytes) {
        return of(
                Reason.BODY_TOO_LARGE,
                "The request body is larger than " + maxBytes + " bytes (" + setting
                        + "). Send less at once, or have the gateway's setting raised.");
    }

    /** A GraphQL document is larger than anybody's. */
    public static GatewayFailure documentTooLarge(int maxBytes) {
        return of(
                Reason.BODY_TOO_LARGE,
                "The GraphQL document is larger than " + maxBytes
                        + " bytes, and the gateway must read it to decide whether"
                        + " the key may send it. Send a smaller one.");
    }

    /** No connection to MLflow. */
    public static GatewayFailure upstreamUnreachable(String detail) {
        return passing(Reason.UPSTREAM_UNREACHABLE, "MLflow cannot be reached by the gateway.", detail);
    }

    /** MLflow's connection broke or its answer was no HTTP. */
    public static GatewayFailure upstreamBroken(String detail) {
        return settled(
                Reason.UPSTREAM_BROKEN,
                "MLflow broke off or gave an answer that cannot be passed on. The request may or may not have been"
                        + " carried out.",
                detail);
    }

    /** MLflow did not answer in time. */
    public static GatewayFailure upstreamTimeout(String detail) {
        return settled(
                Reason.UPSTREAM_TIMEOUT,
                "MLflow did not answer in time. The request may still be carried out.",
                detail);
    }

    /** MLflow's own host check refuses the Host field we send. */
    public static GatewayFailure upstreamRefusesHost() {
        return settled(
                Reason.UPSTREAM_REFUSES_HOST,
                "MLflow refuses the gateway's Host header, so every call would fail. The operator must start MLflow"
                        + " with --allowed-hosts for it, or set mlflow.host-header.",
                "MLflow answered 403 'Invalid Host header'");
    }

    /** MLflow's own login refuses the gateway's account, or misses one: its 401, which is never the caller's fault. */
    public static GatewayFailure upstreamRefusesAccount() {
        return settled(
                Reason.UPSTREAM_REFUSES_ACCOUNT,
                "MLflow has a login of its own and does not accept the gateway's account. Your key is valid. The operator"
                        + " must set mlflow.username and mlflow.password.",
                "MLflow answered 401");
    }

    /** This MLflow was started without artifact serving. */
    public static GatewayFailure artifactsDisabled() {
        return of(
                Reason.ARTIFACTS_DISABLED,
                "This MLflow does not serve artifacts (MLFLOW_SERVE_ARTIFACTS=false), so models cannot be uploaded or"
                        + " downloaded through the gateway.");
    }

    /** More requests wait for MLflow than may wait. */
    public static GatewayFailure overloaded(String detail) {
        return passing(Reason.OVERLOADED, "The gateway is busy: too many requests wait for MLflow.", detail);
    }

    /** More connections are open than may be. */
    public static GatewayFailure tooManyConnections(String setting) {
        return passing(Reason.OVERLOADED, "The gateway has no room for another connection (" + setting + ").", setting);
    }

    /** A fault of ours; {@code detail} goes to the log only. */
    public static GatewayFailure internal(String detail) {
        return settled(Reason.INTERNAL, "The gateway failed. Quote the request id to whoever operates it.", detail);
    }

    /** Any failure as one of ours: unknown ones are faults of the gateway. */
    public static GatewayFailure from(Throwable cause) {
        return cause instanceof GatewayFailure failure
                ? failure
                : internal(cause == null ? "no cause" : cause.getClass().getName());
    }

    /** Why. */
    public Reason reason() {
        return reason;
    }

    /** The HTTP status of the answer. */
    public int status() {
        return status;
    }

    /** Whether nothing that follows on the connection can be trusted, because where a message ends is in doubt. */
    public boolean endsConnection() {
        return reason == Reason.REQUEST_MALFORMED || reason == Reason.HOST_REFUSED;
    }

    /** How long to wait before the next try, at most {@link #MAX_RETRY_AFTER}; empty when waiting does not help. */
    public Optional<Duration> retryAfter() {
        return retryAfter.map(d -> d.compareTo(MAX_RETRY_AFTER) > 0 ? MAX_RETRY_AFTER : d);
    }

    /** For the operator's log alone; may name addresses, never a key. Empty when there is nothing to add. */
    public String detail() {
        return detail;
    }

    /** Header fields this failure adds to its answer. */
    public Map<String, String> headers() {
        return headers;
    }
}
