package ai.hokus.torii;

import static ai.hokus.torii.support.RawCase.SMUGGLED;
import static ai.hokus.torii.support.RawCase.chunked;
import static ai.hokus.torii.support.RawCase.get;
import static ai.hokus.torii.support.RawCase.of;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawCase;
import ai.hokus.torii.support.RawGateway;
import ai.hokus.torii.support.RawGateway.Outcome;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The syntax of a chunked request body (RFC 9112 §7.1), under each way to send such a body on. */
@ExtendWith(VertxExtension.class)
class ChunksIT {

    private static final String LARGE = "0123456789abcdef".repeat(5000);
    /** A first chunk that is past what the gateway holds before it begins to send. */
    private static final String LARGE_CHUNK = Integer.toHexString(LARGE.length()) + "\r\n" + LARGE + "\r\n";

    private static final List<String> MODES = List.of("spool", "stream");
    private static List<RawGateway> gateways;

    @BeforeAll
    static void start(Vertx vertx) throws Exception {
        gateways = new ArrayList<>();
        for (String mode : MODES) {
            gateways.add(RawGateway.start(vertx, "TORII_UPLOAD_UNKNOWN_LENGTH", mode));
        }
    }

    @AfterAll
    static void stop() throws Exception {
        for (RawGateway gateway : gateways) {
            gateway.stop();
        }
    }

    static Stream<Arguments> broken() {
        return IntStream.range(0, MODES.size())
                .boxed()
                .flatMap(mode -> Stream.of("", LARGE_CHUNK)
                        .flatMap(before -> brokenChunks(before)
                                .map(one -> Arguments.of(
                                        MODES.get(mode),
                                        before.isEmpty() ? "first" : "later",
                                        one,
                                        gateways.get(mode)))));
    }

    private static Stream<RawCase> brokenChunks(String before) {
        Stream<RawCase> sizes = Stream.of(
                        "0x5",
                        "+5",
                        "-5",
                        "-0",
                        "1_0",
                        " 5",
                        "\t5",
                        "",
                        ";a",
                        "5 5",
                        "5,5",
                        "g",
                        "five",
                        "\u00b2",
                        "5\0",
                        "10000000000000005",
                        "ffffffffffffffff",
                        "8000000000000005")
                .map(size -> of("size '" + size + "'", chunked(before + size + "\r\nhello\r\n0\r\n\r\n"), 400, 413));
        Stream<RawCase> seams = Stream.of(
                of("size ended by LF", chunked(before + "5\nhello\r\n0\r\n\r\n")),
                of("size ended by CR", chunked(before + "5\rhello\r\n0\r\n\r\n")),
                of("other bytes behind the data", chunked(before + "5\r\nhelloXX0\r\n\r\n")),
                of("data ended by LF", chunked(before + "5\r\nhello\n0\r\n\r\n")),
                of("data ended by CR", chunked(before + "5\r\nhello\r0\r\n\r\n")),
                of("data longer than its size", chunked(before + "4\r\nhello\r\n0\r\n\r\n")),
                of("an empty line for a size", chunked(before + "\r\n\r\n")),
                of("last chunk ended by LFs", chunked(before + "5\r\nhello\r\n0\n\n")),
                of("last chunk's end by LF", chunked(before + "5\r\nhello\r\n0\r\n\n")));
        Stream<RawCase> extensions = Stream.of(
                of("LF in an extension", chunked(before + "2;\nxx\r\n45\r\n0\r\n\r\n" + SMUGGLED + "\r\n0\r\n\r\n")),
                of("CR in an extension", chunked(before + "5;a\rb\r\nhello\r\n0\r\n\r\n")),
                of("NUL in an extension", chunked(before + "5;a\0b\r\nhello\r\n0\r\n\r\n")),
                of(
                        "CRLF in a quoted extension",
                        chunked(before + "1;a=\"\r\nX\r\n0\r\n\r\n" + get() + "\"\r\nY\r\n0\r\n\r\n")),
                of(
                        "an extension of 64 KiB",
                        chunked(before + "5;x=" + "a".repeat(65_536) + "\r\nhello\r\n0\r\n\r\n"),
                        400,
                        413,
                        431));
        Stream<RawCase> trailers = Stream.of(
                of(
                        "a trailer of 1 MiB",
                        chunked(before + "0\r\n" + ("X-T: " + "t".repeat(1000) + "\r\n").repeat(1000) + "\r\n"),
                        400,
                        413,
                        431),
                of("a trailer without a colon", chunked(before + "0\r\nnothing\r\n\r\n")),
                of("a space before a trailer's colon", chunked(before + "0\r\nX-T : a\r\n\r\n")));
        return Stream.of(sizes, seams, extensions, trailers).flatMap(cases -> cases);
    }

