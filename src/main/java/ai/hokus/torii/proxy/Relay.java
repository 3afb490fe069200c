package ai.hokus.torii.proxy;

import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Route;
import ai.hokus.torii.wire.UpstreamWire;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.List;

/**
 * One exchange with MLflow: the connection, the request by {@link Upload}, the answer by {@link Download}. Its states
 * and every way it can end are drawn in {@code src/docs/relay.md}.
 *
 * <p>Whatever ends it first, ends it: what comes later changes nothing. A connection to MLflow whose request did not go
 * out whole, or whose answer did not come whole, is reset, so that MLflow never takes a part for the whole and no later
 * exchange gets the rest.
 */
final class Relay implements Upload.Listener {

    private enum State {
        CONNECTING,
        SENDING,
        WAITING,
        ANSWERING,
        ENDED
    }

    private final ForwardStage stage;
    private final Exchange exchange;
    private final HttpServerRequest in;
    private final RequestBody body;
    private final Deadline deadline;
    private final Interims interims;
    private final Guard guard = new Guard(this::fail);
    private final Promise<Void> done = Promise.promise();

    private State state = State.CONNECTING;
    private Passage passage;
    private Lease lease;
    private HttpClientRequest out;
    private UpstreamWire wire;
    private Upload upload;
    private Download download;
    private long sendNanos;
    private boolean headSent;
    private boolean sentWhole;
    private boolean retried;

    Relay(ForwardStage stage, Exchange exchange, RequestBody body) {
        this.stage = stage;
        this.exchange = exchange;
        this.in = exchange.request();
        this.body = body;
        this.deadline = new Deadline(stage.deadlines());
        this.interims = new Interims(stage.vertx(), exchange);
    }

    Future<Void> run() {
        exchange.onCallerGone(this::callerGone);
        if (state != State.ENDED) {
            connect();
        }
        return done.future();
    }

    private void connect() {
        Route route = exchange.route().orElseThrow();
        state = State.CONNECTING;
        sendNanos = System.nanoTime();
        Future<Lease> connection = retried
                ? stage.pool().requestOnFreshConnection(in.method(), route.target(), lease.replica())
                : stage.pool().request(in.method(), route.target());
        connection.onComplete(guard.handler(this::connected));
    }

    private void connected(AsyncResult<Lease> result) {
        exchange.waitNanos(System.nanoTime() - sendNanos);
        if (result.failed()) {
            fail(UpstreamFault.connecting(result.cause(), stage.pool().address()));
            return;
        }
        lease = result.result();
        out = lease.request();
        headSent = false;
        // Without a handler every abort is logged as an error; the response future tells the same.
        out.exceptionHandler(cause -> {});
        if (state == State.ENDED) {
            putBack();
            return;
        }
        wire = UpstreamWire.of(out.connection());
        exchange.upstream(lease.replica().name());
        passage = Passage.of(exchange, lease.replica().authority());
        stage.headers().request().copy(passage, in.headers(), out.headers());
        out.response().onComplete(guard.handler(this::answered));
        state = State.SENDING;
        headSent = true;
        wire.meter();
        upload = new Upload(stage, exchange, out, this);
        upload.start(body);
    }

    @Override
    public void sentWhole() {
        sentWhole = true;
        closeSpool();
        if (state != State.SENDING) {
            return;
        }
        state = State.WAITING;
        Duration limit = exchange.operation().isArtifactTransfer()
                ? stage.config().artifactHeadTimeout()
                : stage.config().headTimeout();
        deadline.start(
                limit,
                guard.action(() -> fail(GatewayFailure.upstreamTimeout(
                        exchange.upstream() + " sent no answer for " + limit.toSeconds() + " s"))));
        interims.start(stage.config().interimInterval());
    }

    @Override
    public void failed(Throwable failure) {
        // An answer that has begun decides alone how it ends.
        if (state != State.ANSWERING) {
            fail(failure);
        }
    }

