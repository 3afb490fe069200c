package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.config.ConfigLoader;
import ai.hokus.torii.config.GatewayConfig;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(VertxExtension.class)
class OpenFilesTest {

    private static GatewayConfig config(Vertx vertx) throws Exception {
        return new ConfigLoader(vertx)
                .load(
                        Optional.empty(),
                        TestGateway.environment(
                                "http://mlflow.test", "http://auth.test", "TORII_LISTENER_MAX_CONNECTIONS", "2000"))
                .await(5, TimeUnit.SECONDS)
                .config();
    }

    @Test
    void warnsWhenTheSystemAllowsFewerFilesThanTheSettingsConnections(Vertx vertx) throws Exception {
        assertThat(OpenFiles.shortage(1024, config(vertx)))
                .hasValueSatisfying(text -> assertThat(text).contains("1024", "2000", "listener.max-connections"));
    }

    @Test
    void saysNothingWhenThereAreEnough(Vertx vertx) throws Exception {
        assertThat(OpenFiles.shortage(4096, config(vertx))).isEmpty();
    }

    @Test
    void asksTheSystem() {
        assertThat(OpenFiles.limit())
                .hasValueSatisfying(limit -> assertThat(limit).isPositive());
    }
}
