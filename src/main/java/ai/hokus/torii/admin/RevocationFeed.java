package ai.hokus.torii.admin;

import ai.hokus.torii.config.Secret;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.RedisConnection;
import io.vertx.redis.client.RedisOptions;
import io.vertx.redis.client.Request;
import io.vertx.redis.client.Response;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries orders between replicas through Redis: publishes those of this one, obeys those of the others.
 *
 * <ol>
 *   <li>Publish and subscribe keep nothing for who does not listen, so every subscription begins with forgetting all
 *       verdicts: what was ordered in between may have been missed.
 *   <li>A heartbeat through Redis to oneself proves that one still hears; a connection that is silently dead is found
 *       within three beats and made anew.
 *   <li>Nothing here keeps the gateway from starting or serving; without Redis a revocation is in force in the other
 *       replicas when their verdicts end.
 * </ol>
 *
 * <p>Used on the event loop it was started on; {@link #isListening} from any thread. Whoever starts it stops it.
 */
public final class RevocationFeed implements Broadcast {

    private static final Logger LOG = LoggerFactory.getLogger(RevocationFeed.class);
    private static final String CHANNEL = "torii:revocations";
    private static final int MISSED_BEATS = 3;

    /** What {@code counted} is told of. */
    public static final List<String> ORDERS = List.of("revoke", "purge", "resubscribed");

    private static final Pace USUAL = new Pace(1000, 2000, 250, 5000);

    private final Pace pace;
    private final Vertx vertx;
    private final Secret address;
    private final Orders orders;
    private final Consumer<String> counted;
    private final String ownChannel = CHANNEL + ":" + UUID.randomUUID();
    private volatile boolean listening;
    private Redis subscriber;
    private Redis publisher;
    private int missedBeats;
    private long retryMillis;
    private boolean stopped;

    /**
     * How often and how long, in milliseconds.
     *
     * @param beat between two heartbeats
     * @param answer longest wait for Redis
     * @param retry before the first new try; doubled with each
     * @param longestRetry before any
     */
    record Pace(long beat, long answer, long retry, long longestRetry) {}

    /**
     * Connects to nothing yet.
     *
     * @param address a {@code redis://} or {@code rediss://} address
     * @param orders what the others may order here
     * @param counted hears of every order from outside: {@code revoke}, {@code purge}, or {@code resubscribed}
     */
    public RevocationFeed(Vertx vertx, Secret address, Orders orders, Consumer<String> counted) {
        this(vertx, address, orders, counted, USUAL);
    }

    RevocationFeed(Vertx vertx, Secret address, Orders orders, Consumer<String> counted, Pace pace) {
        this.pace = pace;
        this.retryMillis = pace.retry();
        this.vertx = vertx;
        this.address = address;
        this.orders = orders;
        this.counted = counted;
        this.publisher = client();
    }

    /** A client of its own for each attempt: one whose connection hangs never gets its place in the pool back. */
    private Redis client() {
        RedisOptions options = new RedisOptions().setConnectionString(address.reveal());
        options.getNetClientOptions().setHostnameVerificationAlgorithm("HTTPS");
        return Redis.createClient(vertx, options);
    }

    /** Listens from now on, at once or when Redis comes. */
    public void start() {
        vertx.setPeriodic(pace.beat(), id -> {
            if (stopped) {
                vertx.cancelTimer(id);
            } else if (listening) {
                beat();
            }
        });
        subscribe();
    }

    /** Whether the orders of other replicas arrive here. */
    public boolean isListening() {
        return listening;
    }

    private void subscribe() {
        if (stopped) {
            return;
        }
        Redis client = client();
        subscriber = client;
        client.connect()
                .compose(made -> subscribe(client, made))
                .timeout(pace.answer(), TimeUnit.MILLISECONDS)
                .onComplete(
                        confirmed -> subscribed(client),
                        cause -> lost(client, cause.getClass().getSimpleName()));
    }

    private Future<?> subscribe(Redis client, RedisConnection made) {
        made.handler(this::heard);
        made.exceptionHandler(cause -> lost(client, cause.getClass().getSimpleName()));
        made.endHandler(v -> lost(client, "the connection ended"));
        return made.send(Request.cmd(Command.SUBSCRIBE).arg(CHANNEL).arg(ownChannel));
    }

    private void subscribed(Redis client) {
        if (client != subscriber || stopped) {
            return;
        }
        listening = true;
        missedBeats = 0;
        retryMillis = pace.retry();
        orders.purge().run();
        counted.accept("resubscribed");
        LOG.info("listens for revocations of other replicas; what may have been missed is forgotten");
    }

    /** Once for each client, however it was lost. */
    private void lost(Redis client, String why) {
        if (client != subscriber) {
            return;
        }
        subscriber = null;
        listening = false;
        client.close();
        if (stopped) {
            return;
        }
        LOG.warn("revocations of other replicas do not arrive: {}; tried again in {} ms", why, retryMillis);
        vertx.setTimer(retryMillis, id -> subscribe());
        retryMillis = Math.min(pace.longestRetry(), retryMillis * 2);
    }

    private void beat() {
        missedBeats++;
        if (missedBeats > MISSED_BEATS) {
            lost(subscriber, "no heartbeat came back");
        } else {
            publish(ownChannel, "beat")
                    .onFailure(cause ->
                            LOG.debug("no heartbeat sent: {}", cause.getClass().getSimpleName()));
        }
    }

    @Override
    public Future<Void> send(JsonObject order) {
        return publish(CHANNEL, order.encode()).mapEmpty();
    }

    private Future<Response> publish(String channel, String text) {
        Redis client = publisher;
        return client.send(Request.cmd(Command.PUBLISH).arg(channel).arg(text))
                .timeout(pace.answer(), TimeUnit.MILLISECONDS)
                .onFailure(cause -> {
                    if (client == publisher && !stopped) {
                        publisher = client();
                        client.close();
                    }
                });
    }

    /** A message is a list: its kind, the channel, the text. */
    private void heard(Response message) {
        boolean isMessage = message != null && message.size() == 3 && "message".equals(String.valueOf(message.get(0)));
        if (!isMessage) {
            return;
        }
        if (ownChannel.equals(message.get(1).toString())) {
            missedBeats = 0;
            return;
        }
        obey(message.get(2).toString());
    }

    private void obey(String text) {
        JsonObject order;
        try {
            order = new JsonObject(text);
        } catch (DecodeException e) {
            order = new JsonObject();
        }
        if (order.getValue("revoke") instanceof String keyId) {
            orders.revoke().accept(keyId);
            counted.accept("revoke");
        } else {
            // A purge, or an order of a version to come: forgetting too much is never wrong.
            orders.purge().run();
            counted.accept("purge");
        }
    }

    /** Listens no more. */
    public void stop() {
        stopped = true;
        listening = false;
        publisher.close();
        if (subscriber != null) {
            subscriber.close();
        }
    }
}
