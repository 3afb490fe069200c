package ai.hokus.torii.exchange;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawClient;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.junit5.VertxExtension;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Through a real server, because what it lets through is the point. */
@ExtendWith(VertxExtension.class)
class HeadRulesTest {

    private static final String PASSED = "passed";
    private static final String NO_HOST =
            "The Host header is refused: it is no host name or address with an optional port.";

    private int port;

    @BeforeEach
    void listens(Vertx vertx) throws Exception {
        HttpServer server = vertx.createHttpServer()
                .requestHandler(HeadRulesTest::answer)
                .invalidRequestHandler(request -> answer(request, "refused by the decoder"));
        port = server.listen(0, "127.0.0.1").await(5, SECONDS).actualPort();
    }

    private static void answer(HttpServerRequest request) {
        try {
            HeadRules.check(new RequestHead(request.version(), request.method(), request.uri(), request.headers()));
            answer(request, PASSED);
        } catch (GatewayFailure failure) {
            answer(request, failure.status() + " " + failure.getMessage());
        }
    }

    private static void answer(HttpServerRequest request, String text) {
        request.response().putHeader("Connection", "close").end("<" + text + ">");
    }

    /** What the rules say to this head; a backslash stands for the end of a line. */
    private String verdict(String head) throws Exception {
        try (RawClient client = new RawClient(port)) {
            String answer = client.send(head.replace("\\", "\r\n") + "\r\n\r\n").readUntil(">");
            return answer.substring(answer.indexOf('<') + 1, answer.lastIndexOf('>'));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "torii.test",
                "torii.test:8080",
                "torii.test:",
                "TORII_1.test",
                "10.0.0.7:80",
                "[::1]",
                "[2001:db8::7]:8080",
                "[::ffff:10.0.0.7]",
                "a.b-c~d_e:99999"
            })
    void passesAHost(String host) throws Exception {
        // Given
        String head = "GET / HTTP/1.1\\Host: " + host;

        // When
        String verdict = verdict(head);

        // Then
        assertThat(verdict).isEqualTo(PASSED);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ":8080",
                "a b",
                "a/b",
                "a,b",
                "user@torii.test",
                "torii.test:80a",
                "torii.test:123456",
                "torii.test:80:80",
                "torii.test:-1",
                "::1",
                "[::1",
                "[::1]8080",
                "[::1]:80a",
                "[]",
                "[torii.test]",
                "a[b]",
                "a]b",
                "torii%2etest",
                "torii.test?x",
                "torii.test#x",
                "<script>",
                "\"torii\"",
                "tori\u00ed.test"
            })
    void refusesAHostThatIsNone(String host) throws Exception {
        // Given
        String head = "GET / HTTP/1.1\\Host: " + host;

        // When
        String verdict = verdict(head);

        // Then
        assertThat(verdict).isEqualTo("400 " + NO_HOST);
    }

    @ParameterizedTest
    @CsvSource({
        "GET / HTTP/1.1, there is none",
        "GET / HTTP/1.1\\X-Host: torii.test, there is none",
        "GET / HTTP/1.1\\Host: a\\Host: b, there are 2",
        "GET / HTTP/1.1\\Host: a\\host: a, there are 2",
        "GET / HTTP/1.1\\Host: a\\Host: a\\HOST: a, there are 3",
        "GET / HTTP/1.0\\Host: a\\Host: a, there are 2"
    })
    void wantsExactlyOneHost(String head, String what) throws Exception {
        // Given the head

        // When
        String verdict = verdict(head);

        // Then
        assertThat(verdict).isEqualTo("400 The Host header is refused: " + what + ".");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/1.0",
                "GET / HTTP/1.0\\Host: torii.test",
                "GET / HTTP/1.1\\Host: a\\Expect: 100-continue",
                "GET / HTTP/1.1\\Host: a\\Expect: 100-Continue",
                "POST / HTTP/1.1\\Host: a\\Transfer-Encoding: chunked",
                "POST / HTTP/1.1\\Host: a\\Transfer-Encoding: Chunked",
                "POST / HTTP/1.1\\Host: a\\Content-Length: 0"
            })
    void passesAHeadThatReadsOneWay(String head) throws Exception {
        // Given the head

        // When
        String verdict = verdict(head);

        // Then
        assertThat(verdict).isEqualTo(PASSED);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Transfer-Encoding: gzip, chunked",
                "Transfer-Encoding: gzip",
                "Transfer-Encoding: identity",
                "Transfer-Encoding: chunked, chunked",
                "Transfer-Encoding: chunked, identity",
                "Transfer-Encoding: chunked\\Transfer-Encoding: chunked",
                "Transfer-Encoding: chunked\\Transfer-Encoding: gzip",
                "Transfer-Encoding: \"chunked\"",
                "Transfer-Encoding: xchunked",
                "Transfer-Encoding:"
            })
    void takesNoTransferCodingButChunked(String fields) throws Exception {
        // Given
        String head = "POST / HTTP/1.1\\Host: torii.test\\" + fields;

        // When
        String verdict = verdict(head);

        // Then
        assertThat(verdict)
                .isIn(
                        "400 The request is malformed: the only Transfer-Encoding taken is 'chunked'.",
                        "refused by the decoder");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Expect: 200-maybe",
                "Expect: y 100-continue",
                "Expect: 100-continue, x",
                "Expect: 100-continue\\Expect: 200-maybe",
                "Expect:"
            })
    void takesNoExpectationButToContinue(String fields) throws Exception {
        // Given
        String head = "POST / HTTP/1.1\\Host: torii.test\\Content-Length: 0\\" + fields;

        // When
        String verdict = verdict(head);

        // Then
        assertThat(verdict).isEqualTo("417 The request is malformed: the only expectation taken is '100-continue'.");
    }

    @ParameterizedTest
    @ValueSource(strings = {": x", ":"})
    void takesNoFieldWithoutAName(String field) throws Exception {
        // Given
        String head = "GET / HTTP/1.1\\Host: torii.test\\" + field;

        // When
        String verdict = verdict(head);

        // Then
        assertThat(verdict).isIn("400 The request is malformed: a header field has no name.", "refused by the decoder");
    }
}
