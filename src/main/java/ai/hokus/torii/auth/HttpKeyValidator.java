package ai.hokus.torii.auth;

import ai.hokus.torii.config.AuthConfig;
import ai.hokus.torii.config.AuthConfig.Form;
import ai.hokus.torii.exchange.BoundedBody;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.identity.ApiKey;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.client.HttpRequest;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.ext.web.client.WebClient;
import io.vertx.ext.web.client.WebClientOptions;
import java.net.URI;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Asks the platform's auth service ({@code POST /api/v1/keys/validate}) in the configured form.
 *
 * <p>One instance an event loop, which it must be used on; the owner closes it. The answer is read up to 64 KiB, a
 * redirect is not followed, and {@link AuthAnswer} tells the answers apart.
 */
public final class HttpKeyValidator implements KeyValidator, AutoCloseable {

    private static final int MAX_ANSWER_BYTES = 64 * 1024;

    private final AuthConfig.Http config;
    private final WebClient client;
    private final RequestOptions target;

    /** Connects on demand from the event loop this is made on. */
    public HttpKeyValidator(Vertx vertx, AuthConfig.Http config) {
        this.config = config;
        URI url = config.url();
        boolean tls = "https".equalsIgnoreCase(url.getScheme());
        int millis = Math.toIntExact(config.timeout().toMillis());
        this.client = WebClient.create(
                vertx,
                new WebClientOptions()
                        .setFollowRedirects(false)
                        .setUserAgentEnabled(true)
                        .setUserAgent("torii")
                        .setSsl(tls)
                        .setVerifyHost(true)
                        .setConnectTimeout(millis)
                        .setKeepAliveTimeout(3),
                new PoolOptions().setHttp1MaxSize(config.connections()).setMaxWaitQueueSize(4096));
        String base = url.getRawPath() == null ? "" : url.getRawPath().replaceAll("/+$", "");
        this.target = new RequestOptions()
                .setMethod(HttpMethod.POST)
                .setHost(url.getHost())
                .setPort(url.getPort() >= 0 ? url.getPort() : tls ? 443 : 80)
                .setSsl(tls)
                .setURI(base + config.path())
                .setTimeout(millis);
    }

    @Override
    public Future<Answer> validate(ApiKey key, String clientIp) {
        JsonObject question = new JsonObject().put("service_id", config.serviceId());
        if (config.sendClientIp()) {
            question.put("client_ip", clientIp);
        }
        HttpRequest<Buffer> request =
                client.request(target).timeout(config.timeout().toMillis());
        if (config.form() == Form.HEADER) {
            request.bearerTokenAuthentication(key.reveal());
        } else {
            question.put("api_key", key.reveal());
            config.serviceCredential().ifPresent(own -> request.bearerTokenAuthentication(own.reveal()));
        }
        return request.as(new BoundedBody(MAX_ANSWER_BYTES))
                .sendJsonObject(question)
                // The request's own timeout starts anew with every byte that drips in.
                .timeout(config.timeout().toMillis(), TimeUnit.MILLISECONDS)
                .recover(cause -> Future.failedFuture(failure(cause)))
                .compose(HttpKeyValidator::read)
                .map(verdict -> new Answer(verdict, false));
    }

    private static Future<Verdict> read(HttpResponse<Buffer> response) {
        return AuthAnswer.read(response.statusCode(), response.getHeader("Retry-After"), response.body());
    }

    private static GatewayFailure failure(Throwable cause) {
        if (cause instanceof BoundedBody.TooLargeException) {
            return GatewayFailure.authAnswerUnreadable("its answer is over " + MAX_ANSWER_BYTES + " bytes");
        }
        if (cause instanceof TimeoutException) {
            return GatewayFailure.authTimeout(cause.getClass().getSimpleName());
        }
        return GatewayFailure.authUnavailable(cause.getClass().getSimpleName() + ": " + cause.getMessage());
    }

    /** Drops the connections. */
    @Override
    public void close() {
        client.close();
    }
}
