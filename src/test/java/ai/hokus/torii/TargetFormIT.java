package ai.hokus.torii;

import static ai.hokus.torii.support.RawCase.GET_TARGET;
import static ai.hokus.torii.support.RawCase.KEY;
import static ai.hokus.torii.support.RawCase.get;
import static ai.hokus.torii.support.RawCase.of;
import static ai.hokus.torii.support.RawCase.request;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawCase;
import ai.hokus.torii.support.RawGateway;
import ai.hokus.torii.support.RawGateway.Outcome;
import ai.hokus.torii.support.RawMessage;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The forms of a target and the Host beside it (RFC 9112 §3.2). */
@ExtendWith(VertxExtension.class)
class TargetFormIT {

    private static final String NAMELESS = "X-API-Key: " + KEY + "\r\n\r\n";

    private static RawGateway gateway;

    @BeforeAll
    static void start(Vertx vertx) throws Exception {
        gateway = RawGateway.start(vertx);
    }

    @AfterAll
    static void stop() throws Exception {
        gateway.stop();
    }

    private static String withHost(String target, String host) {
        return "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + NAMELESS;
    }

    static Stream<RawCase> hosts() {
        Stream<RawCase> invalid = Stream.of(
                        "a b",
                        "a\tb",
                        "a/../b",
                        "a/b",
                        "x@evil.example",
                        "x:y@evil.example",
                        "a,b",
                        "h, evil.example",
                        "http://h",
                        "a?b",
                        "a#b",
                        "a\\b",
                        "a\"b",
                        "<a>",
                        "a\u00e9",
                        "h:x",
                        "h:80x",
                        "h:+80",
                        "h:-1",
                        "h:80:80",
                        ":80",
                        "::1",
                        "[::1",
                        "::1]",
                        "[::1]x",
                        "[::1]:x",
                        "[]",
                        "[a b]",
                        "")
                .map(host -> of("Host '" + host + "'", withHost(GET_TARGET, host)));
        return Stream.concat(
                invalid,
                Stream.of(
                        of("no Host", "GET " + GET_TARGET + " HTTP/1.1\r\n" + NAMELESS),
                        of("two Hosts", get("Host: evil.example")),
                        of("two Hosts that agree", get("Host: h")),
                        of(
                                "no Host beside an absolute target",
                                "GET http://h" + GET_TARGET + " HTTP/1.1\r\n" + NAMELESS),
                        of(
                                "two Hosts beside an absolute target",
                                request("GET http://h" + GET_TARGET + " HTTP/1.1", "Host: h")),
                        of("user information in the target", withHost("http://u:p@h" + GET_TARGET, "h")),
                        of("no authority in the target", withHost("http://" + GET_TARGET, "h")),
                        of("an invalid authority in the target", withHost("http://h:x" + GET_TARGET, "h"))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("hosts")
    void refusesAHostThatNamesNothing(RawCase invalid) throws Exception {
        // When
        Outcome seen = gateway.send(invalid);

        // Then
        seen.isRefused(invalid.statuses());
    }

    static Stream<RawCase> targets() {
        return Stream.of(
                of("an authority", request("GET evil.example:80 HTTP/1.1"), 400, 404),
                of("a path without its slash", request("GET api/2.0/mlflow/experiments/get HTTP/1.1"), 400, 404),
                of("a foreign scheme", request("GET ftp://h" + GET_TARGET + " HTTP/1.1"), 400, 404, 421),
                of("a scheme without slashes", request("GET http:" + GET_TARGET + " HTTP/1.1"), 400, 404),
                of("a query alone", request("GET ?a=b HTTP/1.1"), 400, 404),
                of("an asterisk", request("GET * HTTP/1.1"), 400, 404),
                of(
                        "an asterisk to be asked for its options",
                        request("OPTIONS * HTTP/1.1"),
                        200,
                        204,
                        400,
                        404,
                        405,
                        501),
                of("an authority to connect to", request("CONNECT evil.example:22 HTTP/1.1"), 400, 404, 405, 501),
                of("a fragment", request("GET " + GET_TARGET + "#a HTTP/1.1"), 400, 404),
                of("eight bits", request("GET /api/2.0/mlflow/runs/\u00ff\u00fe HTTP/1.1"), 400, 404));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("targets")
    void forwardsNoTargetThatIsNoPath(RawCase foreign) throws Exception {
        // When
        Outcome seen = gateway.ask(foreign);

        // Then
        seen.isAnswered(foreign.statuses());
        assertThat(seen.heads()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "http://gateway.example, gateway.example",
        "http://gateway.example:8443, gateway.example:8443",
        "HTTP://Gateway.Example, Gateway.Example",
        "http://[::1]:80, [::1]:80"
    })
    void takesTheNameFromAnAbsoluteTargetNotFromTheHostField(String absolute, String authority) throws Exception {
        // When
        Outcome seen = gateway.send(of(absolute, withHost(absolute + GET_TARGET, "evil.example")));

        // Then
        seen.isServed("");
        RawMessage request = seen.requests().get(0);
        assertThat(request.target()).isEqualTo(GET_TARGET);
        assertThat(request.fields("X-Forwarded-Host"))
                .hasSize(1)
                .first()
                .asString()
                .isEqualToIgnoringCase(authority);
        assertThat(request.head()).doesNotContain("evil");
    }

    @ParameterizedTest
    @ValueSource(strings = {"h", "h:8080", "H.Example", "127.0.0.1", "[::1]", "[::1]:80", "a_b", "h."})
    void passesTheHostOnAsForwardedAndNeverAsItsOwn(String host) throws Exception {
        // When
        Outcome seen = gateway.send(of(host, withHost(GET_TARGET, host)));

        // Then
        seen.isServed("");
        assertThat(seen.requests().get(0).fields("X-Forwarded-Host")).containsExactly(host);
        assertThat(seen.requests().get(0).fields("Host"))
                .hasSize(1)
                .first()
                .asString()
                .startsWith("127.0.0.1:");
    }

    @Test
    void asksAnHttp10CallerForNoHost() throws Exception {
        // When
        Outcome seen = gateway.send(of("HTTP/1.0", "GET " + GET_TARGET + " HTTP/1.0\r\n" + NAMELESS));

        // Then
        seen.isServed("");
        assertThat(seen.requests().get(0).fields("X-Forwarded-Host")).isEmpty();
    }
}
