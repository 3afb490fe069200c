package ai.hokus.torii.auth;

import ai.hokus.torii.config.AuthServiceConfig;
import ai.hokus.torii.config.AuthServiceConfig.Form;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.exchange.VerdictSource;
import ai.hokus.torii.tls.TlsClients;
import ai.hokus.torii.tls.TlsFault;
import ai.hokus.torii.tls.TlsWatch;
import ai.hokus.torii.wire.UpstreamWire;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.net.URI;
import java.util.List;
import java.util.concurrent.TimeoutException;

/**
 * Asks the platform's auth service ({@code POST /api/v1/keys/validate}) in the form of its {@link AuthContract}.
 *
 * <p>One instance an event loop, which it must be used on; the owner closes it. The answer is read up to 64 KiB, a
 * redirect is not followed, and {@link AuthAnswer} tells the answers apart.
 */
public final class HttpKeyValidator implements KeyValidator, AutoCloseable {

    private static final int MAX_ANSWER_BYTES = 64 * 1024;
    private static final int MAX_HEAD_BYTES = 32 * 1024;
    private static final int MAX_WAITING = 4096;

    private final Vertx vertx;
    private final AuthServiceConfig config;
    private final AuthContract contract;
    private final AuthAnswer answers;
    private final HttpClientAgent client;
    private final HttpClientAgent freshClient;
    private final RequestOptions target;
    private final Runnable unfollow;
    private Future<Form> search;

    /** Connects on demand from the event loop this is made on; the contract is shared by all loops. */
    public HttpKeyValidator(Vertx vertx, AuthServiceConfig config, AuthContract contract, TlsWatch tls) {
        this.vertx = vertx;
        this.config = config;
        this.contract = contract;
        this.answers = new AuthAnswer(config.answer());
        URI url = config.url();
        TlsClients clients = new TlsClients(url, tls);
        int millis = Math.toIntExact(config.timeout().toMillis());
        HttpClientOptions options = clients.apply(new HttpClientOptions())
                .setConnectTimeout(millis)
                .setMaxHeaderSize(MAX_HEAD_BYTES)
                .setKeepAliveTimeout(Math.toIntExact(config.keepAlive().toSeconds()));
        this.client = client(options, clients);
        this.freshClient = client(new HttpClientOptions(options).setKeepAlive(false), clients);
        this.unfollow = clients.follow(List.of(client, freshClient));
        String base = url.getRawPath() == null ? "" : url.getRawPath().replaceAll("/+$", "");
        this.target = new RequestOptions()
                .setMethod(HttpMethod.valueOf(config.question().method().name()))
                .setHost(url.getHost())
                .setPort(url.getPort() >= 0 ? url.getPort() : clients.isTls() ? 443 : 80)
                .setSsl(clients.isTls())
                .setURI(base + config.question().path())
                .setFollowRedirects(false);
    }

    private HttpClientAgent client(HttpClientOptions options, TlsClients clients) {
        return clients.apply(vertx.httpClientBuilder().with(options))
                .with(new PoolOptions().setHttp1MaxSize(config.connections()).setMaxWaitQueueSize(MAX_WAITING))
                .withConnectHandler(connection -> {
                    // An interim answer taken for the answer, or bytes behind one, would be the next key's verdict.
                    UpstreamWire.install(connection, MAX_HEAD_BYTES, MAX_ANSWER_BYTES);
                    // Without a handler a reset connection is logged as an error; the call on it notices by itself.
                    connection.exceptionHandler(cause -> {});
                })
                .build();
    }

    @Override
    public Future<Answer> validate(Inquiry inquiry) {
        Future<Verdict> verdict = contract.form()
                .map(form -> ask(form, inquiry).recover(cause -> againInAnotherForm(cause, form, inquiry)))
                .orElseGet(() -> seek().compose(form -> ask(form, inquiry)));
        return verdict.map(found -> new Answer(found, VerdictSource.CALL));
    }

    /** A service that was changed under way may understand another form now. */
    private Future<Verdict> againInAnotherForm(Throwable cause, Form form, Inquiry inquiry) {
        boolean misunderstood = GatewayFailure.from(cause).reason() == Reason.AUTH_CONTRACT;
        if (!misunderstood || !contract.mayBeSoughtAnew()) {
            return Future.failedFuture(cause);
        }
        return seek().compose(other -> other == form ? Future.failedFuture(cause) : ask(other, inquiry));
    }

    /** One search at a time for an event loop. */
    private Future<Form> seek() {
        if (search != null) {
            return search;
        }
        Future<Form> started = contract.seek((form, key) -> ask(form, new Inquiry(key, "127.0.0.1", true)));
        search = started;
        return started.onComplete(result -> search = null);
    }

    private Future<Verdict> ask(Form form, Inquiry inquiry) {
        AuthQuestion question = AuthQuestion.of(config.question(), form, inquiry);
        long millis = config.timeout().toMillis();
        long start = System.nanoTime();
        AuthCall call = new AuthCall(vertx, MAX_ANSWER_BYTES);
        return call.send(client.request(target), question, millis)
                .recover(cause -> {
                    long left = millis - (System.nanoTime() - start) / 1_000_000;
                    // The service may have closed a connection that was idle just when it was used again.
                    return call.hasDiedOfAge() && left > 0
                            ? new AuthCall(vertx, MAX_ANSWER_BYTES).send(freshClient.request(target), question, left)
                            : Future.failedFuture(cause);
                })
                .recover(cause -> Future.failedFuture(failure(cause)))
                .compose(
                        answer -> answers.read(answer.status(), answer.headers().get("Retry-After"), answer.body()));
    }

    private static GatewayFailure failure(Throwable cause) {
        if (cause instanceof AuthCall.TooLargeException) {
            return GatewayFailure.authAnswerUnreadable("its answer is over " + MAX_ANSWER_BYTES + " bytes");
        }
        if (cause instanceof TimeoutException) {
            return GatewayFailure.authTimeout(cause.getClass().getSimpleName());
        }
        return GatewayFailure.authUnavailable(TlsFault.describe(cause));
    }

    /** Drops the connections. */
    @Override
    public void close() {
        unfollow.run();
        client.close();
        freshClient.close();
    }
}
