package ai.hokus.torii.support;

import ai.hokus.torii.Gateway;
import ai.hokus.torii.Reload;
import ai.hokus.torii.config.ConfigLoader;
import ai.hokus.torii.config.Loaded;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.client.HttpRequest;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.ext.web.client.WebClient;
import io.vertx.ext.web.client.WebClientOptions;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The whole gateway in this JVM, on free loopback ports, configured by an environment; and a client for it. */
public final class TestGateway {

    private static final int MOST_AT_ONCE = 1000;

    private final Gateway gateway;
    private final WebClient client;

    private TestGateway(Vertx vertx, Gateway gateway) {
        this.gateway = gateway;
        this.client = WebClient.create(
                vertx,
                new WebClientOptions().setFollowRedirects(false).setUserAgentEnabled(false),
                new PoolOptions().setHttp1MaxSize(MOST_AT_ONCE));
    }

    /** The environment of a gateway in front of these two, on free ports, one event loop; then names and values. */
    public static Map<String, String> environment(String mlflow, String authService, String... settings) {
        Map<String, String> environment = new HashMap<>(Map.of(
                "API_HOST", "127.0.0.1",
                "API_PORT", "0",
                "TORII_API_INSTANCES", "1",
                "TORII_MANAGEMENT_PORT", "0",
                "TORII_DRAIN_DELAY", "0s",
                "TORII_DRAIN_GRACE", "5s",
                "MLFLOW_SERVER_URL", mlflow));
        if (authService != null) {
            environment.put("HOKUSAI_AUTH_SERVICE_URL", authService);
        }
        for (int i = 0; i < settings.length; i += 2) {
            environment.put(settings[i], settings[i + 1]);
        }
        return environment;
    }

    /** Starts and waits until it listens; the files that the environment names are followed. */
    public static TestGateway start(Vertx vertx, Map<String, String> environment) throws Exception {
        ConfigLoader loader = new ConfigLoader(vertx, Gateway::problems);
        Loaded first = loader.load(Optional.empty(), environment).await(10, TimeUnit.SECONDS);
        Gateway gateway = Gateway.start(vertx, first.config()).await(10, TimeUnit.SECONDS);
        Reload.start(vertx, gateway, first, () -> loader.load(Optional.empty(), environment))
                .await(10, TimeUnit.SECONDS);
        return new TestGateway(vertx, gateway);
    }

    public static TestGateway start(Vertx vertx, StubServer mlflow, StubAuthService auth) throws Exception {
        return start(vertx, environment(mlflow.url(), auth.url()));
    }

    /** In front of this MLflow and an auth service that knows this key; then names and values of settings. */
    public static TestGateway start(Vertx vertx, String mlflow, String key, String... settings) throws Exception {
        String auth = StubAuthService.start(vertx).knowing(key, "mlflow:write").url();
        return start(vertx, environment(mlflow, auth, settings));
    }

    public int port() {
        return gateway.apiPort();
    }

    public int managementPort() {
        return gateway.managementPort();
    }

    public String url() {
        return "http://127.0.0.1:" + port();
    }

    public Gateway gateway() {
        return gateway;
    }

    /** A request to the api listener, not sent yet. */
    public HttpRequest<Buffer> request(HttpMethod method, String uri) {
        return client.request(method, port(), "127.0.0.1", uri);
    }

    /** Sends a GET with this key as bearer token (null: without a key) and waits for the answer. */
    public HttpResponse<Buffer> get(String uri, String key) throws Exception {
        HttpRequest<Buffer> request = request(HttpMethod.GET, uri);
        if (key != null) {
            request.bearerTokenAuthentication(key);
        }
        return request.send().await(10, TimeUnit.SECONDS);
    }

    /** Sends a GET with these header fields and waits for the answer. */
    public HttpResponse<Buffer> get(String uri, MultiMap headers) throws Exception {
        return request(HttpMethod.GET, uri).putHeaders(headers).send().await(10, TimeUnit.SECONDS);
    }

    /** A GET on the management listener. */
    public HttpResponse<Buffer> manage(String uri) throws Exception {
        return client.get(managementPort(), "127.0.0.1", uri).send().await(10, TimeUnit.SECONDS);
    }

    /** The same with a field {@code Accept}. */
    public HttpResponse<Buffer> manage(String uri, String accept) throws Exception {
        return client.get(managementPort(), "127.0.0.1", uri)
                .putHeader("Accept", accept)
                .send()
                .await(10, TimeUnit.SECONDS);
    }

    /** An order of an operator's with this admin token (null: without one). */
    public HttpResponse<Buffer> order(HttpMethod method, String uri, String token) throws Exception {
        HttpRequest<Buffer> request = client.request(method, managementPort(), "127.0.0.1", uri);
        if (token != null) {
            request.bearerTokenAuthentication(token);
        }
        return request.send().await(10, TimeUnit.SECONDS);
    }

    /** An order with a body, by POST. */
    public HttpResponse<Buffer> order(String uri, String token, String body) throws Exception {
        return client.post(managementPort(), "127.0.0.1", uri)
                .bearerTokenAuthentication(token)
                .sendBuffer(Buffer.buffer(body))
                .await(10, TimeUnit.SECONDS);
    }

    /** The value of this series in the metrics; 0 when it is not there. */
    public double metric(String series) throws Exception {
        return manage("/metrics")
                .bodyAsString()
                .lines()
                .filter(line -> line.startsWith(series + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
                .sum();
    }

    /** The reason field of an error answer. */
    public static String reason(HttpResponse<Buffer> response) {
        return new JsonObject(response.body()).getString("reason");
    }

    public void stop() throws Exception {
        gateway.drain().await(10, TimeUnit.SECONDS);
    }
}
