package ai.hokus.torii;

import static ai.hokus.torii.support.RawCase.FIELDS;
import static ai.hokus.torii.support.RawCase.GET_TARGET;
import static ai.hokus.torii.support.RawCase.get;
import static ai.hokus.torii.support.RawCase.of;
import static ai.hokus.torii.support.RawCase.request;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawCase;
import ai.hokus.torii.support.RawGateway;
import ai.hokus.torii.support.RawGateway.Outcome;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The request line and the field lines (RFC 9112 §2, §3, §5), and how much of them is taken. */
@ExtendWith(VertxExtension.class)
class RequestHeadIT {

    private static RawGateway gateway;

    @BeforeAll
    static void start(Vertx vertx) throws Exception {
        gateway = RawGateway.start(vertx);
    }

    @AfterAll
    static void stop() throws Exception {
        gateway.stop();
    }

    static Stream<RawCase> malformed() {
        return Stream.of(lines(), versions(), fields(), sizes()).flatMap(cases -> cases);
    }

    private static Stream<RawCase> lines() {
        return Stream.of(
                of("lines that end in LF", get().replace("\r\n", "\n")),
                of("a request line that ends in LF", get().replaceFirst("\r\n", "\n")),
                of("lines that end in CR", get().replace("\r\n", "\r") + "\r\n\r\n"),
                of("control bytes before the request line", "\0\u0001" + get()),
                of("a space before the method", " " + get()),
                of("two spaces before the target", request("GET  " + GET_TARGET + " HTTP/1.1")),
                of("two spaces behind the target", request("GET " + GET_TARGET + "  HTTP/1.1")),
                of("tabs as separators", request("GET\t" + GET_TARGET + "\tHTTP/1.1")),
                of("a tab before the target", request("GET\t" + GET_TARGET + " HTTP/1.1")),
                of("a tab behind the target", request("GET " + GET_TARGET + "\tHTTP/1.1")),
                of("a vertical tab as separator", request("GET\u000b" + GET_TARGET + " HTTP/1.1")),
                of("a form feed as separator", request("GET " + GET_TARGET + "\fHTTP/1.1")),
                of("a CR as separator", request("GET " + GET_TARGET + "\rHTTP/1.1")),
                of("a space behind the version", request("GET " + GET_TARGET + " HTTP/1.1 ")),
                of("more behind the version", request("GET " + GET_TARGET + " HTTP/1.1 x")),
                of("a space inside the target", request("GET " + GET_TARGET + "&a=b c HTTP/1.1"), 400, 404, 414),
                of("no target", request("GET HTTP/1.1"), 400, 404, 505),
                of("a method that is no token", request("GE(T " + GET_TARGET + " HTTP/1.1"), 400, 405, 501),
                of("a method of eight bits", request("GE\u00cf " + GET_TARGET + " HTTP/1.1"), 400, 405, 501));
    }

    private static Stream<RawCase> versions() {
        return Stream.concat(
                Stream.of(of("HTTP/0.9", "GET " + GET_TARGET + "\r\n\r\n", 400, 505)),
                Stream.of(
                                "HTTP/9.9",
                                "http/1.1",
                                "HTTP/2.0",
                                "HTTP/0.9",
                                "HTTP/1.10",
                                "HTTP/01.1",
                                "HTTP/11",
                                "HTTP/1",
                                "HTTP/ 1.1",
                                "HTTP/1.1x",
                                "HTTPS/1.1",
                                "ICY/1.1",
                                "HTTP-1.1")
                        .map(version ->
                                of("version " + version, request("GET " + GET_TARGET + " " + version), 400, 501, 505)));
    }

    private static Stream<RawCase> fields() {
        return Stream.of(
                of("a field line without a colon", get("NoColonHere")),
                of("an empty field name", get(": x")),
                of(
                        "a first field line that begins with a space",
                        "GET " + GET_TARGET + " HTTP/1.1\r\n X-A: b\r\n" + FIELDS + "\r\n"),
                of("a space in a field name", get("X A: b")),
                of("a space before a colon", get("X-A : b")),
                of("a field name of eight bits", get("X-\u00e9: a")),
                of("a delimiter in a field name", get("X(A: b")),
                of("a slash in a field name", get("X/A: b")),
                of("a NUL in a field name", get("X\0A: b")),
                of("a control byte in a field name", get("X\u0001A: b")),
                of("a NUL in a value", get("X-A: a\0b")),
                of("a control byte in a value", get("X-A: a\u0001b")),
                of("a DEL in a value", get("X-A: a\u007fb")),
                of("a bare CR in a value", get("X-A: a\rb")),
                of("a bare LF in a value", get("X-A: a\nX-B: b")));
    }

    private static Stream<RawCase> sizes() {
        String[] many = IntStream.range(0, 5000).mapToObj(i -> "X-" + i + ": a").toArray(String[]::new);
        return Stream.of(
                of(
                        "a request line of 64 KiB",
                        request("GET " + GET_TARGET + "&a=" + "a".repeat(65_536) + " HTTP/1.1"),
                        400,
                        414,
                        431),
                of(
                        "a method of 64 KiB",
                        request("G".repeat(65_536) + " " + GET_TARGET + " HTTP/1.1"),
                        400,
                        405,
                        414,
                        501),
                of("a field of 256 KiB", get("X-Big: " + "a".repeat(262_144)), 400, 413, 431),
                of("a field name of 64 KiB", get("X".repeat(65_536) + ": a"), 400, 413, 431),
                of("5,000 fields", get(many), 400, 413, 431));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("malformed")
    void refusesAMalformedHead(RawCase malformed) throws Exception {
        // When
        Outcome seen = gateway.send(malformed);

        // Then
        seen.isRefused(malformed.statuses());
        assertThat(seen.answers().get(0).head()).startsWith("HTTP/1.");
    }

    @Test
    void servesAHeadThatComesByteByByte() throws Exception {
        // Given
        List<String> bytes =
                get().chars().mapToObj(c -> String.valueOf((char) c)).toList();

        // When
        Outcome seen = gateway.send("byte by byte", bytes, 1);

        // Then
        seen.isServed("");
        assertThat(seen.requests().get(0).target()).isEqualTo(GET_TARGET);
    }

    @Test
    void servesAHeadBelowTheLimits() throws Exception {
        // Given
        String target = GET_TARGET + "&a=" + "a".repeat(15_000);
        String value = "b".repeat(25_000);

        // When
        Outcome seen = gateway.send(of("below the limits", request("GET " + target + " HTTP/1.1", "X-Big: " + value)));

        // Then
        seen.isServed("");
        assertThat(seen.requests().get(0).target()).isEqualTo(target);
        assertThat(seen.requests().get(0).fields("X-Big")).containsExactly(value);
    }

    @ParameterizedTest
    @ValueSource(strings = {" c", "\tc", "  \t c"})
    void refusesOrUnfoldsAFoldedField(String line) throws Exception {
        // When
        Outcome seen = gateway.send(of("a folded field", get("X-A: b", line)));

        // Then
        if (seen.isSuccess()) {
            seen.isServed("");
            assertThat(seen.requests().get(0).fields("X-A"))
                    .hasSize(1)
                    .first()
                    .asString()
                    .matches("b +c");
        } else {
            seen.isRefused(Set.of(400));
        }
    }

    @Test
    void refusesOrIgnoresAnEmptyLineBeforeTheRequest() throws Exception {
        // When
        Outcome seen = gateway.send(of("an empty line", "\r\n" + get()));

        // Then
        if (seen.isSuccess()) {
            seen.isServed("");
        } else {
            seen.isRefused(Set.of(400));
        }
    }
}
