package ai.hokus.torii;

import static ai.hokus.torii.support.RawCase.POST_TARGET;
import static ai.hokus.torii.support.RawCase.SMUGGLED;
import static ai.hokus.torii.support.RawCase.get;
import static ai.hokus.torii.support.RawCase.of;
import static ai.hokus.torii.support.RawCase.post;
import static ai.hokus.torii.support.RawCase.request;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawCase;
import ai.hokus.torii.support.RawGateway;
import ai.hokus.torii.support.RawGateway.Outcome;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The fields that say where a request ends (RFC 9112 §6): two readers must agree, or nobody reads on. */
@ExtendWith(VertxExtension.class)
class FramingIT {

    private static final String HELLO = "5\r\nhello\r\n0\r\n\r\n";
    private static final String CHUNKED = "Transfer-Encoding: chunked";
    private static final String HIDDEN = "0\r\n\r\n" + SMUGGLED;
    private static final String OVER_ALL = "Content-Length: " + HIDDEN.length();
    private static final String[] JSON = {"Content-Type: application/json", "Content-Length: 2"};

    private static RawGateway gateway;

    @BeforeAll
    static void start(Vertx vertx) throws Exception {
        gateway = RawGateway.start(vertx);
    }

    @AfterAll
    static void stop() throws Exception {
        gateway.stop();
    }

    static Stream<RawCase> ambiguous() {
        return Stream.of(lengths(), codings(), hidden(), connectionNames()).flatMap(cases -> cases);
    }

    private static Stream<RawCase> lengths() {
        Stream<RawCase> values = Stream.of(
                        "+5", "-1", "-0", "0x5", "5 0", "1_0", "5,", ",5", "5, 5", "5,6", "5;a", "5.0", "5e0", "",
                        "five", "\"5\"", "5\u00a0", "\u00b2", "5\f", "\u000b5", "0005, 5")
                .map(value -> of("Content-Length '" + value + "'", post("hello", "Content-Length: " + value)));
        return Stream.concat(
                values,
                Stream.of(
                        of("two lengths that differ", post("hello", "Content-Length: 0", "Content-Length: 5")),
                        of("two lengths that agree", post("hello", "Content-Length: 5", "Content-Length: 5")),
                        of("a length beyond 64 bits", post("hello", "Content-Length: 18446744073709551621"), 400, 413),
                        of("a length of 2^63", post("hello", "Content-Length: 9223372036854775808"), 400, 413),
                        of("a space before the length's colon", post("hello", "Content-Length : 5")),
                        of("a tab before the length's colon", post("hello", "Content-Length\t: 5")),
                        of("a folded length", post("hello", "Content-Length:\r\n 5"))));
    }

    private static Stream<RawCase> codings() {
        Stream<RawCase> alone = Stream.of(
                        "xchunked",
                        "chunkedx",
                        "identity",
                        "gzip",
                        "chunked, gzip",
                        "gzip, chunked",
                        "chunked, chunked",
                        "chunked, identity",
                        "chunked;a=b",
                        "\"chunked\"",
                        "chunked,",
                        ",chunked",
                        "\u000bchunked",
                        "\fchunked",
                        "chun ked",
                        "")
                .map(value ->
                        of("Transfer-Encoding '" + value + "'", post(HELLO, "Transfer-Encoding: " + value), 400, 501));
        return Stream.concat(
                alone,
                Stream.of(
                        of("two codings in two fields", post(HELLO, "Transfer-Encoding: gzip", CHUNKED), 400, 501),
                        of("the same coding twice", post(HELLO, CHUNKED, CHUNKED), 400, 501),
                        of(
                                "chunked, then identity",
                                post(HIDDEN, OVER_ALL, CHUNKED, "Transfer-Encoding: identity"),
                                400,
                                501),
                        of(
                                "identity with a length",
                                post("hello", "Content-Length: 5", "Transfer-Encoding: identity"),
                                400,
                                501),
                        of(
                                "a coding after a vertical tab",
                                post(HIDDEN, OVER_ALL, "Transfer-Encoding: \u000bchunked"),
                                400,
                                501),
                        of("a folded coding", post(HIDDEN, OVER_ALL, "Transfer-Encoding:\r\n chunked"), 400, 501),
                        of(
                                "a coding in HTTP/1.0",
                                request("POST " + POST_TARGET + " HTTP/1.0", CHUNKED) + HELLO,
                                400,
                                501),
                        of(
                                "a coding in HTTP/1.0, kept alive",
                                request("POST " + POST_TARGET + " HTTP/1.0", CHUNKED, "Connection: keep-alive")
                                        + HIDDEN,
                                400,
                                501),
                        of(
                                "a coding and a length in HTTP/1.0",
                                request("POST " + POST_TARGET + " HTTP/1.0", OVER_ALL, CHUNKED) + HIDDEN,
                                400,
                                501)));
    }

