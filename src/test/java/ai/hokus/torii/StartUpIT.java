package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import ai.hokus.torii.support.ToriiProcess;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** How long it takes from starting the process to the first answer of MLflow's; a figure to read, not a limit. */
@ExtendWith(VertxExtension.class)
class StartUpIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final int STARTS = 5;

    @Test
    void answersSoonAfterItsStart(Vertx vertx) throws Exception {
        // Given
        StubServer mlflow = StubServer.start(vertx);
        StubAuthService auth = StubAuthService.start(vertx).knowing(KEY, "mlflow:write");
        List<Long> millis = new ArrayList<>();
        for (int i = 0; i < STARTS; i++) {

            // When
            long start = System.nanoTime();
            try (ToriiProcess torii = ToriiProcess.serve(TestGateway.environment(mlflow.url(), auth.url()));
                    RawClient caller = new RawClient(torii.apiPort())) {
                caller.send("GET /api/2.0/mlflow/runs/get HTTP/1.1\r\nHost: h\r\nX-API-Key: " + KEY + "\r\n\r\n");

                // Then
                assertThat(caller.readUntil("{}")).startsWith("HTTP/1.1 200");
                millis.add((System.nanoTime() - start) / 1_000_000);
            }
        }
        Collections.sort(millis);
        System.out.printf(
                "start to first proxied answer: median %d ms, min %d ms, max %d ms of %d starts%n",
                millis.get(STARTS / 2), millis.get(0), millis.get(STARTS - 1), STARTS);
    }
}
