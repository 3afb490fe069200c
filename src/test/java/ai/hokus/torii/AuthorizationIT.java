package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ai.hokus.torii.config.InvalidConfigException;
import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.identity.Access;
import ai.hokus.torii.mlflow.RouteCatalogue;
import ai.hokus.torii.mlflow.RouteCatalogue.Row;
import ai.hokus.torii.support.AccessLines;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.client.HttpRequest;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may do what, through the whole gateway: every operation with every kind of key. */
@ExtendWith(VertxExtension.class)
class AuthorizationIT {

    private static final String UNKNOWN = "/api/2.0/mlflow/unheard-of";

    /** A key of each kind, and what it may do: written out, not taken from the code. */
    private enum Kind {
        NOBODY(Set.of(), Set.of()),
        READER(Set.of("mlflow:read"), Set.of(Access.READ)),
        WRITER(Set.of("mlflow:write"), Set.of(Access.READ, Access.WRITE)),
        DELETER(Set.of("mlflow:delete"), Set.of(Access.DELETE)),
        ADMIN(Set.of("mlflow:admin"), Set.of(Access.READ, Access.WRITE, Access.DELETE, Access.ADMIN));

        private final Set<String> scopes;
        private final Set<Access> may;

        Kind(Set<String> scopes, Set<Access> may) {
            this.scopes = scopes;
            this.may = may;
        }

        String key() {
            return "hk_test_forThisTestOnlyAnd" + name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    private StubServer mlflow;
    private StubAuthService auth;
    private TestGateway gateway;

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        mlflow = StubServer.start(vertx);
        auth = StubAuthService.start(vertx);
        for (Kind kind : Kind.values()) {
            auth.knowing(kind.key(), kind.scopes.toArray(String[]::new));
        }
        restart(vertx);
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
    }

    private void restart(Vertx vertx, String... settings) throws Exception {
        if (gateway != null) {
            gateway.stop();
        }
        gateway = TestGateway.start(vertx, TestGateway.environment(mlflow.url(), auth.url(), settings));
    }

    private HttpRequest<Buffer> request(String method, String uri, Kind kind) {
        return gateway.request(HttpMethod.valueOf(method), uri).bearerTokenAuthentication(kind.key());
    }

    private HttpResponse<Buffer> call(String method, String uri, Kind kind) throws Exception {
        return request(method, uri, kind).send().await(10, TimeUnit.SECONDS);
    }

    private HttpResponse<Buffer> graphql(String document, Kind kind) throws Exception {
        return request("POST", "/graphql", kind)
                .sendJsonObject(new JsonObject().put("query", document))
                .await(10, TimeUnit.SECONDS);
    }

    private static String path(String template) {
        return template.replaceAll("<path:[^>]*>", "1/r/a").replaceAll("<[^>]*>", "x1");
    }

