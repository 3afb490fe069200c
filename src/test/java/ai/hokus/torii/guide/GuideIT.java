package ai.hokus.torii.guide;

import ai.hokus.torii.guide.GuideBlock.Mark;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.StubServer;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs the commands of the operator's pages as they stand there, and looks whether they print what the pages say. */
@Tag("cluster")
@NeedsPeer(program = "curl", install = "apt-get install curl")
@NeedsPeer(program = "openssl", install = "apt-get install openssl")
@NeedsPeer(program = "redis-server", install = "apt-get install redis-server")
@NeedsPeer(program = "setsid", install = "apt-get install util-linux")
@ExtendWith(VertxExtension.class)
class GuideIT {

    /** Pages mostly wait, for a JVM to start or a file to be looked at: so some of them run side by side. */
    private static final int AT_ONCE = 4;

    private static final Map<Path, Future<?>> PAGES = new LinkedHashMap<>();
    private static ExecutorService threads;

    static Stream<Path> pages() throws IOException {
        return GuidePage.all().filter(GuideIT::hasCommands);
    }

    private static boolean hasCommands(Path page) {
        try {
            return GuidePage.blocks(page).stream().anyMatch(block -> block.mark() == Mark.RUN);
        } catch (IOException e) {
            throw new AssertionError(page.toString(), e);
        }
    }

    @BeforeAll
    static void begin(Vertx vertx, @TempDir Path root) throws Exception {
        threads = Executors.newFixedThreadPool(AT_ONCE);
        int mlflow = StubServer.start(vertx).port();
        for (Path page : pages().toList()) {
            Path folder = Files.createDirectory(root.resolve(page.getFileName()));
            List<GuideBlock> blocks = GuidePage.blocks(page);
            GuideShell shell = new GuideShell(GuideStage.at(folder, mlflow));
            PAGES.put(page, threads.submit(() -> {
                shell.run(blocks);
                shell.leftOut().forEach(System.out::println);
                return null;
            }));
        }
    }

    @AfterAll
    static void end() {
        threads.shutdownNow();
    }

    @ParameterizedTest
    @MethodSource("pages")
    void doesWhatThePageSays(Path page) throws Throwable {
        try {
            PAGES.get(page).get();
        } catch (ExecutionException e) {
            throw e.getCause();
        }
    }
}
