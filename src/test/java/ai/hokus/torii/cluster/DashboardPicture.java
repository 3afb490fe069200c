package ai.hokus.torii.cluster;

import ai.hokus.torii.support.Pace;
import ai.hokus.torii.support.PrometheusServer;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Makes the dashboard's picture anew: some minutes of the life of two gateways, drawn from the dashboard's own queries.
 * No test, and run by its name alone: {@code mvn -B -ntp surefire:test -Dtest=DashboardPicture}.
 */
@ExtendWith(VertxExtension.class)
class DashboardPicture {

    private static final Duration SCRAPE = Duration.ofSeconds(2);

    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void draw(Vertx vertx, @TempDir Path folder) throws Exception {
        try (Scene scene = new Scene(vertx, folder, "10s")) {
            PrometheusServer prometheus = scene.watchedBy(folder, SCRAPE);
            scene.letCallersCome(vertx);
            last(15);
            Instant begin = Instant.now();
            play(scene);
            draw(prometheus, begin, Instant.now());
        }
    }

    private static void play(Scene scene) throws Exception {
        last(60);
        scene.failAuthService();
        last(75);
        scene.healAuthService();
        last(45);
        scene.refuseHost(true);
        last(50);
        scene.refuseHost(false);
        last(40);
        scene.mlflow(0).go();
        scene.redis().kill();
        scene.configure("no origin at all");
        last(35);
        scene.mlflow(0).come();
        scene.redis().startAgain();
        scene.configure("https://app.example.com");
        scene.killGateway(1);
        last(6);
        scene.startGateway(1);
        scene.crowd();
        last(40);
    }

    private static void last(long seconds) {
        Pace.hold(seconds, TimeUnit.SECONDS);
    }

    private static void draw(PrometheusServer prometheus, Instant begin, Instant end) throws Exception {
        // -B: nothing compiled is left among the sources.
        Process drawing = new ProcessBuilder(List.of(
                        "python3",
                        "-B",
                        "src/dashboard/draw.py",
                        Dashboard.FILE.toString(),
                        prometheus.url(),
                        String.valueOf(begin.getEpochSecond()),
                        String.valueOf(end.getEpochSecond()),
                        String.valueOf(SCRAPE.toSeconds()),
                        System.getProperty("torii.picture", "src/docs/dashboard.png")))
                .inheritIO()
                .start();
        if (drawing.waitFor() != 0) {
            throw new AssertionError("the picture was not drawn");
        }
    }
}
