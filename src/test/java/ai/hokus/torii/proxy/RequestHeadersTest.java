package ai.hokus.torii.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.config.MlflowConfig;
import ai.hokus.torii.config.MlflowConfig.BasicCredential;
import ai.hokus.torii.config.PeerTls;
import ai.hokus.torii.config.Secret;
import ai.hokus.torii.exchange.RequestHead;
import ai.hokus.torii.exchange.TraceContext;
import ai.hokus.torii.identity.Principal;
import ai.hokus.torii.tls.PemFiles;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The rules on their own; that a running gateway applies them is tested elsewhere. */
class RequestHeadersTest {

    private static final Principal ADA =
            new Principal("key-1", "ada", Set.of(), Set.of(), OptionalLong.empty(), Optional.empty());

    private static final TraceContext TRACE =
            new TraceContext("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "ours=1");

    private static MultiMap copied(MultiMap sent) {
        return copied(sent, Optional.empty());
    }

    private static MultiMap copied(MultiMap sent, Optional<BasicCredential> credential) {
        RequestHeaders rules = new RequestHeaders(new MlflowConfig(
                new MlflowConfig.Upstreams(
                        List.of(URI.create("http://mlflow.test:5000")),
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(2),
                        2),
                Optional.empty(),
                true,
                credential,
                new PeerTls(PemFiles.NONE, Duration.ofSeconds(10))));
        RequestHead head = new RequestHead(HttpVersion.HTTP_1_1, HttpMethod.GET, "/api/mlflow/x", sent);
        MultiMap to = HttpHeaders.headers();
        rules.copy(
                new Passage(head, true, "10.0.0.9", "id-1", TRACE, Optional.of(ADA), "mlflow.test:5000", "/api/mlflow"),
                sent,
                to);
        return to;
    }

    private static MultiMap sent() {
        return HttpHeaders.headers().add("Host", "torii.test");
    }

    /** Small, large and as most clients write it. */
    private static List<String> inAnyCase(String name) {
        StringBuilder title = new StringBuilder();
        for (int i = 0; i < name.length(); i++) {
            boolean begins = i == 0 || name.charAt(i - 1) == '-';
            title.append(begins ? Character.toUpperCase(name.charAt(i)) : name.charAt(i));
        }
        return List.of(name, name.toUpperCase(Locale.ROOT), title.toString());
    }

    private static void staysHere(String name) {
        for (String written : inAnyCase(name)) {
            // Given
            MultiMap sent = sent().add(written, "theirs").add(written, "theirs");

            // When
            MultiMap to = copied(sent);

            // Then
            assertThat(to.getAll(name)).as(written).doesNotContain("theirs");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "connection",
                "keep-alive",
                "proxy-connection",
                "proxy-authenticate",
                "proxy-authorization",
                "te",
                "trailer",
                "transfer-encoding",
                "upgrade",
                "http2-settings",
                "content-length",
                "expect"
            })
    void dropsWhatBelongsToOneHop(String name) {
        staysHere(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"authorization", "x-api-key", "cookie", "cookie2", "origin", "x-id-token", "x-access-token"})
    void dropsCredentials(String name) {
        staysHere(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"x_user_id", "x_plain", "x-plain_", "_", "content_type", "x.plain", "remote.user", "accept.", "."
            })
    void dropsNamesThatWsgiReadsAsOthers(String name) {
        staysHere(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "x-forwarded-",
                "x-hokusai-",
                "x-torii-",
                "x-remote-",
                "x-auth-",
                "x-authenticated-",
                "x-user-",
                "x-webauth-",
                "x-consumer-",
                "x-credential-",
                "x-api-key-",
                "x-key-",
                "x-envoy-",
                "x-ms-client-principal",
                "x-goog-authenticated-user",
                "x-goog-iap-",
                "x-amzn-oidc-",
                "x-vouch-",
                "x-pomerium-",
                "x-token-",
                "x-client-cert",
                "x-ssl-",
                "ssl-client-",
                "cf-access-",
                "remote-",
                "impersonate-"
            })
    void dropsWhateverBeginsAsProxiesBeginTheirFields(String prefix) {
        staysHere(prefix);
        staysHere(prefix + "z");
    }

    @Test
    void dropsWhatConnectionNames() {
        // Given
        MultiMap sent = sent().add("Connection", "X-One ,keep-alive")
                .add("connection", "x-TWO")
                .add("x-one", "theirs")
                .add("X-Two", "theirs")
                .add("X-Three", "theirs");

        // When
        MultiMap to = copied(sent);

        // Then
        assertThat(to.names()).contains("X-Three").doesNotContain("x-one", "X-Two", "Connection", "connection");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "User-Agent",
                "Accept",
                "Accept-Encoding",
                "Content-Type",
                "Content-Range",
                "Range",
                "If-None-Match",
                "X-Forwarded",
                "X-Usage",
                "Remote",
                "X"
            })
    void keepsOthersAsTheyAre(String name) {
        // Given
        MultiMap sent = sent().add(name, "one").add(name, " two, \u00fc");

        // When
        MultiMap to = copied(sent);

        // Then
        assertThat(to.names()).contains(name);
        assertThat(to.getAll(name)).containsExactly("one", " two, \u00fc");
    }

    @ParameterizedTest
    @CsvSource({
        "Host, mlflow.test:5000",
        "X-Hokusai-User-Id, ada",
        "X-Hokusai-API-Key-Id, key-1",
        "X-Request-Id, id-1",
        "traceparent, 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "tracestate, ours=1",
        "X-Forwarded-For, 10.0.0.9",
        "X-Forwarded-Proto, https",
        "X-Forwarded-Host, torii.test",
        "X-Forwarded-Prefix, /api/mlflow",
        "Authorization, Basic dG9yaWk6VGVzdE9ubHk="
    })
    void setsOursOnceAlthoughTheCallerSentTheSame(String name, String ours) {
        // Given
        MultiMap sent = sent();
        Stream.of("X-Before", name, name.toLowerCase(Locale.ROOT), name.toUpperCase(Locale.ROOT), "X-Behind")
                .filter(written -> !written.equalsIgnoreCase("Host"))
                .forEach(written -> sent.add(written, "theirs"));

        // When
        MultiMap to = copied(sent, Optional.of(new BasicCredential("torii", new Secret("TestOnly"))));

        // Then
        assertThat(to.getAll(name)).containsExactly(ours);
        assertThat(to.names()).contains("X-Before", "X-Behind");
    }
}
