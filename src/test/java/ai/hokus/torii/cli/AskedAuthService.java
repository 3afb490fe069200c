package ai.hokus.torii.cli;

import static java.util.concurrent.TimeUnit.SECONDS;

import ai.hokus.torii.auth.FileKeyValidator;
import ai.hokus.torii.auth.KeyFile;
import ai.hokus.torii.auth.KeyFile.Key;
import ai.hokus.torii.cli.AuthServiceContract.Form;
import ai.hokus.torii.config.AuthConfig;
import ai.hokus.torii.config.Secret;
import ai.hokus.torii.identity.ApiKey;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.client.HttpRequest;
import io.vertx.ext.web.client.HttpResponse;
import io.vertx.ext.web.client.WebClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** An auth service of this JVM on a free port, its keys, and a client for it; Vert.x' end is its end. */
final class AskedAuthService {

    static final String GOOD = "hk_test_good0123456789abcdefghijklmnop";
    static final String PLAIN = "hk_test_plain123456789abcdefghijklmnop";

    private static final String VALIDATE = "/api/v1/keys/validate";

    private final WebClient client;
    private final int port;

    private AskedAuthService(WebClient client, int port) {
        this.client = client;
        this.port = port;
    }

    private static Key entry(String key, Instant expires, Instant revoked) {
        return new Key(
                "id-" + key.substring(8, 12),
                "",
                KeyFile.digest(ApiKey.parse(key).orElseThrow()),
                "ada",
                Set.of("mlflow:write", "model:read"),
                OptionalLong.of(1000),
                Instant.EPOCH,
                Optional.ofNullable(expires),
                Optional.ofNullable(revoked));
    }

    /** Starts in this form; it knows GOOD and PLAIN, and two keys that are expired and revoked. */
    static AskedAuthService start(Vertx vertx, Path folder, Form form) throws Exception {
        Path file = folder.resolve("keys.yaml");
        Key plain = new Key(
                "id-plain",
                "",
                KeyFile.digest(ApiKey.parse(PLAIN).orElseThrow()),
                "",
                Set.of(),
                OptionalLong.empty(),
                Instant.EPOCH,
                Optional.empty(),
                Optional.empty());
        Files.write(
                file,
                new KeyFile(List.of(
                                entry(GOOD, Instant.parse("2099-01-01T00:00:00Z"), null),
                                entry("hk_test_gone0123456789", Instant.EPOCH, null),
                                entry("hk_test_back0123456789", null, Instant.EPOCH),
                                plain))
                        .bytes());
        FileKeyValidator keys = new FileKeyValidator(
                vertx, new AuthConfig.KeyFile(file, Duration.ofMillis(50)), Clock.systemUTC(), () -> {});
        keys.start().await(5, SECONDS);
        Optional<Secret> credential =
                form == Form.SERVICE ? Optional.of(new Secret("own-credential")) : Optional.empty();
        AuthServiceListener listener = new AuthServiceListener(
                vertx, new AuthServiceContract(new AuthServiceContract.Terms(form, "platform", credential), keys));
        return new AskedAuthService(
                WebClient.create(vertx), listener.listen("127.0.0.1", 0).await(5, SECONDS));
    }

    /** A request that is not sent yet. */
    HttpRequest<Buffer> request(HttpMethod method, String path) {
        return client.request(method, port, "127.0.0.1", path);
    }

    /** The answer to one question; null for no Authorization field. */
    HttpResponse<Buffer> ask(String authorization, String body) throws Exception {
        HttpRequest<Buffer> request = request(HttpMethod.POST, VALIDATE);
        if (authorization != null) {
            request.putHeader("Authorization", authorization);
        }
        return request.sendBuffer(Buffer.buffer(body)).await(5, SECONDS);
    }

    /** GOOD, SID and KEY stand for what they name. */
    static String full(String text) {
        return text.replace("GOOD", GOOD)
                .replace("SID", "\"service_id\":\"platform\"")
                .replace("KEY", "\"api_key\"");
    }
}
