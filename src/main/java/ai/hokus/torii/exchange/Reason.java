package ai.hokus.torii.exchange;

import java.util.Locale;

/**
 * Everything the gateway ever says no with: the stable name, the status and the MLflow error code.
 *
 * <p>The error codes are names of MLflow's own enumeration, because its Python client warns of a foreign proxy at any
 * other. Statuses that its client retries and whose body it then hides (429, 5xx other than 501) stand only where
 * waiting helps (MLflow 3.17 client, {@code http_request}).
 */
public enum Reason {
    PATH_REFUSED(400, "BAD_REQUEST", Blame.CALLER),
    HOST_REFUSED(400, "BAD_REQUEST", Blame.CALLER),
    REQUEST_MALFORMED(400, "BAD_REQUEST", Blame.CALLER),
    CALLER_STALLED(408, "BAD_REQUEST", Blame.CALLER),
    CREDENTIALS_CONFLICT(400, "BAD_REQUEST", Blame.CALLER),
    ROUTE_UNKNOWN(404, "ENDPOINT_NOT_FOUND", Blame.CALLER),
    METHOD_NOT_ALLOWED(405, "BAD_REQUEST", Blame.CALLER),
    KEY_MISSING(401, "UNAUTHENTICATED", Blame.CALLER),
    KEY_REFUSED(401, "UNAUTHENTICATED", Blame.CALLER),
    KEY_MALFORMED(401, "UNAUTHENTICATED", Blame.CALLER),
    KEY_NOT_ALLOWED(403, "PERMISSION_DENIED", Blame.CALLER),
    SCOPE_MISSING(403, "PERMISSION_DENIED", Blame.CALLER),
    OPERATION_UNKNOWN(403, "PERMISSION_DENIED", Blame.CALLER),
    ORIGIN_REFUSED(403, "PERMISSION_DENIED", Blame.CALLER),
    AUTH_CONTRACT(501, "NOT_IMPLEMENTED", Blame.GATEWAY),
    AUTH_CONTRACT_SUSPECT(501, "NOT_IMPLEMENTED", Blame.GATEWAY),
    AUTH_UNAVAILABLE(503, "TEMPORARILY_UNAVAILABLE", Blame.AUTH_SERVICE),
    AUTH_TIMEOUT(503, "TEMPORARILY_UNAVAILABLE", Blame.AUTH_SERVICE),
    AUTH_ANSWER_UNREADABLE(503, "TEMPORARILY_UNAVAILABLE", Blame.AUTH_SERVICE),
    AUTH_RATE_LIMITED(429, "REQUEST_LIMIT_EXCEEDED", Blame.CALLER),
    AUTH_BUDGET(429, "REQUEST_LIMIT_EXCEEDED", Blame.GATEWAY),
    RATE_LIMITED(429, "REQUEST_LIMIT_EXCEEDED", Blame.CALLER),
    BODY_TOO_LARGE(413, "BAD_REQUEST", Blame.CALLER),
    UPSTREAM_UNREACHABLE(502, "TEMPORARILY_UNAVAILABLE", Blame.UPSTREAM),
    UPSTREAM_BROKEN(502, "TEMPORARILY_UNAVAILABLE", Blame.UPSTREAM),
    UPSTREAM_TIMEOUT(504, "DEADLINE_EXCEEDED", Blame.UPSTREAM),
    UPSTREAM_REFUSES_HOST(501, "NOT_IMPLEMENTED", Blame.GATEWAY),
    UPSTREAM_REFUSES_ACCOUNT(501, "NOT_IMPLEMENTED", Blame.GATEWAY),
    ARTIFACTS_DISABLED(501, "NOT_IMPLEMENTED", Blame.GATEWAY),
    ADMIN_CLOSED(403, "PERMISSION_DENIED", Blame.GATEWAY),
    ADMIN_REFUSED(401, "UNAUTHENTICATED", Blame.CALLER),
    REVOCATION_NOT_SHARED(503, "TEMPORARILY_UNAVAILABLE", Blame.GATEWAY),
    OVERLOADED(503, "TEMPORARILY_UNAVAILABLE", Blame.GATEWAY),
    INTERNAL(500, "INTERNAL_ERROR", Blame.GATEWAY);

    private final int status;
    private final String errorCode;
    private final Blame blame;
    private final String code;

    Reason(int status, String errorCode, Blame blame) {
        this.status = status;
        this.errorCode = errorCode;
        this.blame = blame;
        this.code = name().toLowerCase(Locale.ROOT);
    }

    /** The HTTP status. */
    public int status() {
        return status;
    }

    /** The name in MLflow's {@code ErrorCode} enumeration. */
    public String errorCode() {
        return errorCode;
    }

    /** Whose side it is on, unless the failure itself knows better. */
    public Blame blame() {
        return blame;
    }

    /** The stable name in bodies, headers, metrics and logs, e.g. {@code key_missing}. */
    public String code() {
        return code;
    }
}
