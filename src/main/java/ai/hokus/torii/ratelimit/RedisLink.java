package ai.hokus.torii.ratelimit;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.redis.client.Command;
import io.vertx.redis.client.Redis;
import io.vertx.redis.client.RedisConnection;
import io.vertx.redis.client.RedisOptions;
import io.vertx.redis.client.Request;
import io.vertx.redis.client.Response;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One event loop's connection to Redis, on which calls of the script follow each other without waiting for answers.
 *
 * <ol>
 *   <li>A call is answered within its time, or fails; a call that was not answered in its time ends the connection, and
 *       with it all calls that wait behind it.
 *   <li>Without a connection a call fails at once.
 *   <li>A connection that ended is made anew by itself, after pauses that double.
 *   <li>A Redis that has forgotten the script, or never knew it, is told it.
 * </ol>
 *
 * <p>Used on one event loop; its user closes it.
 */
final class RedisLink {

    private static final String SCRIPT = script();
    private static final String PROBE = "torii:ratelimit:{}";
    private static final long FIRST_PAUSE_MILLIS = 100;
    private static final long LONGEST_PAUSE_MILLIS = 5000;
    private static final long CONNECT_MILLIS = 2000;
    private static final int LOOKS = 10;
    private static final int MOST_WAITING = 100_000;

    private final Vertx vertx;
    private final RedisOptions options;
    private final Outages outages;
    private final long timeoutNanos;
    private final long lookMillis;
    private final Deque<Call> calls = new ArrayDeque<>();
    private long pauseMillis = FIRST_PAUSE_MILLIS;
    private Redis client;
    private RedisConnection connection;
    private String digest;
    private boolean isLooking;
    private boolean isTold;
    private boolean isClosed;

    /** Somebody who waits since a time of {@link System#nanoTime()}. */
    private record Call(Promise<Response> answer, long sinceNanos) {}

    /** Connects to nothing yet. */
    RedisLink(Vertx vertx, RedisOptions options, long timeoutMillis, Outages outages) {
        this.vertx = vertx;
        this.options = options;
        this.outages = outages;
        this.timeoutNanos = TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        this.lookMillis = Math.max(1, timeoutMillis / LOOKS);
        options.setMaxWaitingHandlers(MOST_WAITING);
        outages.away();
    }

    private static String script() {
        try (InputStream in = RedisLink.class.getResourceAsStream("take.lua")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean isUp() {
        return connection != null;
    }

    /** A client of its own for each attempt: one whose connection hangs never gets its place in the pool back. */
    void connect() {
        if (isClosed) {
            return;
        }
        Redis attempt = Redis.createClient(vertx, options);
        client = attempt;
        attempt.connect()
                .compose(this::tellScript)
                .timeout(CONNECT_MILLIS, TimeUnit.MILLISECONDS)
                .onComplete(made -> up(attempt, made), cause -> down(attempt, why(cause)));
    }

    /** Runs it once as well: one that may not, or cannot at the moment, counts for nobody. */
    private Future<RedisConnection> tellScript(RedisConnection made) {
        return made.send(Request.cmd(Command.SCRIPT).arg("LOAD").arg(SCRIPT))
                .compose(sha -> {
                    digest = sha.toString();
                    return made.send(call(Command.EVALSHA, digest, PROBE, 1, 0));
                })
                .map(made);
    }

    private void up(Redis attempt, RedisConnection made) {
        if (attempt != client || isClosed) {
            attempt.close();
            return;
        }
        made.exceptionHandler(cause -> down(attempt, why(cause)));
        made.endHandler(v -> down(attempt, "the connection ended"));
        connection = made;
        pauseMillis = FIRST_PAUSE_MILLIS;
        isTold = false;
        outages.back();
    }

    /** Once for each client, however it was lost. */
    private void down(Redis lost, String why) {
        if (lost != client) {
            return;
        }
        if (connection != null) {
            outages.away();
        }
        client = null;
        connection = null;
        lost.close();
        List<Call> waiting = new ArrayList<>(calls);
        calls.clear();
        if (!isClosed) {
            if (!isTold) {
                isTold = true;
                outages.lost(why);
            }
            vertx.setTimer(pauseMillis, id -> connect());
            pauseMillis = Math.min(LONGEST_PAUSE_MILLIS, pauseMillis * 2);
        }
        waiting.forEach(call -> call.answer().tryFail(why));
    }

    /** Nothing that Redis or the network says is quoted: it may hold the address with its password. */
    private static String why(Throwable cause) {
        String text = String.valueOf(cause.getMessage());
        boolean isRefusal = text.matches("[A-Z]{3,20} .*");
        return cause.getClass().getSimpleName() + (isRefusal ? " " + text.substring(0, text.indexOf(' ')) : "");
    }

    /**
     * Runs the script on a key.
     *
     * @param sinceNanos since when somebody waits for this, by {@link System#nanoTime()}
     * @return Redis' answer; fails when there is none in time
     */
    Future<Response> take(String key, long perHour, int wanted, long sinceNanos) {
        if (connection == null) {
            return Future.failedFuture("not connected");
        }
        Redis asked = client;
        Call call = new Call(Promise.promise(), sinceNanos);
        calls.add(call);
        look();
        send(Command.EVALSHA, digest, key, perHour, wanted)
                .recover(cause -> String.valueOf(cause.getMessage()).startsWith("NOSCRIPT") && asked == client
                        ? send(Command.EVAL, SCRIPT, key, perHour, wanted)
                        : Future.failedFuture(cause))
                .onComplete(
                        answer -> {
                            call.answer().tryComplete(answer);
                            forgetAnswered();
                        },
                        cause -> down(asked, why(cause)));
        return call.answer().future();
    }

    private Future<Response> send(Command command, String script, String key, long perHour, int wanted) {
        return connection.send(call(command, script, key, perHour, wanted));
    }

    private static Request call(Command command, String script, String key, long perHour, int wanted) {
        return Request.cmd(command).arg(script).arg(1).arg(key).arg(perHour).arg(wanted);
    }

    /** Answers come in order, but for those that needed the script once more. */
    private void forgetAnswered() {
        while (!calls.isEmpty() && calls.peek().answer().future().isComplete()) {
            calls.poll();
        }
    }

    /** One timer for all calls, and none while there is none. */
    private void look() {
        if (isLooking) {
            return;
        }
        isLooking = true;
        vertx.setTimer(lookMillis, id -> {
            if (isLate()) {
                // Perhaps it is this event loop that was held up, and the answer waits to be read.
                Redis asked = client;
                vertx.setTimer(1, again -> {
                    isLooking = false;
                    if (asked == client && isLate()) {
                        down(asked, "no answer in time");
                    } else if (!calls.isEmpty()) {
                        look();
                    }
                });
                return;
            }
            isLooking = false;
            if (!calls.isEmpty()) {
                look();
            }
        });
    }

    /** Whether somebody would have waited too long by the next look. */
    private boolean isLate() {
        long latest = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(lookMillis) - timeoutNanos;
        return calls.stream().anyMatch(call -> !call.answer().future().isComplete() && call.sinceNanos() - latest < 0);
    }

    /** Connects no more; calls that wait fail. */
    void close() {
        isClosed = true;
        if (connection == null) {
            outages.gone();
        }
        if (client != null) {
            Redis last = client;
            connection = null;
            down(last, "closed");
        }
    }
}
