package ai.hokus.torii.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ai.hokus.torii.config.AuthorizationConfig.Mode;
import ai.hokus.torii.config.AuthorizationConfig.Need;
import ai.hokus.torii.config.AuthorizationConfig.Route;
import ai.hokus.torii.config.AuthorizationConfig.UnknownOperations;
import ai.hokus.torii.identity.Access;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ExtendWith(VertxExtension.class)
class AuthorizationConfigTest {

    private static AuthorizationConfig load(Vertx vertx, Optional<Path> file, String... settings) throws Exception {
        Map<String, String> environment =
                TestGateway.environment("http://mlflow.test:5000", "http://auth.test:8000", settings);
        return new ConfigLoader(vertx)
                .load(file, environment)
                .await(10, TimeUnit.SECONDS)
                .config()
                .authorization();
    }

    @Test
    void shipsTheDefaultsThatWereDecided(Vertx vertx) throws Exception {
        // When
        AuthorizationConfig config = load(vertx, Optional.empty());

        // Then
        assertThat(config.mode()).isEqualTo(Mode.ENFORCE);
        assertThat(config.unknownOperations()).isEqualTo(UnknownOperations.ADMIN);
        assertThat(config.scopes().read()).containsExactlyInAnyOrder("model:read", "mlflow:read", "read");
        assertThat(config.scopes().write())
                .containsExactlyInAnyOrder("model:write", "mlflow:write", "mlflow:access", "write", "full_access");
        assertThat(config.scopes().delete()).containsExactlyInAnyOrder("mlflow:delete");
        assertThat(config.scopes().admin())
                .containsExactlyInAnyOrder(
                        "admin", "mlflow:admin", "registry:admin", "model-registry:admin", "is_admin");
        assertThat(config.scopes().explain()).containsExactlyInAnyOrder("torii:explain");
        assertThat(config.operations()).isEmpty();
        assertThat(config.routes()).isEmpty();
    }

    @Test
    void takesListsFromAFile(Vertx vertx, @TempDir Path folder) throws Exception {
        // Given
        Path file = Files.writeString(folder.resolve("torii.yaml"), """
                authorization:
                  operations:
                    - deleteRun=write
                    - invokeGatewayEndpoint=scope:mlflow:gateway|llm
                  routes:
                    - POST /api/3.0/mlflow/things/<id>/do=admin
                    - GET  /api/3.0/mlflow/files/<path:name> = read
                """);

        // When
        AuthorizationConfig config = load(vertx, Optional.of(file));

        // Then
        assertThat(config.operations())
                .containsOnly(
                        Map.entry("deleteRun", new Need(Optional.of(Access.WRITE), Set.of())),
                        Map.entry(
                                "invokeGatewayEndpoint", new Need(Optional.empty(), Set.of("mlflow:gateway", "llm"))));
        assertThat(config.routes())
                .containsExactly(
                        new Route("POST", "/api/3.0/mlflow/things/<id>/do", Access.ADMIN),
                        new Route("GET", "/api/3.0/mlflow/files/<path:name>", Access.READ));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            value = {
                "MODE # on # must be one of enforce, report, but is 'on'",
                "UNKNOWN_OPERATIONS # allow # must be one of deny, admin, by-method, but is 'allow'",
                "OPERATIONS # deleteRun # but holds 'deleteRun'",
                "OPERATIONS # deleteRun=none # but holds 'deleteRun=none'",
                "OPERATIONS # deleteRun=Write # but holds 'deleteRun=Write'",
                "OPERATIONS # =write # but holds '=write'",
                "OPERATIONS # deleteRun=scope: # but holds 'deleteRun=scope:'",
                "OPERATIONS # deleteRun=scope:a b # but holds 'deleteRun=scope:a b'",
                "OPERATIONS # deleteRun=read,deleteRun=write # names deleteRun twice",
                "ROUTES # /api/x=read # but holds '/api/x=read'",
                "ROUTES # OPTIONS /api/x=read # but holds 'OPTIONS /api/x=read'",
                "ROUTES # GET api/x=read # but holds 'GET api/x=read'",
                "ROUTES # GET /api/x # but holds 'GET /api/x'",
                "ROUTES # GET /api//x=read # but holds 'GET /api//x=read'",
                "ROUTES # GET /api/<x=read # but holds 'GET /api/<x=read'",
                "ROUTES # GET /api/*=read # but holds 'GET /api/*=read'",
                "ROUTES # GET /api/%41=read # but holds 'GET /api/%41=read'",
                "OPERATIONS # deleteRun=scope:a| # but holds 'deleteRun=scope:a|'",
                "SCOPES_ADMIN # '' # is empty; write none",
                "SCOPES_READ # a b # holds 'a b', but a scope is one word"
            })
    void refusesWhatCannotBeMeant(String setting, String value, String problem, Vertx vertx) {
        // When
        Throwable refused =
                catchThrowable(() -> load(vertx, Optional.empty(), "TORII_AUTHORIZATION_" + setting, value));

        // Then
        assertThat(refused)
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("TORII_AUTHORIZATION_" + setting)
                .hasMessageContaining(problem);
    }

    @Test
    void doesNotKeepADefaultThatAFileEmptied(Vertx vertx, @TempDir Path folder) throws Exception {
        // Given
        Path file = Files.writeString(
                folder.resolve("torii.yaml"), "authorization:\n  scopes:\n    admin: \"\"\n    delete: none\n");

        // When
        Throwable refused = catchThrowable(() -> load(vertx, Optional.of(file)));

        // Then
        assertThat(refused)
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("authorization.scopes.admin")
                .hasMessageContaining("is empty; write none")
                .hasMessageContaining("1 problem ");
    }
}
