package ai.hokus.torii;

import static ai.hokus.torii.support.Relayed.KEY;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.Pace;
import ai.hokus.torii.support.Payload;
import ai.hokus.torii.support.RawServer.Connection;
import ai.hokus.torii.support.TlsRelayed;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.junit5.VertxExtension;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a client sees within TLS, whichever version of HTTP it has chosen. */
@NeedsPeer(program = "openssl", install = "apt-get install -y openssl")
@ExtendWith(VertxExtension.class)
class HttpVersionsIT {

    private static final Payload BODY = new Payload(7, 8_000_000);
    private static final Pattern LENGTH = Pattern.compile("(?i)\r\ncontent-length: (\\d+)\r\n");
    private static final String ARTIFACT = "/api/2.0/mlflow-artifacts/artifacts/1/r/";

    @TempDir
    private static Path folder;

    private static TlsRelayed relayed;

    @BeforeAll
    static void start(Vertx vertx) throws Exception {
        relayed = TlsRelayed.to(vertx, folder, HttpVersionsIT::answer);
    }

    @AfterAll
    static void stop() throws Exception {
        relayed.close();
    }

    private static void answer(Connection connection, String first) throws IOException {
        for (String head = first; !head.isEmpty(); head = connection.nextHead()) {
            if (head.startsWith("PUT")) {
                Matcher length = LENGTH.matcher(head);
                assertThat(length.find()).as(head).isTrue();
                long bytes = Long.parseLong(length.group(1));
                String sum = "" + Payload.read(connection.in(), bytes, Pace.unlimited(), read -> {});
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + sum.length() + "\r\n\r\n" + sum);
            } else if (head.contains("/r/cut ")) {
                connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
                return;
            } else if (head.contains("/r/large ")) {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + BODY.bytes() + "\r\n\r\n");
                BODY.writeTo(connection.out(), written -> {});
            } else {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
            }
        }
    }

    private static HttpClientRequest request(HttpClient client, HttpMethod method, String path) throws Exception {
        HttpClientRequest request = client.request(method, path).await(5, SECONDS);
        return request.putHeader("X-API-Key", KEY);
    }

    private static Buffer body() throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        BODY.writeTo(body, written -> {});
        return Buffer.buffer(body.toByteArray());
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP_1_1", "HTTP_2"})
    void bodiesArriveUnchanged(HttpVersion version, Vertx vertx) throws Exception {
        // Given
        HttpClient client = relayed.client(vertx, version);

        // When
        Buffer stored = request(client, HttpMethod.PUT, ARTIFACT + "a")
                .send(body())
                .compose(response -> {
                    assertThat(response.version()).isEqualTo(version);
                    return response.body();
                })
                .await(20, SECONDS);
        Buffer got = request(client, HttpMethod.GET, ARTIFACT + "large")
                .send()
                .compose(HttpClientResponse::body)
                .await(20, SECONDS);

        // Then
        assertThat(stored.toString()).isEqualTo("" + BODY.sum());
        assertThat(got).isEqualTo(body());
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP_1_1", "HTTP_2"})
    void aBodyWithoutALengthArrivesWithOne(HttpVersion version, Vertx vertx) throws Exception {
        // Given
        HttpClient client = relayed.client(vertx, version);

        for (int bytes : new int[] {0, 1, 70_000, 3_000_000}) {
            // When
            HttpClientRequest request =
                    request(client, HttpMethod.PUT, ARTIFACT + "a").setChunked(true);
            if (bytes > 0) {
                request.write(Buffer.buffer(new byte[bytes]));
            }
            Future<Buffer> answer = request.response().compose(HttpClientResponse::body);
            request.end();

            // Then
            assertThat(answer.await(10, SECONDS).toString()).contains("bytes=" + bytes + ",");
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP_1_1", "HTTP_2"})
    void oneWithoutAKeyIsToldSoBeforeItsBodyWasRead(HttpVersion version, Vertx vertx) throws Exception {
        // Given
        HttpClient client = relayed.client(vertx, version);
        HttpClientRequest request =
                client.request(HttpMethod.PUT, ARTIFACT + "a").await(5, SECONDS);
        request.exceptionHandler(reset -> {});

        // When
        Future<Buffer> answer = request.response().compose(response -> {
            assertThat(response.statusCode()).isEqualTo(401);
            return response.body();
        });
        request.putHeader("Content-Length", "9000000").write(Buffer.buffer(new byte[10_000]));

        // Then
        assertThat(answer.await(5, SECONDS).toString()).contains("key_missing");
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP_1_1", "HTTP_2"})
    void aCutAnswerIsSeenToBeCut(HttpVersion version, Vertx vertx) throws Exception {
        // Given
        HttpClient client = relayed.client(vertx, version);

        // When
        Future<Buffer> body = request(client, HttpMethod.GET, ARTIFACT + "cut")
                .send()
                .compose(response -> {
                    assertThat(response.statusCode()).isEqualTo(200);
                    return response.body();
                });

        // Then
        assertThatThrownBy(() -> body.await(5, SECONDS)).isNotInstanceOf(java.util.concurrent.TimeoutException.class);
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP_1_1", "HTTP_2"})
    void aHundredSmallCallsAtOnceAreAllAnswered(HttpVersion version, Vertx vertx) throws Exception {
        // Given
        HttpClient client = relayed.client(vertx, version);
        List<Future<Integer>> statuses = new ArrayList<>();

        // When
        for (int i = 0; i < 100; i++) {
            statuses.add(client.request(HttpMethod.GET, "/api/2.0/mlflow/runs/get?run_id=" + i)
                    .compose(request -> request.putHeader("X-API-Key", KEY).send())
                    .map(HttpClientResponse::statusCode));
        }
        Future.all(statuses).await(20, SECONDS);

        // Then
        assertThat(statuses).allMatch(status -> status.result() == 200);
    }
}