    private static Stream<RawCase> hidden() {
        String chunk = Integer.toHexString(SMUGGLED.length()) + "\r\n" + SMUGGLED + "\r\n0\r\n\r\n";
        return Stream.of(
                of("a length over a chunked body and more", post(HIDDEN, CHUNKED, OVER_ALL)),
                of("the same, the length first", post(HIDDEN, OVER_ALL, CHUNKED)),
                of("a short length before a chunk", post(chunk, "Content-Length: 4", CHUNKED)),
                of("a length of zero and chunks", post(HELLO, "Content-Length: 0", CHUNKED)),
                of("a length that agrees with the chunks", post(HELLO, "Content-Length: 15", CHUNKED)),
                of("a space before the coding's colon", post(HIDDEN, OVER_ALL, "Transfer-Encoding : chunked")),
                of("a tab before the coding's colon", post(HIDDEN, OVER_ALL, "Transfer-Encoding\t: chunked")),
                of("a bare LF that hides a coding", post(HIDDEN, OVER_ALL, "X-A: b\n" + CHUNKED)),
                of("a bare CR that hides a coding", post(HIDDEN, OVER_ALL, "X-A: b\r" + CHUNKED)),
                of("a NUL in a value", post("hello", "Content-Length: 5", "X-A: b\0c")),
                of("a NUL in a name", post("hello", "Content-Length: 5", "X\0A: b")),
                of("a request as body of a GET", get("Content-Length: " + SMUGGLED.length()) + SMUGGLED),
                of("a request as chunk of a GET", get(CHUNKED) + chunk),
                of("a body of a GET that is no JSON", get("Content-Type: text/plain", "Content-Length: 2") + "{}"),
                of("a body of a GET of no type", get("Content-Length: 2") + "{}"),
                of("a body of a HEAD of no type", get("Content-Length: 2").replace("GET ", "HEAD ") + "{}"),
                of("a chunked body of a GET of no type", get(CHUNKED) + HELLO));
    }

    private static Stream<RawCase> connectionNames() {
        return Stream.of(
                of(
                        "a Connection that names the length",
                        post("hello", "Connection: Content-Length", "Content-Length: 5")),
                of("the same among others", post("hello", "Connection: x, content-length ,y", "Content-Length: 5")),
                of(
                        "the same in a second field",
                        post("hello", "Connection: x", "Connection: content-length", "Content-Length: 5")),
                of("a Connection that names the coding", post(HELLO, "Connection: Transfer-Encoding", CHUNKED)),
                of("the same in lower case", post(HELLO, "Connection: keep-alive,transfer-encoding", CHUNKED)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ambiguous")
    void refusesAmbiguousFraming(RawCase ambiguous) throws Exception {
        // When
        Outcome seen = gateway.send(ambiguous);

        // Then
        seen.isRefused(ambiguous.statuses());
    }

    static Stream<Arguments> legal() {
        return Stream.of(
                Arguments.of("a length with leading zeros", post("hello", "Content-Length: 0005"), "hello"),
                Arguments.of("white space around a length", post("hello", "Content-Length:\t 5 \t"), "hello"),
                Arguments.of("a length without a space", post("hello", "Content-Length:5"), "hello"),
                Arguments.of("a length of zero", post("", "Content-Length: 0"), ""),
                Arguments.of("no length at all", post(""), ""),
                Arguments.of("a tab before the coding", post(HELLO, "Transfer-Encoding:\tchunked"), "hello"),
                Arguments.of("white space behind the coding", post(HELLO, "Transfer-Encoding: chunked \t"), "hello"),
                Arguments.of("a coding in upper case", post(HELLO, "tRANSFER-eNCODING: CHUNKED"), "hello"),
                Arguments.of(
                        "an underscore in a coding's name",
                        post("hello", "Content-Length: 5", "Transfer_Encoding: x"),
                        "hello"),
                Arguments.of("a GET with JSON", get(JSON) + "{}", "{}"),
                Arguments.of(
                        "a GET with JSON and a charset",
                        get("Content-Type: Application/JSON; charset=utf-8", "Content-Length: 2") + "{}",
                        "{}"),
                Arguments.of("a GET with chunked JSON", get(JSON[0], CHUNKED) + "2\r\n{}\r\n0\r\n\r\n", "{}"),
                Arguments.of("a GET with an empty body of no type", get("Content-Length: 0"), ""));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("legal")
    void servesLegalFraming(String name, String wire, String body) throws Exception {
        // When
        Outcome seen = gateway.send(of(name, wire));

        // Then
        seen.isServed(body);
        assertThat(seen.requests().get(0).fields("Transfer-Encoding")).isEmpty();
        assertThat(seen.requests().get(0).fields("Transfer_Encoding")).isEmpty();
    }

    @Test
    void takesBytesBehindARequestForTheNextOne() throws Exception {
        // When
        Outcome seen = gateway.send("bytes behind", List.of(post("XX\r\n\r\n")), 2);

        // Then
        assertThat(seen.answers()).extracting(answer -> answer.status()).containsExactly(200, 400);
        assertThat(seen.requests()).extracting(request -> request.body()).containsExactly("");
    }

    @Test
    void answersPipelinedRequestsInOrder() throws Exception {
        // When
        Outcome seen = gateway.send(
                "pipelined", List.of(SMUGGLED + post("hello", "Content-Length: 5") + post(HELLO, CHUNKED) + get()), 4);

        // Then
        seen.isServed("", "hello", "hello", "");
        assertThat(seen.answers())
                .extracting(answer -> answer.body())
                .containsExactlyElementsOf(seen.requests().stream()
                        .map(request -> request.target())
                        .toList());
    }
}
