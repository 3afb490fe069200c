package ai.hokus.torii.mlflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.exchange.Route;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MountsTest {

    private static final String ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts";

    private final Mounts mounts = new Mounts(RouteCatalogue.shipped(), true);

    private Route resolve(String method, String target) {
        return mounts.resolve(method, CanonicalPath.parse(target));
    }

    private static GatewayFailure refusal(Mounts mounts, String method, String target) {
        return catchThrowableOfType(GatewayFailure.class, () -> mounts.resolve(method, CanonicalPath.parse(target)));
    }

    private static void assertRefused(GatewayFailure failure) {
        assertThat(failure).isNotNull();
        assertThat(failure.reason()).isEqualTo(Reason.PATH_REFUSED);
    }

    private static void assertRefused(GatewayFailure failure, String what) {
        assertRefused(failure);
        assertThat(failure).hasMessage("The request path is refused because it is ambiguous: " + what + ".");
    }

    @ParameterizedTest
    @CsvSource({
        "POST, /api/mlflow/api/2.0/mlflow/runs/create, /api/mlflow, /api/2.0/mlflow/runs/create",
        "POST, /mlflow/api/2.0/mlflow/runs/create, /mlflow, /api/2.0/mlflow/runs/create",
        "GET, /api/mlflow, /api/mlflow, /",
        "GET, /api/mlflow/, /api/mlflow, /",
        "GET, /mlflow, /mlflow, /",
        "GET, /mlflow/, /mlflow, /",
        "GET, /mlflow/static-files/main.js, /mlflow, /static-files/main.js",
        "GET, /mlflow/anything/at/all, /mlflow, /anything/at/all",
        "GET, /%6dlflow/version, /mlflow, /version",
        "GET, /mlflow/api/mlflow/x, /mlflow, /api/mlflow/x",
        "POST, /api/2.0/mlflow/runs/create, '', /api/2.0/mlflow/runs/create",
        "POST, /api/2.0/preview/mlflow/runs/create, '', /api/2.0/preview/mlflow/runs/create",
        "GET, /api/2.0/mlflow-artifacts/artifacts/0/r/a, '', /api/2.0/mlflow-artifacts/artifacts/0/r/a",
        "POST, /api/3.0/mlflow/traces/search, '', /api/3.0/mlflow/traces/search",
        "POST, /ajax-api/2.0/mlflow/runs/search, '', /ajax-api/2.0/mlflow/runs/search",
        "POST, /graphql, '', /graphql",
        "POST, /v1/traces, '', /v1/traces",
        "GET, /get-artifact, '', /get-artifact",
        "GET, /model-versions/get-artifact, '', /model-versions/get-artifact",
        "GET, /version, '', /version"
    })
    void findsMlflowUnderItsMountsAndAtTheRoot(String method, String target, String mount, String path) {
        // Given the target

        // When
        Route route = resolve(method, target + "?a=%2F");

        // Then
        assertThat(route.mount()).isEqualTo(mount);
        assertThat(route.path()).isEqualTo(path);
        assertThat(route.target()).isEqualTo(path + "?a=%2F");
    }

    @ParameterizedTest
    @CsvSource({
        "/api/mlflow//api/2.0/mlflow/runs/create, /api/2.0/mlflow/runs/create",
        "/mlflow//api/2.0/mlflow/runs/create, /api/2.0/mlflow/runs/create",
        "/mlflow//, /"
    })
    void dropsTheOneSlashThatTheJavaClientWritesTooMany(String target, String path) {
        // Given the target

        // When
        Route route = resolve(path.equals("/") ? "GET" : "POST", target);

        // Then
        assertThat(route.target()).isEqualTo(path);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/2.0/mlflow//experiments/create",
                "/mlflow///api/2.0/mlflow/experiments/create",
                "/mlflow/api//2.0/mlflow/experiments/create",
                "/mlflow/api/2.0/mlflow/experiments/create//",
                ARTIFACTS + "//etc/passwd",
                ARTIFACTS + "/file:///etc/passwd"
            })
    void refusesAnyOtherEmptySegment(String target) {
        // Given the target

        // When
        GatewayFailure failure = refusal(mounts, "GET", target);

        // Then
        assertRefused(failure, "it holds an empty segment ('//')");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/healthz",
                "/health/api/2.0/mlflow/experiments/get",
                "/mlflowx/api/2.0/mlflow/experiments/get",
                "/MLFLOW/version",
                "/api",
                "/api/mlflowx",
                "/api/models/x",
                "/API/2.0/mlflow/experiments/search",
                "/api/2.0",
                "/api/2.0/mlflow",
                "/api/1.2/mlflow/runs/create",
                "/api/2.0/other/x",
                "/static-files/main.js",
                "/graphql/",
                "/version/x",
                "/admin/keys",
                "//api/2.0/mlflow/experiments/create",
                "//mlflow/version",
                "/metrics",
                "/mlflow/metrics",
                "/mlflow//metrics",
                "/api/mlflow/metrics",
                "/mlflow/%6detrics"
            })
    void knowsNoOtherPathAndNeverMlflowsMetrics(String target) {
        // Given the target

        // When
        GatewayFailure failure = refusal(mounts, "GET", target);

        // Then
        assertThat(failure).isNotNull();
        assertThat(failure.reason()).isEqualTo(Reason.ROUTE_UNKNOWN);
        assertThat(failure)
                .hasMessage("No such path on this gateway. MLflow is served under /api/mlflow and /mlflow:"
                        + " set MLFLOW_TRACKING_URI=https://<this host>/api/mlflow.");
    }

    @ParameterizedTest
    @CsvSource({"PUT, ''", "PUT, /", "PUT, /0/r/artifacts/", "DELETE, ''", "DELETE, /", "DELETE, /0/r/artifacts/"})
    void wantsAnArtifactsNameForAnUploadOrADeletion(String method, String artifact) {
        // Given the artifact

        // When
        GatewayFailure failure = refusal(mounts, method, ARTIFACTS + artifact);

        // Then
        assertRefused(failure, "it names no artifact");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/0", "/0/r", "/models/m-1"})
    void refusesToDeleteMoreThanARunsArtifacts(String artifact) {
        // Given the artifact

        // When
        GatewayFailure failure = refusal(mounts, "DELETE", "/ajax-api/2.0/mlflow-artifacts/artifacts" + artifact);

        // Then
        assertRefused(
                failure,
                "it names no single artifact but all of an experiment or a run; deleting takes <experiment>/<run>/<artifact>");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/0/r/.%3B", "/0/r/.;", "/%20./0/.%3B", "/0/r/.%3Bz", "/0/..%3bz/r", "/0/..;z/r"})
    void refusesDotSegmentsWithAParameter(String artifact) {
        // When
        GatewayFailure failure = refusal(mounts, "DELETE", ARTIFACTS + artifact);

        // Then
        assertRefused(failure, "it holds a '.' or '..' segment");
    }

    @ParameterizedTest
    @CsvSource({
        "DELETE, /0/r/%3b",
        "DELETE, /0/r/;",
        "PUT, /0/r/artifacts/a;",
        "DELETE, /%20./0/r",
        "PUT, /0/r/artifacts/a%3B",
        "GET, /%20/r/a"
    })
    void refusesAnArtifactsNameOfWhichMlflowCutsAnEndOff(String method, String artifact) {
        // Given the artifact

        // When
        GatewayFailure failure = refusal(mounts, method, ARTIFACTS + artifact);

        // Then
        assertRefused(failure, "an artifact's name begins with a space or ends in ';', which MLflow cuts off");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/0/r/artifacts/a.txt%23", "/0/r/%23/a", "/0/r/artifacts/a%3fb", "/0/r/a%3F"})
    void refusesAnEncodedFragmentOrQueryInAnArtifactsName(String artifact) {
        // Given the artifact

        // When
        GatewayFailure failure = refusal(mounts, "GET", "/mlflow" + ARTIFACTS + artifact);

        // Then
        assertRefused(failure, "an artifact's name holds an encoded '#' or '?', where MLflow cuts it off");
    }

    @ParameterizedTest
    @CsvSource({
        "PUT, /0/r/artifacts/a.txt",
        "PUT, /a.txt",
        "PUT, /0/r/artifacts/a%20b%3Bc/100%25/caf%C3%A9",
        "DELETE, /0/r/artifacts",
        "DELETE, /models/m-1/artifacts",
        "GET, ''",
        "GET, /0/r/artifacts/a.txt",
        "HEAD, /0/r/artifacts/a.txt"
    })
    void forwardsAnArtifactThatIsNamed(String method, String artifact) {
        // Given the artifact

        // When
        Route route = resolve(method, ARTIFACTS + artifact);

        // Then
        assertThat(route.target()).isEqualTo(ARTIFACTS + artifact);
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /api/2.0/mlflow-artifacts/artifacts/0/r/a",
        "PUT, /mlflow/ajax-api/2.0/mlflow-artifacts/artifacts/0/r/a",
        "POST, /api/mlflow/api/2.0/mlflow-artifacts/mpu/create/0/r/a"
    })
    void saysThatThisMlflowServesNoArtifacts(String method, String target) {
        // Given
        Mounts withoutArtifacts = new Mounts(RouteCatalogue.shipped(), false);

        // When
        GatewayFailure failure = refusal(withoutArtifacts, method, target);

        // Then
        assertThat(failure).isNotNull();
        assertThat(failure.reason()).isEqualTo(Reason.ARTIFACTS_DISABLED);
    }

    @ParameterizedTest
    @CsvSource({
        "GET, artifacts/file:./workspaces/w2/1/secret.txt, SCHEME",
        "PUT, artifacts/file:./workspaces/w2/1/x, SCHEME",
        "DELETE, artifacts/file:./1/run, SCHEME",
        "DELETE, artifacts/FILE:./1/run, SCHEME",
        "GET, artifacts/FILE%3A./workspaces/w2/1, SCHEME",
        "GET, artifacts/file%3a./workspaces/w2/1, SCHEME",
        "GET, artifacts/s3:x/y, SCHEME",
        "GET, artifacts/a+b-c.d:x/y, SCHEME",
        "GET, artifacts/:/x, SCHEME",
        "GET, presigned/file:./workspaces/w2/1, SCHEME",
        "POST, mpu/create/file:./workspaces/w2/1, SCHEME",
        "POST, mpu/abort/file%3A./workspaces/w2/1, SCHEME",
        "GET, presigned/%20./workspaces/w2/1, SPACE",
        "POST, mpu/create/%20./workspaces/w2/1, SPACE",
        "POST, mpu/complete/%20./workspaces/w2/1, SPACE",
        "GET, artifacts/%20x, SPACE"
    })
    void refusesANameWhoseBeginningMlflowTakesOffInEveryTree(String method, String artifact, String beginning) {
        for (String tree : List.of("/api", "/ajax-api")) {
            // When
            GatewayFailure failure = refusal(mounts, method, tree + "/2.0/mlflow-artifacts/" + artifact);

            // Then
            assertRefused(
                    failure,
                    beginning.equals("SCHEME")
                            ? "an artifact's name begins with a scheme like 'file:'"
                            : "an artifact's name begins with a space or ends in ';', which MLflow cuts off");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "path=.",
                "path=./workspaces/w2/1",
                "path=%2e/workspaces/w2",
                "path=1/./x",
                "path=a%0a/./x",
                "path=1/%2E%2e/x",
                "path=..",
                "a=b&path=./x",
                "p%61th=./x",
                "path=1&path=./x",
                "path=file:./x",
                "path=File%3A./x",
                "path=+./x",
                "path=%20./x",
                "path=/etc",
                "path=%2Fetc",
                "path=a%5Cb",
                "path=%252e/x",
                "path=100%2525ab",
                "path=%zz"
            })
    void refusesAListingOfAFolderThatMlflowWouldReadOtherwise(String query) {
        // When
        GatewayFailure failure = refusal(mounts, "GET", ARTIFACTS + "?" + query);

        // Then
        assertRefused(failure);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "path=",
                "path",
                "path=1/r/artifacts",
                "path=1%2Fr%2Fartifacts",
                "path=1/r/with+space/100%25+sure",
                "path=1/r/.hidden/...",
                "path=1/r/a:b",
                "path=%E6%A8%A1%E5%9E%8B",
                "other=./x"
            })
    void letsAListingOfAFolderPassAsItIs(String query) {
        // When
        Route route = resolve("GET", ARTIFACTS + "?" + query);

        // Then
        assertThat(route.target()).isEqualTo(ARTIFACTS + "?" + query);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "workspaces/w",
                "workspaces/w/1",
                "workspaces/w/1/run",
                "workspaces/%77/1/run",
                "workspaces/w/1/run/"
            })
    void deletesNoWholeRunOfATenantEither(String artifact) {
        // When
        GatewayFailure failure = refusal(mounts, "DELETE", ARTIFACTS + "/" + artifact);

        // Then
        assertRefused(failure);
        assertThat(resolve("DELETE", ARTIFACTS + "/workspaces/w/1/run/a").path())
                .endsWith("/workspaces/w/1/run/a");
    }
}