    @ParameterizedTest(name = "{0}, {1} chunk: {2}")
    @MethodSource("broken")
    void refusesABrokenChunkAndCompletesNothing(String mode, String place, RawCase broken, RawGateway gateway)
            throws Exception {
        // When
        Outcome seen = gateway.send(broken);

        // Then
        if (mode.equals("stream") && place.equals("later")) {
            seen.isRefusedAtLast(broken.statuses());
        } else {
            seen.isRefused(broken.statuses());
        }
    }

    static Stream<Arguments> legal() {
        return IntStream.range(0, MODES.size())
                .boxed()
                .flatMap(mode -> Stream.of(
                                Arguments.of(
                                        "upper-case hex and leading zeros",
                                        "000A\r\n0123456789\r\n0\r\n\r\n",
                                        "0123456789"),
                                Arguments.of("an extension", "5;name=value\r\nhello\r\n0\r\n\r\n", "hello"),
                                Arguments.of(
                                        "a quoted extension", "5;name=\"a b\"\r\nhello\r\n0;last\r\n\r\n", "hello"),
                                Arguments.of("many zeros at the end", "5\r\nhello\r\n00000\r\n\r\n", "hello"),
                                Arguments.of(
                                        "one-byte chunks", "1\r\na\r\n".repeat(2000) + "0\r\n\r\n", "a".repeat(2000)),
                                Arguments.of("a large chunk", LARGE_CHUNK + "5\r\nhello\r\n0\r\n\r\n", LARGE + "hello"),
                                Arguments.of("nothing", "0\r\n\r\n", ""))
                        .map(row -> Arguments.of(
                                MODES.get(mode), row.get()[0], row.get()[1], row.get()[2], gateways.get(mode))));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("legal")
    void bringsLegalChunksOverByteForByte(String mode, String name, String chunks, String body, RawGateway gateway)
            throws Exception {
        // When
        Outcome seen = gateway.send(of(name, chunked(chunks)));

        // Then
        seen.isServed(body);
    }

    static Stream<Arguments> debatable() {
        return IntStream.range(0, MODES.size())
                .boxed()
                .flatMap(mode -> Stream.of(
                                Arguments.of("a space behind the size", "5 \r\nhello\r\n0\r\n\r\n"),
                                Arguments.of("a tab behind the size", "5\t\r\nhello\r\n0\r\n\r\n"),
                                Arguments.of("a space before an extension", "5 ;a=b\r\nhello\r\n0\r\n\r\n"),
                                Arguments.of("LF in a trailer", "5\r\nhello\r\n0\r\nX-T: a\nX-User-Id: spoof\r\n\r\n"),
                                Arguments.of(
                                        "trailers that are no trailers",
                                        "5\r\nhello\r\n0\r\nX-User-Id: spoof\r\nAuthorization: Bearer spoof\r\n"
                                                + "Content-Length: 99\r\nHost: spoof\r\n\r\n"))
                        .map(row -> Arguments.of(MODES.get(mode), row.get()[0], row.get()[1], gateways.get(mode))));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("debatable")
    void refusesOrCleansWhatReadersDisagreeAbout(String mode, String name, String chunks, RawGateway gateway)
            throws Exception {
        // When
        Outcome seen = gateway.send(of(name, chunked(chunks, "Trailer: X-User-Id")));

        // Then
        if (seen.isSuccess()) {
            seen.isServed("hello");
            assertThat(seen.requests().get(0).head())
                    .doesNotContain("spoof")
                    .doesNotContainIgnoringCase("content-length: 99")
                    .doesNotContainIgnoringCase("trailer");
        } else {
            seen.isRefusedAtLast(Set.of(400));
        }
    }

    @Test
    void bringsAChunkedBodyOverThatComesByteByByte() throws Exception {
        // Given
        List<String> pieces = new ArrayList<>(List.of(chunked("")));
        "5;a=b\r\nhello\r\n0\r\n\r\n".chars().forEach(c -> pieces.add(String.valueOf((char) c)));
        for (RawGateway gateway : gateways) {
            // When
            Outcome seen = gateway.send("byte by byte", pieces, 1);

            // Then
            seen.isServed("hello");
        }
    }
}
