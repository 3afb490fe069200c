package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.Bystander;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The four modes of slowhttptest: others are served meanwhile, and what does not move is closed. */
@NeedsPeer(program = "slowhttptest", install = "apt-get install -y slowhttptest")
@ExtendWith(VertxExtension.class)
class SlowCallersIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final int CONNECTIONS = 60;

    private TestGateway gateway;
    private Process slow;

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        gateway = TestGateway.start(
                vertx,
                StubServer.start(vertx).answering(200, "{}").url(),
                KEY,
                "TORII_API_HEAD_TIMEOUT",
                "1s",
                "TORII_API_IDLE_TIMEOUT",
                "1s",
                "TORII_FORWARD_DOWNLOAD_STALL_TIMEOUT",
                "1s");
    }

    @AfterEach
    void stop() throws Exception {
        slow.destroyForcibly().waitFor(5, TimeUnit.SECONDS);
        gateway.stop();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-H -i 1 -x 10",
                "-B -i 1 -s 8192 -t POST",
                "-R -t GET -a 10 -b 3000",
                "-X -k 10 -n 1 -z 8 -w 1 -y 8"
            })
    void othersAreServedAndWhatDoesNotMoveIsClosed(String mode) throws Exception {
        // Given
        Bystander bystander = new Bystander(gateway.port(), KEY);
        List<String> command =
                new ArrayList<>(List.of("slowhttptest", "-c", "" + CONNECTIONS, "-r", "200", "-l", "60"));
        command.addAll(List.of("-p", "60", "-u", gateway.url() + "/live"));
        command.addAll(List.of(mode.split(" ")));

        // When
        slow = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        Await.until(
                "they have come",
                () -> gateway.metric("torii_connections") > CONNECTIONS / 4
                        || gateway.metric("torii_request_seconds_count{area=\"health\"}") > CONNECTIONS / 4);

        // Then
        for (int i = 0; i < 20; i++) {
            assertThat(bystander.isServed()).isTrue();
        }
        Await.until("the gateway has closed them", () -> gateway.metric("torii_connections") == 0);
        assertThat(gateway.metric("torii_requests_in_flight")).isZero();
        assertThat(bystander.isServed()).isTrue();
    }
}