    private void answered(AsyncResult<HttpClientResponse> result) {
        if (state == State.ENDED) {
            return;
        }
        deadline.cancel();
        interims.stop();
        if (result.failed()) {
            if (mayRetry()) {
                retried = true;
                lease.died();
                connect();
            } else {
                fail(UpstreamFault.answering(result.cause(), exchange.upstream()));
            }
            return;
        }
        exchange.upstreamNanos(System.nanoTime() - sendNanos);
        HttpClientResponse answer = result.result();
        GatewayFailure refusal = unfit(answer);
        if (refusal != null) {
            // Else the reset is logged as an error.
            answer.exceptionHandler(cause -> {});
            fail(refusal);
            return;
        }
        state = State.ANSWERING;
        upload.answered();
        download = new Download(stage, exchange, passage, answer, this::answerWhole);
        download.run().onComplete(guard.handler(passed -> {
            if (passed.failed()) {
                fail(passed.cause());
            } else {
                done.tryComplete();
            }
        }));
    }

    /**
     * Only what cannot have changed anything is sent again, once: no body, a safe method, on a connection that died
     * without a byte of an answer. One that had served before has lost the race with uvicorn's keep-alive timer; one that
     * had not tells of a server that is ending, so that only another server is asked.
     */
    private boolean mayRetry() {
        boolean safe = in.method() == HttpMethod.GET || in.method() == HttpMethod.HEAD;
        boolean mayGo = safe && body instanceof RequestBody.None && !retried && !wire.hasAnswerBegun();
        return mayGo && (wire.isReused() || stage.pool().hasOther(lease.replica()));
    }

    /** Why an answer cannot be passed on; null when it can. */
    private GatewayFailure unfit(HttpClientResponse answer) {
        int status = answer.statusCode();
        String from = exchange.upstream();
        if (status < 200 || status > 599) {
            return GatewayFailure.upstreamBroken(from + " answered " + status);
        }
        List<String> codings = answer.headers().getAll(HttpHeaders.TRANSFER_ENCODING);
        if (!codings.isEmpty() && !(codings.size() == 1 && codings.get(0).trim().equalsIgnoreCase("chunked"))) {
            // Netty takes off chunked alone, and reads what does not end in it until the connection closes.
            return GatewayFailure.upstreamBroken(from + " answered in the transfer codings " + codings);
        }
        if (status == 401 && !isOfAProvider(answer)) {
            return GatewayFailure.upstreamRefusesAccount();
        }
        boolean read = in.method() == HttpMethod.GET || in.method() == HttpMethod.HEAD;
        if (status >= 300 && status < 400 && status != 304 && !read) {
            // The Python client follows a redirected PUT as GET and believes the upload succeeded.
            return GatewayFailure.upstreamBroken(from + " answered a write with a redirect (" + status + ")");
        }
        return null;
    }

    /** A 401 behind MLflow's AI gateway is the model provider's, unless it asks for a login as MLflow does. */
    private boolean isOfAProvider(HttpClientResponse answer) {
        return exchange.operation().area().equals("ai-gateway")
                && answer.headers().getAll("WWW-Authenticate").stream()
                        .noneMatch(challenge -> challenge.regionMatches(true, 0, "Basic", 0, 5));
    }

    /** MLflow's answer has come whole; an answer to a request that has not gone out whole leaves its connection unusable. */
    private void answerWhole() {
        if (state == State.ENDED) {
            return;
        }
        state = State.ENDED;
        upload.stop();
        if (sentWhole) {
            lease.giveBack();
        } else {
            lease.cut();
        }
        closeSpool();
    }

    /** Nothing was written on it, so that the pool may have it back. */
    private void putBack() {
        out.reset();
        lease.giveBack();
    }

    private void fail(Throwable failure) {
        if (end()) {
            done.tryFail(failure);
        }
    }

    private void callerGone() {
        if (end()) {
            done.tryComplete();
        }
    }

    private boolean end() {
        if (state == State.ENDED) {
            return false;
        }
        state = State.ENDED;
        deadline.cancel();
        interims.stop();
        if (upload != null) {
            upload.stop();
        }
        if (download != null) {
            download.stop();
        }
        if (headSent) {
            lease.cut();
        } else if (out != null) {
            putBack();
        }
        closeSpool();
        return true;
    }

    private void closeSpool() {
        if (body instanceof RequestBody.Spooled spooled) {
            spooled.file().close();
        }
    }
}
