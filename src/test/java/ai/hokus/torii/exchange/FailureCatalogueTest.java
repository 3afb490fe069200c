package ai.hokus.torii.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The failure catalogue as it was decided; the documents quote the same rows. */
class FailureCatalogueTest {

    /** What an operator may read and a caller may not. */
    static final String DETAIL = "http://10.1.2.3:8000 refused hk_live_x";

    private static final Duration PAUSE = Duration.ofSeconds(7);
    private static final String CALLER = "caller";
    private static final String GATEWAY = "gateway";
    private static final String AUTH = "auth service";
    private static final String MLFLOW = "MLflow";

    private static Arguments row(GatewayFailure failure, String code, int status, String errorCode, String blame) {
        return Arguments.of(failure, code, status, errorCode, blame);
    }

    /** The catalogue of failures, row by row, each made by its own factory. */
    static Stream<Arguments> catalogue() {
        return Stream.of(
                row(GatewayFailure.pathRefused("x"), "path_refused", 400, "BAD_REQUEST", CALLER),
                row(GatewayFailure.hostRefused("x"), "host_refused", 400, "BAD_REQUEST", CALLER),
                row(GatewayFailure.requestMalformed("x"), "request_malformed", 400, "BAD_REQUEST", CALLER),
                row(GatewayFailure.callerStalled("x", PAUSE), "caller_stalled", 408, "BAD_REQUEST", CALLER),
                row(GatewayFailure.credentialsConflict(), "credentials_conflict", 400, "BAD_REQUEST", CALLER),
                row(GatewayFailure.routeUnknown(), "route_unknown", 404, "ENDPOINT_NOT_FOUND", CALLER),
                row(GatewayFailure.methodNotAllowed("GET"), "method_not_allowed", 405, "BAD_REQUEST", CALLER),
                row(GatewayFailure.keyMissing(), "key_missing", 401, "UNAUTHENTICATED", CALLER),
                row(GatewayFailure.keyRefused(), "key_refused", 401, "UNAUTHENTICATED", CALLER),
                row(GatewayFailure.keyMalformed(), "key_malformed", 401, "UNAUTHENTICATED", CALLER),
                row(GatewayFailure.keyNotAllowed(), "key_not_allowed", 403, "PERMISSION_DENIED", CALLER),
                row(GatewayFailure.methodUnknown("GET"), "method_not_allowed", 405, "BAD_REQUEST", CALLER),
                row(GatewayFailure.scopeMissing("x", "y", "z"), "scope_missing", 403, "PERMISSION_DENIED", CALLER),
                row(GatewayFailure.operationUnknown("y", "z"), "operation_unknown", 403, "PERMISSION_DENIED", CALLER),
                row(GatewayFailure.documentTooLarge(9), "body_too_large", 413, "BAD_REQUEST", CALLER),
                row(GatewayFailure.authContract(DETAIL), "auth_contract", 501, "NOT_IMPLEMENTED", GATEWAY),
                row(
                        GatewayFailure.authContractSuspect(DETAIL),
                        "auth_contract_suspect",
                        501,
                        "NOT_IMPLEMENTED",
                        GATEWAY),
                row(GatewayFailure.authUnavailable(DETAIL), "auth_unavailable", 503, "TEMPORARILY_UNAVAILABLE", AUTH),
                row(GatewayFailure.authTimeout(DETAIL), "auth_timeout", 503, "TEMPORARILY_UNAVAILABLE", AUTH),
                row(
                        GatewayFailure.authAnswerUnreadable(DETAIL),
                        "auth_answer_unreadable",
                        503,
                        "TEMPORARILY_UNAVAILABLE",
                        AUTH),
                row(GatewayFailure.authRateLimited(PAUSE), "auth_rate_limited", 429, "REQUEST_LIMIT_EXCEEDED", CALLER),
                row(GatewayFailure.rateLimited(9, "x", 8), "rate_limited", 429, "REQUEST_LIMIT_EXCEEDED", CALLER),
                row(GatewayFailure.tooManyTransfers(9), "rate_limited", 429, "REQUEST_LIMIT_EXCEEDED", CALLER),
                row(GatewayFailure.addressLimited(9, 8), "rate_limited", 429, "REQUEST_LIMIT_EXCEEDED", CALLER),
                row(GatewayFailure.authBudget(), "auth_budget", 429, "REQUEST_LIMIT_EXCEEDED", GATEWAY),
                row(GatewayFailure.adminClosed(), "admin_closed", 403, "PERMISSION_DENIED", GATEWAY),
                row(GatewayFailure.adminRefused(), "admin_refused", 401, "UNAUTHENTICATED", CALLER),
                row(
                        GatewayFailure.revocationNotShared(DETAIL),
                        "revocation_not_shared",
                        503,
                        "TEMPORARILY_UNAVAILABLE",
                        GATEWAY),
                row(
                        GatewayFailure.bodyTooLarge("spool.max-body", "5GiB"),
                        "body_too_large",
                        413,
                        "BAD_REQUEST",
                        CALLER),
                row(GatewayFailure.originRefused(), "origin_refused", 403, "PERMISSION_DENIED", CALLER),
                row(
                        GatewayFailure.upstreamUnreachable(DETAIL),
                        "upstream_unreachable",
                        502,
                        "TEMPORARILY_UNAVAILABLE",
                        MLFLOW),
                row(GatewayFailure.upstreamBroken(DETAIL), "upstream_broken", 502, "TEMPORARILY_UNAVAILABLE", MLFLOW),
                row(GatewayFailure.upstreamTimeout(DETAIL), "upstream_timeout", 504, "DEADLINE_EXCEEDED", MLFLOW),
                row(GatewayFailure.upstreamRefusesHost(), "upstream_refuses_host", 501, "NOT_IMPLEMENTED", GATEWAY),
                row(
                        GatewayFailure.upstreamRefusesAccount(),
                        "upstream_refuses_account",
                        501,
                        "NOT_IMPLEMENTED",
                        GATEWAY),
                row(GatewayFailure.artifactsDisabled(), "artifacts_disabled", 501, "NOT_IMPLEMENTED", GATEWAY),
                row(GatewayFailure.overloaded(DETAIL), "overloaded", 503, "TEMPORARILY_UNAVAILABLE", GATEWAY),
                row(GatewayFailure.internal(DETAIL), "internal", 500, "INTERNAL_ERROR", GATEWAY));
    }

    static Stream<GatewayFailure> failures() {
        return catalogue().map(row -> (GatewayFailure) row.get()[0]);
    }

    @ParameterizedTest
    @MethodSource("catalogue")
    void standsInTheCatalogueAsDecided(
            GatewayFailure failure, String code, int status, String errorCode, String blame) {
        // Given the failure

        // When
        Reason reason = failure.reason();

        // Then
        assertThat(reason.code()).isEqualTo(code);
        assertThat(reason.status()).isEqualTo(status);
        assertThat(failure.status()).isEqualTo(status);
        assertThat(reason.errorCode()).isEqualTo(errorCode);
        assertThat(reason.blame().text()).isEqualTo(blame);
    }

    @Test
    void hasAFactoryForEveryReason() {
        // Given
        Set<Reason> all = EnumSet.allOf(Reason.class);

        // When
        Set<Reason> made = failures().map(GatewayFailure::reason).collect(Collectors.toSet());

        // Then
        assertThat(made).isEqualTo(all);
    }
}
