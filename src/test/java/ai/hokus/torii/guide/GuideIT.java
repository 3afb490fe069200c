package ai.hokus.torii.guide;

import ai.hokus.torii.guide.GuideBlock.Mark;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.StubServer;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
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
@ExtendWith(VertxExtension.class)
class GuideIT {

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

    @ParameterizedTest
    @MethodSource("pages")
    void doesWhatThePageSays(Path page, Vertx vertx, @TempDir Path folder) throws Exception {
        // Given
        List<GuideBlock> blocks = GuidePage.blocks(page);
        GuideStage stage = GuideStage.at(folder, StubServer.start(vertx).port());
        GuideShell shell = new GuideShell(stage);

        // When all of it is run, Then it does what the page says
        shell.run(blocks);
        shell.leftOut().forEach(System.out::println);
    }
}
