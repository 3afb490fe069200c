package ai.hokus.torii.authz;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.config.AuthorizationConfig;
import ai.hokus.torii.config.ConfigLoader;
import ai.hokus.torii.exchange.Decision;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.identity.Access;
import ai.hokus.torii.identity.Principal;
import ai.hokus.torii.mlflow.RouteCatalogue;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ExtendWith(VertxExtension.class)
class AuthorizerTest {

    private Vertx vertx;
    private Authorizer shipped;

    @BeforeEach
    void setUp(Vertx vertx) throws Exception {
        this.vertx = vertx;
        shipped = authorizer();
    }

    /** By the shipped settings, and these: names and values, in turn. */
    private Authorizer authorizer(String... settings) throws Exception {
        AuthorizationConfig config = new ConfigLoader(vertx)
                .load(
                        Optional.empty(),
                        TestGateway.environment("http://mlflow.test:5000", "http://auth.test:8000", settings))
                .await(10, TimeUnit.SECONDS)
                .config()
                .authorization();
        return new Authorizer(config);
    }

    private static Principal holding(String... scopes) {
        return new Principal("k1", "ada", Set.of(scopes), Set.of(), OptionalLong.empty(), Optional.empty());
    }

    private static Principal inRole(String role) {
        return new Principal("k1", "ada", Set.of(), Set.of(role), OptionalLong.empty(), Optional.empty());
    }

    private static Operation operation(String name, Access access) {
        return new Operation(name, "runs", access, false, false, "");
    }

    private static boolean may(Authorizer authorizer, Principal principal, Operation operation) {
        return authorizer.decide(principal, operation, false).goesOn();
    }

    /** Every scope of the defaults by every kind of access, written out. */
    @ParameterizedTest
    @CsvSource({
        "model:read, NONE READ",
        "mlflow:read, NONE READ",
        "read, NONE READ",
        "model:write, NONE READ WRITE",
        "mlflow:write, NONE READ WRITE",
        "mlflow:access, NONE READ WRITE",
        "write, NONE READ WRITE",
        "full_access, NONE READ WRITE",
        "mlflow:delete, NONE DELETE",
        "admin, NONE READ WRITE DELETE ADMIN",
        "mlflow:admin, NONE READ WRITE DELETE ADMIN",
        "registry:admin, NONE READ WRITE DELETE ADMIN",
        "model-registry:admin, NONE READ WRITE DELETE ADMIN",
        "is_admin, NONE READ WRITE DELETE ADMIN",
        "torii:explain, NONE",
        "Admin, NONE",
        "mlflow:READ, NONE",
        "mlflow:read , NONE READ",
        "' ', NONE",
        "mlflow, NONE",
        "mlflow:*, NONE",
        "'mlflow:read,admin', NONE"
    })
    void grantsByAScopeWhatIsWrittenHereAndNothingElse(String scope, String granted) {
        for (RouteCatalogue.Row row : RouteCatalogue.shipped().rows()) {
            // Then
            assertThat(may(shipped, holding(scope), row.operation()))
                    .as(scope + " " + row.operation().name())
                    .isEqualTo(Set.of(granted.split(" "))
                            .contains(row.operation().access().name()));
        }
        for (Access access : Access.values()) {
            // When
            Decision decision = shipped.decide(holding(scope), operation("x", access), false);

            // Then
            assertThat(decision.goesOn())
                    .as(scope + " " + access)
                    .isEqualTo(Set.of(granted.split(" ")).contains(access.name()));
            assertThat(decision.rule()).isEqualTo("catalogue");
        }
    }

    @Test
    void grantsNothingWithoutScopes() {
        for (Access access : Access.values()) {
            assertThat(may(shipped, holding(), operation("x", access)))
                    .as("%s", access)
                    .isEqualTo(access == Access.NONE);
        }
    }

    @Test
    void countsABlankScopeForNone() {
        // When
        String message = shipped.decide(holding("", " "), operation("x", Access.READ), false)
                .refusal()
                .orElseThrow()
                .getMessage();

        // Then
        assertThat(message).contains("Scopes of the key: none.");
    }

