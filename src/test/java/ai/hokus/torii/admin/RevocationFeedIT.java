package ai.hokus.torii.admin;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.config.Secret;
import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.RedisServer;
import ai.hokus.torii.support.TcpLine;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The feed behind a line that dies without a word, longer than any pool has places. */
@ExtendWith(VertxExtension.class)
@NeedsPeer(program = "redis-server", install = "apt-get install redis-server")
class RevocationFeedIT {

    private static final int MANY = 12;

    private final List<String> orders = new CopyOnWriteArrayList<>();
    private RedisServer redis;
    private TcpLine line;
    private RevocationFeed feed;

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        redis = RedisServer.start();
        line = new TcpLine(redis.port());
        feed = new RevocationFeed(
                vertx,
                new Secret(redis.url().replace(":" + redis.port(), ":" + line.port())),
                new Orders(keyId -> orders.add("revoke " + keyId), () -> orders.add("purge")),
                order -> {},
                new RevocationFeed.Pace(50, 200, 20, 100));
    }

    @AfterEach
    void stop() throws Exception {
        feed.stop();
        line.close();
        redis.close();
    }

    @Test
    void listensAgainHoweverManyConnectionsHung(Vertx vertx) {
        // Given
        line.die();
        vertx.runOnContext(v -> feed.start());
        Await.until("many connections hang", () -> line.taken() >= MANY);

        // When
        line.live();

        // Then
        Await.until("it listens", feed::isListening);
        assertThat(orders).containsExactly("purge");
    }

    @Test
    void tellsAgainHoweverManyConnectionsHung(Vertx vertx) throws Exception {
        // Given
        vertx.runOnContext(v -> feed.start());
        Await.until("it listens", feed::isListening);
        line.die();
        redis.freeze();
        Await.until("many connections hang", () -> line.taken() >= MANY);

        // When
        redis.thaw();
        line.live();
        Await.until("it listens again", feed::isListening);
        vertx.runOnContext(v -> feed.send(Broadcast.revocation("id-1")));

        // Then
        Await.until("the order arrives", () -> orders.contains("revoke id-1"));
    }
}