    private static String mounted(String path) {
        return path.startsWith("/api/2.0/mlflow/") ? path : "/api/mlflow" + path;
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void letsAKeyDoWhatItsScopesSayAndNothingElseOfAllOperations(Kind kind) throws Exception {
        for (Row row : RouteCatalogue.shipped().rows()) {
            Operation operation = row.operation();
            // Without a document GraphQL only reads.
            Access needed = operation.hasDocument() ? Access.READ : operation.access();
            for (String template : row.templates()) {
                // When
                String path = path(template);
                int before = mlflow.forwarded().size();
                HttpResponse<Buffer> answer = call(row.method(), mounted(path), kind);

                // Then
                String name = kind + " " + row.method() + " " + path;
                List<String> reached = mlflow.forwarded().stream()
                        .skip(before)
                        .map(request -> request.method() + " " + request.uri())
                        .toList();
                if (kind.may.contains(needed)) {
                    assertThat(answer.statusCode()).as(name).isEqualTo(200);
                    assertThat(reached).as(name).containsExactly(row.method() + " " + path);
                } else {
                    assertThat(answer.statusCode()).as(name).isEqualTo(403);
                    assertThat(TestGateway.reason(answer)).as(name).isEqualTo("scope_missing");
                    assertThat(answer.bodyAsJsonObject().getString("error_code"))
                            .isEqualTo("PERMISSION_DENIED");
                    assertThat(answer.bodyAsString()).as(name).contains(operation.name() + " needs ");
                    assertThat(reached).as(name).isEmpty();
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void treatsHeadAsGet(Kind kind) throws Exception {
        // When
        HttpResponse<Buffer> run = call("HEAD", "/api/2.0/mlflow/runs/get", kind);
        HttpResponse<Buffer> artifact = call("HEAD", "/api/2.0/mlflow-artifacts/artifacts/1/r/a", kind);
        HttpResponse<Buffer> webhooks = call("HEAD", "/api/2.0/mlflow/webhooks", kind);

        // Then
        assertThat(run.statusCode()).isEqualTo(kind.may.contains(Access.READ) ? 200 : 403);
        assertThat(artifact.statusCode()).isEqualTo(kind.may.contains(Access.READ) ? 200 : 403);
        assertThat(webhooks.statusCode()).isEqualTo(kind == Kind.ADMIN ? 200 : 403);
        assertThat(call("HEAD", "/api/2.0/mlflow/runs/create", kind).statusCode())
                .isEqualTo(405);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET /api/2.0/mlflow/unheard-of",
                "POST /api/2.0/mlflow/registered-models/create/",
                "POST /API/2.0/mlflow/runs/create",
                "POST /api/2.0/preview/mlflow/runs/create",
                "GET /api/2.0/mlflow/experiments/search/",
                "GET /api/2.0/mlflow/experiments/search;x=1",
                "GET /api/2.0/mlflow/experiments/search%3fmax_results=1",
                "DELETE /api/9.0/mlflow-artifacts/artifacts/1/r/a",
                "POST /ajax-api/3.0/jobs",
                "GET /gateway/new/route",
                "GET /healthz",
                "GET /health/api/2.0/mlflow/experiments/get",
                "PUT /static-files",
                "POST /graphql/"
            })
    void letsOnlyAdminsDoWhatNobodyKnows(String line) throws Exception {
        // Given
        String method = line.substring(0, line.indexOf(' '));
        String path = "/mlflow" + line.substring(line.indexOf(' ') + 1);

        for (Kind kind : Kind.values()) {
            // When
            HttpResponse<Buffer> answer = call(method, path, kind);

            // Then
            assertThat(answer.statusCode()).as("%s %s", kind, line).isEqualTo(kind == Kind.ADMIN ? 200 : 403);
            if (kind != Kind.ADMIN) {
                assertThat(TestGateway.reason(answer)).isEqualTo("operation_unknown");
                assertThat(answer.bodyAsString())
                        .contains("operation unknown")
                        .contains("authorization.unknown-operations");
            }
        }
        assertThat(mlflow.forwarded()).hasSize(1);
        assertThat(gateway.metric("torii_authorization_refusals_total{enforced=\"true\",operation=\"unknown\","
                        + "reason=\"operation_unknown\"}"))
                .isEqualTo(Kind.values().length - 1);
    }

    @Test
    void letsTheMethodDecideAboutTheUnknownWhereAnOperatorSaysSo(Vertx vertx) throws Exception {
        // Given
        restart(vertx, "TORII_AUTHORIZATION_UNKNOWN_OPERATIONS", "by-method");

        // Then
        assertThat(call("GET", UNKNOWN, Kind.READER).statusCode()).isEqualTo(200);
        assertThat(call("POST", UNKNOWN, Kind.READER).statusCode()).isEqualTo(403);
        assertThat(call("POST", UNKNOWN, Kind.WRITER).statusCode()).isEqualTo(200);
        assertThat(call("DELETE", UNKNOWN, Kind.WRITER).statusCode()).isEqualTo(403);
        assertThat(call("DELETE", UNKNOWN, Kind.DELETER).statusCode()).isEqualTo(200);
        for (String closed : List.of(
                "/ajax-api/3.0/jobs/x/y",
                "/mlflow/gateway/x",
                "/api/2.0/mlflow/users/x",
                "/api/3.0/mlflow/x/permissions",
                "/api/2.0/mlflow/webhooks/x/y",
                "/api/3.0/mlflow/secrets/x")) {
            assertThat(call("GET", closed, Kind.WRITER).statusCode()).as(closed).isEqualTo(403);
        }
    }

    @Test
    void refusesTheUnknownToAllWhereAnOperatorSaysSo(Vertx vertx) throws Exception {
        // Given
        restart(vertx, "TORII_AUTHORIZATION_UNKNOWN_OPERATIONS", "deny");

        // When
        HttpResponse<Buffer> answer = call("GET", UNKNOWN, Kind.ADMIN);

        // Then
        assertThat(answer.statusCode()).isEqualTo(403);
        assertThat(answer.bodyAsString()).contains("no key may make it");
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /api/2.0/mlflow/runs/create, POST",
        "DELETE, /api/2.0/mlflow/experiments/search, 'GET, HEAD, POST'",
        "PUT, /api/2.0/mlflow/registered-models/alias, 'DELETE, GET, HEAD, POST'",
        "PATCH, /v1/traces, POST",
        "POST, /api/2.0/mlflow/logged-models/m-1, 'DELETE, GET, HEAD, PATCH'"
    })
    void refusesAMethodThatAKnownPathDoesNotHave(String method, String path, String allow) throws Exception {
        // When
        HttpResponse<Buffer> answer = call(method, path, Kind.ADMIN);

        // Then
        assertThat(answer.statusCode()).isEqualTo(405);
        assertThat(answer.getHeader("Allow")).isEqualTo(allow);
        assertThat(answer.bodyAsString()).contains("authorization.routes");
        assertThat(mlflow.forwarded()).isEmpty();
        assertThat(gateway.metric("torii_requests_total{area=\"other\",blame=\"caller\",method=\"" + method
                        + "\",operation=\"unknown\",reason=\"method_not_allowed\",status=\"4xx\"}"))
                .isEqualTo(1);
    }

    @Test
    void takesAnOperatorsRoutesAndExceptions(Vertx vertx) throws Exception {
        // Given
        restart(
                vertx,
                "TORII_AUTHORIZATION_ROUTES",
                "POST /api/2.0/mlflow/logged-models/batch-get=read, POST /api/2.0/mlflow/things/<id>=write",
                "TORII_AUTHORIZATION_OPERATIONS",
                "deleteRun=write, models=admin");

        // Then
        assertThat(call("POST", "/api/2.0/mlflow/logged-models/batch-get", Kind.READER)
                        .statusCode())
                .isEqualTo(200);
        assertThat(call("POST", "/api/2.0/mlflow/things/7", Kind.READER).statusCode())
                .isEqualTo(403);
        assertThat(call("POST", "/api/2.0/mlflow/things/7", Kind.WRITER).statusCode())
                .isEqualTo(200);
        assertThat(call("POST", "/api/2.0/mlflow/runs/delete", Kind.WRITER).statusCode())
                .isEqualTo(200);
        assertThat(call("GET", "/api/models", Kind.WRITER).statusCode()).isEqualTo(403);
        assertThat(gateway.manage("/metrics").bodyAsString())
                .contains("operation=\"POST /api/2.0/mlflow/things/<id>\"");
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void wantsReadForItsOwnListOfModelsAndNothingForItsChecks(Kind kind) throws Exception {
        // Given
        mlflow.answering(200, "{\"registered_models\":[]}");

        // Then
        assertThat(call("GET", "/api/models", kind).statusCode()).isEqualTo(kind.may.contains(Access.READ) ? 200 : 403);
        assertThat(call("GET", "/api/health", kind).statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"X-MLFLOW-WORKSPACE", "x-mlflow-workspace", "X-Mlflow-Workspace"})
    void letsOnlyAdminsChooseAWorkspace(String name) throws Exception {
        // When
        int writer = inWorkspace(Kind.WRITER, name, "other");
        int blank = inWorkspace(Kind.WRITER, name, "", " ");
        int second = inWorkspace(Kind.WRITER, name, "", "other");
        int admin = inWorkspace(Kind.ADMIN, name, "other");

        // Then
        assertThat(writer).isEqualTo(403);
        assertThat(blank).isEqualTo(200);
        assertThat(second).isEqualTo(403);
        assertThat(admin).isEqualTo(200);
        assertThat(mlflow.forwarded())
                .extracting(request -> request.headers().get("X-MLFLOW-WORKSPACE"))
                .contains("other")
                .hasSize(2);
    }

    private int inWorkspace(Kind kind, String field, String... values) throws Exception {
        HttpRequest<Buffer> request = request("GET", "/api/2.0/mlflow/runs/get", kind);
        for (String value : values) {
            request.headers().add(field, value);
        }
        HttpResponse<Buffer> answer = request.send().await(10, TimeUnit.SECONDS);
        assertThat(answer.bodyAsString().contains("X-MLFLOW-WORKSPACE, MLFLOW_WORKSPACE) needs admin access"))
                .isEqualTo(answer.statusCode() == 403);
        return answer.statusCode();
    }

    @Test
    void readsGraphqlDocumentsAndForwardsThemByteForByte() throws Exception {
        // Given
        String reads = "{ mlflowGetRun(input: {runId: \"ü\"}) { run { info { runId } } } }";

        // When
        HttpResponse<Buffer> query = graphql(reads, Kind.READER);
        HttpResponse<Buffer> search = graphql("mutation { mlflowSearchRuns { runs } }", Kind.READER);
        HttpResponse<Buffer> evil = graphql("mutation { dropAll }", Kind.READER);
        HttpResponse<Buffer> writer = graphql("mutation { dropAll }", Kind.WRITER);
        HttpResponse<Buffer> nobody = graphql(reads, Kind.NOBODY);

        // Then
        assertThat(query.statusCode()).isEqualTo(200);
        assertThat(search.statusCode()).isEqualTo(200);
        assertThat(evil.statusCode()).isEqualTo(403);
        assertThat(evil.bodyAsString()).contains("graphql needs write access");
        assertThat(writer.statusCode()).isEqualTo(200);
        assertThat(nobody.statusCode()).isEqualTo(403);
        assertThat(mlflow.forwarded())
                .extracting(request -> request.body().toJsonObject().getString("query"))
                .containsExactly(reads, "mutation { mlflowSearchRuns { runs } }", "mutation { dropAll }");
        assertThat(mlflow.forwarded().get(0).headers().get("Content-Length"))
                .isEqualTo(String.valueOf(
                        new JsonObject().put("query", reads).toBuffer().length()));
    }

    @Test
    void refusesALargeDocumentBeforeItsCallerSendsIt() throws Exception {
        try (RawClient caller = new RawClient(gateway.port())) {
            // When
            caller.send("POST /graphql HTTP/1.1\r\nHost: h\r\nX-API-Key: " + Kind.READER.key()
                    + "\r\nContent-Type: application/json\r\nContent-Length: 65537\r\nExpect: 100-continue\r\n\r\n");

            // Then
            assertThat(caller.readUntil("}")).startsWith("HTTP/1.1 413").doesNotContain("100 Continue");
        }
    }

    @Test
    void readsADocumentWhoseLengthIsWrittenWithZeros() throws Exception {
        try (RawClient caller = new RawClient(gateway.port())) {
            // When
            caller.send("POST /graphql HTTP/1.1\r\nHost: h\r\nX-API-Key: " + Kind.READER.key()
                    + "\r\nContent-Type: application/json\r\nContent-Length: 0000000017\r\n\r\n{\"query\":\"{ a }\"}");

            // Then
            assertThat(caller.readUntil("{}")).startsWith("HTTP/1.1 200");
        }
    }

    @Test
    void takesNoBodyWithTheReadingOfAnArtifact() throws Exception {
        // When
        HttpResponse<Buffer> answer = request("GET", "/api/2.0/mlflow-artifacts/artifacts", Kind.READER)
                .sendJsonObject(new JsonObject().put("path", "./workspaces/w2"))
                .await(10, TimeUnit.SECONDS);

        // Then
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.bodyAsString()).contains("by path and query, not by a body");
        assertThat(mlflow.forwarded()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"65536, 200", "65537, 413"})
    void readsNoGraphqlDocumentAbove64KiB(int length, int status) throws Exception {
        // Given
        String empty = new JsonObject().put("query", "{ a }").put("pad", "").encode();
        String body = empty.replace("\"pad\":\"\"", "\"pad\":\"" + "x".repeat(length - empty.length()) + "\"");

        // When
        HttpResponse<Buffer> sized = request("POST", "/graphql", Kind.READER)
                .putHeader("Content-Type", "application/json")
                .sendBuffer(Buffer.buffer(body))
                .await(10, TimeUnit.SECONDS);

        // Then
        assertThat(sized.statusCode()).isEqualTo(status);
        assertThat(mlflow.forwarded()).hasSize(status == 200 ? 1 : 0);
    }

    @Test
    void onlyRehearsesWhereAnOperatorSaysSo(Vertx vertx) throws Exception {
        // Given
        restart(vertx, "TORII_AUTHORIZATION_MODE", "report");
        try (AccessLines decisions = AccessLines.open("torii.authorization");
                AccessLines lines = AccessLines.open()) {
            // When
            HttpResponse<Buffer> answer = call("POST", "/api/2.0/mlflow/runs/create", Kind.READER);
            HttpResponse<Buffer> artifact = call("DELETE", "/api/2.0/mlflow-artifacts/artifacts/1", Kind.READER);

            // Then
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(artifact.statusCode()).isEqualTo(400);
            assertThat(gateway.metric("torii_authorization_enforced")).isZero();
            assertThat(mlflow.forwarded()).hasSize(1);
            assertThat(gateway.metric("torii_authorization_refusals_total{enforced=\"false\",operation=\"createRun\","
                            + "reason=\"scope_missing\"}"))
                    .isEqualTo(1);
            assertThat(lines.next("operation=createRun")).contains("decision=would_refuse", "reason=ok");
            assertThat(decisions.next("would_refuse"))
                    .contains(
                            "operation=createRun method=POST",
                            "reason=scope_missing needed=\"write access",
                            "left_out=0");
        }
    }

    @Test
    void tellsTheOperatorOfWhatItDoesNotKnow() throws Exception {
        try (AccessLines decisions = AccessLines.open("torii.authorization")) {
            // When
            call("GET", UNKNOWN + "?token=x", Kind.ADMIN);

            // Then
            assertThat(decisions.next("operation=unknown"))
                    .startsWith("allowed ")
                    .contains("method=GET path=" + UNKNOWN + "?…", "reason=-");
        }
    }

    @Test
    void carriesTheOperationAndNeverThePathInMetrics() throws Exception {
        // When
        call("GET", "/api/2.0/mlflow/logged-models/m-invented", Kind.READER);
        call("GET", "/api/2.0/mlflow/invented", Kind.READER);

        // Then
        String metrics = gateway.manage("/metrics").bodyAsString();
        assertThat(metrics)
                .contains("operation=\"getLoggedModel\"", "operation=\"unknown\"")
                .doesNotContain("invented");
    }

    @ParameterizedTest
    @CsvSource({
        "TORII_AUTHORIZATION_OPERATIONS, createRunn=write, names 'createRunn' which is no operation",
        "TORII_AUTHORIZATION_ROUTES, GET /api/2.0/mlflow/runs/get=write, it is there already"
    })
    void doesNotStartWithWhatDoesNotFitTheCatalogue(String setting, String value, String problem, Vertx vertx) {
        // When
        Throwable refused = catchThrowable(
                () -> TestGateway.start(vertx, TestGateway.environment(mlflow.url(), auth.url(), setting, value)));

        // Then
        assertThat(refused).isInstanceOf(InvalidConfigException.class);
        assertThat(refused.getMessage().replace(",", "")).contains(problem);
    }
}
