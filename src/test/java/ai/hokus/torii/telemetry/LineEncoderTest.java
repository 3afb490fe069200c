package ai.hokus.torii.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.config.LogConfig.Format;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.KeyCheck;
import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.exchange.VerdictSource;
import ai.hokus.torii.identity.Access;
import ai.hokus.torii.identity.Principal;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import io.vertx.core.json.JsonObject;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One event is one line in UTF-8, whatever it is about. */
class LineEncoderTest {

    private static final long TIME = Instant.parse("2026-11-22T20:34:05.007Z").toEpochMilli();
    private static final String SECRET = "TestOnly0aZ9kQ2mX7pL4vB8";

    private final LoggerContext context = new LoggerContext();

    private String encode(Format format, String logger, Throwable thrown, String message, Object... arguments)
            throws CharacterCodingException {
        LineEncoder encoder = new LineEncoder();
        encoder.follow(format);
        LoggingEvent event =
                new LoggingEvent("fqcn", context.getLogger(logger), Level.INFO, message, thrown, arguments);
        event.setInstant(Instant.ofEpochMilli(TIME));
        byte[] bytes = encoder.encode(event);
        // Fails where it is no UTF-8.
        String line = StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes))
                .toString();
        assertThat(line).endsWith("\n");
        return line.substring(0, line.length() - 1);
    }

    private static AccessLine access(String path, String user, GatewayFailure failure) {
        Principal principal = user == null
                ? null
                : new Principal("key-1", user, Set.of(), Set.of(), OptionalLong.empty(), Optional.empty());
        return new AccessLine(
                "id-1",
                "0af7651916cd43dd8448eb211c80319c",
                "127.0.0.1",
                "10.0.0.9",
                "GET",
                SafeText.path(path),
                new Operation("searchRuns", "runs", Access.READ, false, false, ""),
                null,
                200,
                failure == null ? "ok" : failure.reason().code(),
                failure == null ? null : failure.reason().blame(),
                failure,
                principal,
                user == null ? null : new KeyCheck("accepted", VerdictSource.CACHE, 1_250_000),
                17,
                4096,
                "mlflow:5000",
                -1,
                50_000,
                12_345_678,
                15_000_000);
    }

    /** Every character of one UTF-16 unit, a pair, halves of pairs, and what ends or turns a line, in texts of several sizes. */
    private static List<String> nasty() {
        List<String> texts = new ArrayList<>();
        for (int from = 0; from <= 0xffff; from += 256) {
            StringBuilder block = new StringBuilder("/");
            IntStream.range(from, from + 256).forEach(c -> block.append((char) c));
            texts.add(block.toString());
        }
        for (String one :
                List.of("\r\n", "\u2028", "\u2029", "\u0085", "\u0000", "\u001b[2J", "\ud800", "\udc00", "\"", "\\")) {
            texts.add(one);
            texts.add("/" + one + "torii.audit outcome=done" + one);
            texts.add("/" + one.repeat(64 * 1024 / one.length()));
        }
        texts.add("\ud83d\ude00");
        texts.add("");
        return texts;
    }

    private static void isOneLine(String line, String about) {
        assertThat(line.chars()
                        .noneMatch(c -> c < ' '
                                || c >= 0x7f && c < 0xa0
                                || c >= 0x2028 && c <= 0x202e
                                || c >= 0x2066 && c <= 0x2069))
                .as("%s", about)
                .isTrue();
        assertThat(line.length()).isLessThan(8 * 64 * 1024);
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void writesOneLineWhateverAnEventIsAbout(Format format) throws Exception {
        for (String text : nasty()) {
            // When
            List<String> lines = List.of(
                    encode(
                            format,
                            "torii.access",
                            null,
                            LogLine.MESSAGE,
                            access(text, text, GatewayFailure.hostRefused(text))),
                    encode(format, "ai.hokus.torii.Gateway", null, "from {}", text),
                    encode(format, "x", new IllegalStateException(text, new RuntimeException(text)), text));

            // Then
            for (String line : lines) {
                isOneLine(line, text);
                if (format == Format.JSON) {
                    assertThat(new JsonObject(line).fieldNames())
                            .startsWith("timestamp")
                            .contains("level", "logger", "message");
                }
            }
        }
    }

    @Test
    void keepsEveryCharacterInJson() throws Exception {
        for (String text : nasty()) {
            // Half a pair is written as U+FFFD, as by every encoder of UTF-16.
            String whole = new String(text.getBytes(StandardCharsets.UTF_16BE), StandardCharsets.UTF_16BE);

            // When
            JsonObject line = new JsonObject(encode(Format.JSON, "x", null, "{}", text));

            // Then
            boolean isCut = whole.length() > 16 * 1024;
            assertThat(line.getString("message")).isEqualTo(isCut ? whole.substring(0, 16 * 1024) + "…" : whole);
        }
    }

    @Test
    void writesAnAccessLineAsText() throws Exception {
        assertThat(encode(Format.TEXT, "torii.access", null, LogLine.MESSAGE, access("/a b?key=1", "ada", null)))
                .isEqualTo("2026-11-22T20:34:05.007Z INFO  torii.access request=id-1"
                        + " trace=0af7651916cd43dd8448eb211c80319c peer=127.0.0.1 client=10.0.0.9 method=GET"
                        + " path=\"/a b?\\u2026\" operation=searchRuns area=runs decision=- status=200 reason=ok blame=-"
                                .replace("\\u2026", "…")
                        + " key_id=key-1 user=ada verdict=accepted verdict_from=cache bytes_in=17 bytes_out=4096 upstream=mlflow:5000"
                        + " auth_ms=1.2 limit_ms=- wait_ms=0.0 upstream_ms=12.3 total_ms=15.0");
    }

    @Test
    void writesAnAccessLineAsJsonWithNumbersAsNumbers() throws Exception {
        assertThat(encode(Format.JSON, "torii.access", null, LogLine.MESSAGE, access("/a", null, null)))
                .isEqualTo("{\"timestamp\":\"2026-11-22T20:34:05.007Z\",\"level\":\"INFO\",\"logger\":\"torii.access\","
                        + "\"message\":\"request ended\",\"request\":\"id-1\","
                        + "\"trace\":\"0af7651916cd43dd8448eb211c80319c\",\"peer\":\"127.0.0.1\","
                        + "\"client\":\"10.0.0.9\",\"method\":\"GET\",\"path\":\"/a\",\"operation\":\"searchRuns\","
                        + "\"area\":\"runs\",\"decision\":null,\"status\":200,\"reason\":\"ok\",\"blame\":null,"
                        + "\"key_id\":null,\"user\":null,\"verdict\":null,\"verdict_from\":null,\"bytes_in\":17,"
                        + "\"bytes_out\":4096,\"upstream\":\"mlflow:5000\",\"auth_ms\":null,\"limit_ms\":null,\"wait_ms\":0.0,\"upstream_ms\":12.3,"
                        + "\"total_ms\":15.0}");
    }

    @Test
    void writesAnExceptionIntoTheSameLine() throws Exception {
        // Given
        Exception thrown = new IllegalStateException("one\r\ntwo", new RuntimeException("three"));

        // When
        String text = encode(Format.TEXT, "ai.hokus.torii.exchange.FailureHandler", thrown, "broken\nthing");
        JsonObject json = new JsonObject(encode(Format.JSON, "x", thrown, "broken\nthing"));

        // Then
        assertThat(text)
                .startsWith("2026-11-22T20:34:05.007Z INFO  a.h.t.e.FailureHandler broken\\u000athing | java.lang.")
                .contains(
                        "IllegalStateException: one | two | at ",
                        " | Caused by: java.lang.RuntimeException: three | ... ");
        assertThat(json.getString("message")).isEqualTo("broken\nthing");
        assertThat(json.getString("exception"))
                .startsWith("java.lang.IllegalStateException: one\r\ntwo\n\tat ")
                .contains("\nCaused by: java.lang.RuntimeException: three");
    }

    @ParameterizedTest
    @EnumSource(Format.class)
    void masksKeysInWhateverIsLogged(Format format) throws Exception {
        String key = "hk_test_" + SECRET;
        assertThat(encode(format, "x", new IllegalStateException(key), "{}", key))
                .doesNotContain(SECRET.substring(0, 8));
        assertThat(encode(format, "torii.access", null, LogLine.MESSAGE, access("/" + key, key, null)))
                .contains("/[key]")
                .doesNotContain(SECRET.substring(0, 8));
    }

    @Test
    void followsTheSettingUnlessItsFileNamesAFormat() throws Exception {
        // Given
        LineEncoder fixed = new LineEncoder();
        fixed.setFormat("text");

        // When
        fixed.follow(Format.JSON);

        // Then
        assertThat(new String(
                        fixed.encode(new LoggingEvent("fqcn", context.getLogger("x"), Level.WARN, "plain", null, null)),
                        StandardCharsets.UTF_8))
                .endsWith("Z WARN  x plain\n");
    }
}
