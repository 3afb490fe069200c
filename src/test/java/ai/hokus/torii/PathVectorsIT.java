package ai.hokus.torii;

import static ai.hokus.torii.support.RawCase.KEY;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RawMessage;
import ai.hokus.torii.support.RecordingMlflow;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Every way of writing a path that has ever fooled a checker in front of MLflow, as a raw request line with an admin's
 * key: the gateway answers, MLflow hears nothing.
 */
@ExtendWith(VertxExtension.class)
class PathVectorsIT {

    private static RecordingMlflow mlflow;
    private static TestGateway gateway;

    @BeforeAll
    static void start(Vertx vertx) throws Exception {
        mlflow = RecordingMlflow.start((connection, seen) -> connection.send(RecordingMlflow.OK));
        StubAuthService auth = StubAuthService.start(vertx).knowing(KEY, "admin");
        gateway = TestGateway.start(vertx, TestGateway.environment(mlflow.url(), auth.url()));
    }

    @AfterAll
    static void stop() throws Exception {
        gateway.stop();
        mlflow.close();
    }

    private static RawMessage answer(String line) throws Exception {
        try (RawClient caller = new RawClient(gateway.port())) {
            String artifacts = "/api/2.0/mlflow-artifacts/artifacts";
            String wire =
                    line.replace(" P", " " + artifacts).replace("NUL", "\u0000").replace("TAB", "\t");
            caller.send(wire + " HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY
                    + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            return caller.readMessage();
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\u0001',
            value = {
                "DELETE P/. | 400",
                "DELETE P/%2e | 400",
                "DELETE P/%2E | 400",
                "DELETE P/./. | 400",
                "DELETE P/.%2f | 400",
                "DELETE P/%252e | 400",
                "DELETE P/%25252e | 400",
                "DELETE P/%252%65 | 400",
                "DELETE P/.// | 400",
                "DELETE P/0/. | 400",
                "DELETE P/0/r/. | 400",
                "DELETE P/0/r/./ | 400",
                "DELETE P/0/r/.; | 400",
                "DELETE P/0/r/.%3B | 400",
                "DELETE P/%20 | 400",
                "DELETE P/ | 400",
                "DELETE P | 400",
                "DELETE P/0 | 400",
                "DELETE P/0/r | 400",
                "DELETE P/0/r/ | 400",
                "DELETE /ajax-api/2.0/mlflow-artifacts/artifacts/. | 400",
                "DELETE /mlflow/api/2.0/mlflow-artifacts/artifacts/. | 400",
                "DELETE /api/mlflow//api/2.0/mlflow-artifacts/artifacts/. | 400",
                "POST /api%2f2.0%2fmlflow%2fexperiments%2fdelete | 400",
                "POST //api/2.0/mlflow/experiments/create | 400 404",
                "POST /api/2.0/mlflow//experiments/create | 400",
                "POST /api/mlflow///api/2.0/mlflow/runs/create | 400",
                "GET P/0%2fr%2fartifacts%2fa.txt | 400",
                "GET P/%2530/r/artifacts/a.txt | 400",
                "GET P/..%2f..%2fetc%2fpasswd | 400",
                "GET P/%2e%2e/x | 400",
                "GET P/..%252f..%252fx | 400",
                "GET P/%252e%252e%252fx | 400",
                "GET P/0/r/../../x | 400",
                "GET P//etc/passwd | 400",
                "GET P/%2fetc%2fpasswd | 400",
                "GET P/file:///etc/passwd | 400",
                "GET P/file%3a%2f%2f%2fetc/passwd | 400",
                "GET P/0/r/artifacts/a.txt%23 | 400",
                "GET P/0/r/artifacts/a.txt%3fx | 400",
                "GET P/0/r/artifacts/a.txt%00 | 400",
                "GET P/a%0d%0aX:1 | 400",
                "GET P/0\\r\\a.txt | 400",
                "GET P/..\\..\\x | 400",
                "GET P/0%5cr | 400",
                "GET P/aNULb | 400",
                "GET P/aTABb | 400",
                "GET /health/../api/2.0/mlflow/experiments/search | 400",
                "GET /static-files/../api/2.0/mlflow/experiments/search | 400",
                "GET /mlflow/static-files/../api/2.0/mlflow/experiments/search | 400",
                "GET /healthz | 404",
                "get /api/2.0/mlflow/experiments/search | 400 405",
                "FOO /api/2.0/mlflow/experiments/search | 405",
                "GET /api/2.0/mlflow/experiments/create | 405",
                "GET /api/2.0/mlflow/experiments/create?_method=POST | 405",
                "OPTIONS /api/2.0/mlflow/experiments/create | 204",
                "GET /api/2.0/mlflow/experiments/search#x | 400",
                "PUT P/ | 400",
                "PUT P | 400",
                "PUT P/0/r/ | 400",
                "GET /mlflow/gateway/proxy/x/../../../api/2.0/mlflow/experiments/search | 400",
                "GET P/%c0%ae | 400",
                "GET P/% | 400",
                "GET P/%zz | 400",
                "GET P/%u002e | 400",
                "GET /mlflow/metrics | 404",
                "GET /api/2.0/mlflow/experiments/search%00 | 400"
            })
    void neverReachMlflow(String line, String statuses) throws Exception {
        // When
        RawMessage answer = answer(line);

        // Then
        assertThat(statuses.split(" ")).contains(String.valueOf(answer.status()));
        assertThat(mlflow.heads()).isEmpty();
    }
}
