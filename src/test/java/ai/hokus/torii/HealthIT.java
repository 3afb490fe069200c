package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.junit5.VertxExtension;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** When the gateway says that it is ready, and what it says is wrong. */
@ExtendWith(VertxExtension.class)
class HealthIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";

    /** Asks until the answer has this status; fails with the last answer after twenty seconds. */
    private static HttpResponse<Buffer> ready(TestGateway gateway, String path, int status) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        HttpResponse<Buffer> answer = gateway.manage(path);
        while (answer.statusCode() != status && System.nanoTime() < end) {
            answer = gateway.manage(path);
        }
        assertThat(answer.statusCode()).as(answer.bodyAsString()).isEqualTo(status);
        return answer;
    }

    @Test
    void isReadyOnceTheAuthServiceAndMlflowHaveAnswered(Vertx vertx) throws Exception {
        // Given
        StubServer mlflow = StubServer.start(vertx);
        TestGateway gateway = TestGateway.start(vertx, mlflow, StubAuthService.start(vertx));

        // When
        HttpResponse<Buffer> answer = ready(gateway, "/ready", 200);

        // Then
        assertThat(answer.bodyAsJsonObject().getString("status")).isIn("ok", "degraded");
        assertThat(gateway.get("/ready", (String) null).statusCode()).isEqualTo(200);
        gateway.stop();
    }

    @Test
    void isNotReadyWhileTheContractIsWrong(Vertx vertx) throws Exception {
        // Given a service that looks for the key elsewhere
        StubAuthService auth = StubAuthService.start(vertx);
        auth.lying(401, "{\"detail\":\"API key required\"}");
        TestGateway gateway = TestGateway.start(vertx, StubServer.start(vertx), auth);

        // When
        HttpResponse<Buffer> answer = ready(gateway, "/ready", 503);
        while (!answer.bodyAsString().contains("auth_contract")) {
            answer = ready(gateway, "/ready", 503);
        }

        // Then
        assertThat(answer.bodyAsString())
                .contains("\"name\":\"auth\",\"status\":\"down\",\"reason\":\"auth_contract\"");
        gateway.stop();
    }

    @Test
    void isNotReadyWhileMlflowRefusesOurHostAlthoughItsHealthIsGreen(Vertx vertx) throws Exception {
        // Given
        StubServer mlflow = StubServer.start(vertx).answering((request, response) -> {
            boolean exempt = request.uri().equals("/health") || request.uri().equals("/version");
            response.setStatusCode(exempt ? 200 : 403)
                    .putHeader("Content-Type", "text/plain")
                    .end(exempt ? "OK" : "Invalid Host header - possible DNS rebinding attack detected");
        });
        TestGateway gateway = TestGateway.start(vertx, mlflow, StubAuthService.start(vertx));

        // When
        HttpResponse<Buffer> answer = ready(gateway, "/ready", 503);
        while (!answer.bodyAsString().contains("upstream_refuses_host")) {
            answer = ready(gateway, "/ready", 503);
        }

        // Then
        assertThat(answer.bodyAsString())
                .contains("\"name\":\"mlflow\",\"status\":\"down\",\"reason\":\"upstream_refuses_host\"");
        gateway.stop();
    }

    @Test
    void staysReadyButSaysDegradedWhenADependencyFailsLater(Vertx vertx) throws Exception {
        // Given
        StubServer mlflow = StubServer.start(vertx);
        TestGateway gateway =
                TestGateway.start(vertx, mlflow, StubAuthService.start(vertx).knowing(KEY, "read"));
        ready(gateway, "/ready?strict=1", 200);

        // When
        mlflow.answering(500, "{}");
        HttpResponse<Buffer> strict = ready(gateway, "/ready?strict=1", 503);

        // Then
        HttpResponse<Buffer> lenient = gateway.manage("/ready");
        assertThat(strict.bodyAsString()).contains("\"reason\":\"upstream_broken\"");
        assertThat(lenient.statusCode()).isEqualTo(200);
        assertThat(lenient.bodyAsJsonObject().getString("status")).isEqualTo("degraded");
        gateway.stop();
    }

    @Test
    void summarisesItselfOpenlyWithoutAddresses(Vertx vertx) throws Exception {
        // Given
        StubServer mlflow = StubServer.start(vertx);
        TestGateway gateway = TestGateway.start(vertx, mlflow, StubAuthService.start(vertx));

        // When
        HttpResponse<Buffer> answer = gateway.get("/health", (String) null);

        // Then
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.bodyAsJsonObject().getJsonObject("build").getString("version"))
                .startsWith("0.");
        assertThat(answer.bodyAsJsonObject().getJsonArray("components").encode())
                .contains("\"auth\"", "\"mlflow\"", "\"artifacts\"");
        assertThat(answer.bodyAsString()).doesNotContain("127.0.0.1");
        gateway.stop();
    }
}