    @Test
    void addsUpWhatSeveralScopesGrant() {
        // Given
        Principal principal = holding("unheard:of", "mlflow:delete", "mlflow:read");

        // Then
        assertThat(may(shipped, principal, operation("x", Access.READ))).isTrue();
        assertThat(may(shipped, principal, operation("x", Access.DELETE))).isTrue();
        assertThat(may(shipped, principal, operation("x", Access.WRITE))).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "is_admin, true",
        "admin, true",
        "registry:admin, true",
        "write, false",
        "mlflow:write, false",
        "mlflow:delete, false",
        "full_access, false"
    })
    void takesOfRolesThoseThatMeanAdmin(String role, boolean isAdmin) {
        for (Access access : Set.of(Access.READ, Access.WRITE, Access.DELETE, Access.ADMIN)) {
            assertThat(may(shipped, inRole(role), operation("x", access)))
                    .as("%s", access)
                    .isEqualTo(isAdmin);
        }
    }

    @Test
    void namesOperationNeededScopesAndHeldOnesInARefusal() {
        // When
        Decision decision = shipped.decide(holding("read", "mlflow:read"), operation("createRun", Access.WRITE), false);

        // Then
        GatewayFailure refusal = decision.refusal().orElseThrow();
        assertThat(refusal.reason()).isEqualTo(Reason.SCOPE_MISSING);
        assertThat(refusal)
                .hasMessage("Your API key is valid but may not do this: createRun needs write access (one of the"
                        + " scopes model:write, mlflow:write, mlflow:access, write, full_access). Scopes of the key:"
                        + " mlflow:read, read. Ask whoever issued it for a key with the right scope.");
    }

    @Test
    void showsOddScopesInABoundedForm() {
        // Given
        String[] scopes = new String[30];
        for (int i = 0; i < scopes.length; i++) {
            scopes[i] = "s%02d\r\n\u00e9".formatted(i) + "x".repeat(100);
        }

        // When
        String message = shipped.decide(holding(scopes), operation("x", Access.READ), false)
                .refusal()
                .orElseThrow()
                .getMessage();

        // Then
        assertThat(message)
                .contains("s00???xx")
                .contains("s19")
                .doesNotContain("s20")
                .hasSizeLessThan(2000);
    }

    @ParameterizedTest
    @CsvSource({
        "admin, mlflow:write, false",
        "admin, mlflow:read, false",
        "admin, admin, true",
        "deny, admin, false",
        "deny, mlflow:write, false",
        "by-method, mlflow:read, false",
        "by-method, mlflow:write, true",
        "by-method, admin, true"
    })
    void decidesAboutAnUnknownWriteByMode(String mode, String scope, boolean mayPass) throws Exception {
        // Given
        Authorizer authorizer = authorizer("TORII_AUTHORIZATION_UNKNOWN_OPERATIONS", mode);

        // When
        Decision decision = authorizer.decide(holding(scope), Operation.unknown(Access.WRITE), false);

        // Then
        assertThat(decision.goesOn()).isEqualTo(mayPass);
        assertThat(decision.rule()).isEqualTo("authorization.unknown-operations");
        assertThat(decision.refusal().map(GatewayFailure::reason))
                .isEqualTo(mayPass ? Optional.empty() : Optional.of(Reason.OPERATION_UNKNOWN));
    }

    @Test
    void saysHowAnUnknownOperationCanBeAllowed() throws Exception {
        // Given
        Authorizer closed = authorizer("TORII_AUTHORIZATION_UNKNOWN_OPERATIONS", "deny");

        // When
        GatewayFailure byDefault = shipped.decide(holding("read"), Operation.unknown(Access.READ), false)
                .refusal()
                .orElseThrow();
        GatewayFailure denied = closed.decide(holding("admin"), Operation.unknown(Access.READ), false)
                .refusal()
                .orElseThrow();

        // Then
        assertThat(byDefault)
                .hasMessageContaining("operation unknown")
                .hasMessageContaining("needs admin access (one of the scopes admin, mlflow:admin,")
                .hasMessageContaining("Scopes of the key: read.")
                .hasMessageContaining("authorization.routes")
                .hasMessageContaining("authorization.unknown-operations");
        assertThat(denied).hasMessageContaining("no key may make it");
    }

    @Test
    void lowersRaisesAndReplacesTheNeedsOfSingleOperations() throws Exception {
        // Given
        Authorizer authorizer = authorizer(
                "TORII_AUTHORIZATION_OPERATIONS",
                "deleteRun=write, searchRuns=admin, invokeGatewayEndpoint=scope:mlflow:gateway|llm");

        // Then
        assertThat(may(authorizer, holding("mlflow:write"), operation("deleteRun", Access.DELETE)))
                .isTrue();
        assertThat(may(authorizer, holding("mlflow:delete"), operation("deleteRun", Access.DELETE)))
                .isFalse();
        assertThat(may(authorizer, holding("mlflow:write"), operation("searchRuns", Access.READ)))
                .isFalse();
        assertThat(may(authorizer, holding("llm"), operation("invokeGatewayEndpoint", Access.ADMIN)))
                .isTrue();
        assertThat(may(authorizer, holding("admin"), operation("invokeGatewayEndpoint", Access.ADMIN)))
                .isTrue();
        assertThat(may(authorizer, holding("mlflow:write"), operation("invokeGatewayEndpoint", Access.ADMIN)))
                .isFalse();
        assertThat(authorizer
                        .decide(holding("read"), operation("invokeGatewayEndpoint", Access.ADMIN), false)
                        .refusal()
                        .orElseThrow())
                .hasMessageContaining("invokeGatewayEndpoint needs one of the scopes llm, mlflow:gateway");
        assertThat(may(authorizer, holding("mlflow:write"), operation("createRun", Access.WRITE)))
                .isTrue();
    }

    @Test
    void followsAMappingOfScopes() throws Exception {
        // Given
        Authorizer authorizer = authorizer(
                "TORII_AUTHORIZATION_SCOPES_READ", "see",
                "TORII_AUTHORIZATION_SCOPES_WRITE", "do,change",
                "TORII_AUTHORIZATION_SCOPES_DELETE", "change");

        // Then
        assertThat(may(authorizer, holding("see"), operation("x", Access.READ))).isTrue();
        assertThat(may(authorizer, holding("change"), operation("x", Access.DELETE)))
                .isTrue();
        assertThat(may(authorizer, holding("change"), operation("x", Access.READ)))
                .isTrue();
        assertThat(may(authorizer, holding("mlflow:read"), operation("x", Access.READ)))
                .isFalse();
        assertThat(may(authorizer, holding("mlflow:delete"), operation("x", Access.DELETE)))
                .isFalse();
    }

    @Test
    void canBeToldThatNoScopeGrantsSomething() throws Exception {
        // Given
        Authorizer authorizer = authorizer("TORII_AUTHORIZATION_SCOPES_DELETE", "none");

        // Then
        assertThat(may(authorizer, holding("mlflow:delete", "none"), operation("x", Access.DELETE)))
                .isFalse();
        assertThat(may(authorizer, holding("admin"), operation("x", Access.DELETE)))
                .isTrue();
        assertThat(authorizer
                        .decide(holding("read"), operation("x", Access.DELETE), false)
                        .refusal()
                        .orElseThrow())
                .hasMessageContaining("delete access (no scope grants it)");
    }

    @Test
    void letsOnlyAdminsChooseAWorkspace() {
        // When
        Decision writer = shipped.decide(holding("mlflow:write"), operation("createRun", Access.WRITE), true);
        Decision admin = shipped.decide(holding("admin"), operation("createRun", Access.WRITE), true);
        Decision reader = shipped.decide(holding("read"), operation("createRun", Access.WRITE), true);

        // Then
        assertThat(writer.refusal().orElseThrow())
                .hasMessageContaining(
                        "createRun in a workspace of one's own choice (X-MLFLOW-WORKSPACE, MLFLOW_WORKSPACE)"
                                + " needs admin access");
        assertThat(writer.rule()).isEqualTo("X-MLFLOW-WORKSPACE");
        assertThat(admin.goesOn()).isTrue();
        assertThat(reader.refusal().orElseThrow()).hasMessageContaining("createRun needs write access");
    }

    @Test
    void refusesNobodyInRehearsalButSaysWhatItWouldDo() throws Exception {
        // Given
        Authorizer authorizer = authorizer("TORII_AUTHORIZATION_MODE", "report");

        // When
        Decision decision = authorizer.decide(holding(), operation("createRun", Access.WRITE), false);

        // Then
        assertThat(decision.goesOn()).isTrue();
        assertThat(decision.outcome()).isEqualTo("would_refuse");
        assertThat(decision.refusal().orElseThrow().reason()).isEqualTo(Reason.SCOPE_MISSING);
        assertThat(authorizer.refuseExplaining(holding())).isPresent();
    }

    @ParameterizedTest
    @CsvSource({"torii:explain, true", "admin, true", "mlflow:write, false", "mlflow:read, false"})
    void explainsToThoseWhoMayAsk(String scope, boolean mayAsk) {
        // Then
        assertThat(shipped.refuseExplaining(holding(scope)).isEmpty()).isEqualTo(mayAsk);
    }
}
