package ai.hokus.torii;

import static ai.hokus.torii.support.Relayed.CONTROL;
import static ai.hokus.torii.support.Relayed.GET;
import static ai.hokus.torii.support.Relayed.OK;
import static ai.hokus.torii.support.Relayed.POST;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.RawServer.Connection;
import ai.hokus.torii.support.Relayed;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** MLflow's side of the wire says what no server should. */
@ExtendWith(VertxExtension.class)
class StrangeAnswersIT {

    private static final String POISON = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\u0016\u0003\u0001 no HTTP at all\r\n\r\n",
                "HTTP/1.1 99 Nope\r\nContent-Length: 2\r\n\r\nhi",
                "HTTP/1.1 600 Beyond\r\nContent-Length: 2\r\n\r\nhi",
                "HTTP/1.1 999 Beyond\r\nContent-Length: 2\r\n\r\nhi",
                "HTTP/1.1 2x0 OK\r\nContent-Length: 2\r\n\r\nhi",
                "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 60\r\n\r\nhi",
                "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nhi",
                "HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nhi",
                "HTTP/1.1 200 OK\r\nX-Bad: a\u0000b\r\nContent-Length: 2\r\n\r\nhi",
                "HTTP/1.1 200 OK\r\nX-Bad: a\rX-Injected: 1\r\nContent-Length: 2\r\n\r\nhi",
                "HTTP/1.1 200 OK\r\nX-Bad: a\nX-Injected: 1\r\nContent-Length: 2\r\n\r\nhi",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nhi\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhi",
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n" + POISON
            })
    void isA502(String answer, Vertx vertx) throws Exception {
        try (Relayed relayed = Relayed.toOneThatAnswers(vertx, answer)) {
            // When
            RawClient caller = relayed.caller().send(POST);

            // Then
            assertThat(caller.readUntil("}"))
                    .startsWith("HTTP/1.1 502 Bad Gateway\r\n")
                    .contains("upstream_broken", "\"blame\":\"MLflow\"")
                    .doesNotContain("X-Injected", "POISON");
            relayed.awaitMetric("torii_upstream_connections 0.0");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {70_000, 300_000})
    void isA502WhenItsHeadIsTooLarge(int bytes, Vertx vertx) throws Exception {
        String answer = "HTTP/1.1 200 OK\r\nX-Huge: " + "h".repeat(bytes) + "\r\nContent-Length: 2\r\n\r\nhi";
        try (Relayed relayed = Relayed.toOneThatAnswers(vertx, answer)) {
            // When
            RawClient caller = relayed.caller().send(GET);

            // Then
            assertThat(caller.readUntil("}")).startsWith("HTTP/1.1 502").contains("upstream_broken");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 100 Continue\r\n\r\n",
                "HTTP/1.1 102 Processing\r\n\r\n",
                "HTTP/1.1 102 Processing\r\nX-A: b\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n",
                "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n",
                "HTTP/1.1 199 Whatever\r\n\r\n"
            })
    void isNotWhatAnInterimAnswerIsTakenFor(String interim, Vertx vertx) throws Exception {
        try (Relayed relayed = Relayed.toOneThatAnswers(vertx, interim + OK)) {
            RawClient caller = relayed.caller();
            for (int i = 0; i < 3; i++) {
                // When
                caller.send(POST);

                // Then
                assertThat(caller.readUntil("{}")).startsWith("HTTP/1.1 200");
            }
            caller.send("HEAD" + CONTROL + "\r\n");
            assertThat(caller.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 200");
        }
    }

    /** Nobody asked for it: who says so much may have another answer in store for the next request. */
    @Test
    void isTheLastOnItsConnectionBehindAnInterimOne(Vertx vertx) throws Exception {
        for (String interim : List.of("100 Continue", "102 Processing", "103 Early Hints")) {
            AtomicInteger connections = new AtomicInteger();
            String answer = "HTTP/1.1 " + interim + "\r\n\r\n" + OK;
            try (Relayed relayed =
                    Relayed.to(vertx, (connection, head) -> answerOnce(connection, answer, connections))) {
                RawClient caller = relayed.caller();
                for (int i = 1; i <= 3; i++) {
                    // When
                    caller.send("GET" + CONTROL + "\r\n");

                    // Then
                    assertThat(caller.readUntil("{}")).startsWith("HTTP/1.1 200");
                    assertThat(connections).hasValue(i);
                }
            }
        }
    }

    @Test
    void isStillWaitedForAfterAnInterimOne(Vertx vertx) throws Exception {
        try (Relayed relayed = Relayed.to(
                vertx,
                (connection, head) -> {
                    connection.send("HTTP/1.1 102 Processing\r\n\r\n");
                    connection.readToEnd();
                },
                "TORII_FORWARD_HEAD_TIMEOUT",
                "300ms")) {
            // When
            RawClient caller = relayed.caller().send(POST);

            // Then
            assertThat(caller.readUntil("}")).startsWith("HTTP/1.1 504");
        }
    }

    /** Answers as told, once a connection, and counts how many connections it took. */
    private static void answerOnce(Connection connection, String answer, AtomicInteger connections) throws IOException {
        connections.incrementAndGet();
        connection.send(answer);
        if (!connection.nextHead().isEmpty()) {
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nREUSED");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "GET,'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'",
        "GET,'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n'",
        "GET,'HTTP/1.1 204 No Content\r\n\r\n'",
        "GET,'HTTP/1.1 304 Not Modified\r\nContent-Length: 8\r\n\r\n'",
        "HEAD,'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n'"
    })
    void endsWhereItEndsAndWhatStandsBehindIsNobodys(String method, String answer, Vertx vertx) throws Exception {
        // Given answers with another one behind them, whole or begun
        for (String behind : new String[] {POISON, "HTTP/1.1 200 OK\r\nX-Poison: ", "H", "\r\n\r\nPOISON"}) {
            AtomicInteger connections = new AtomicInteger();
            try (Relayed relayed =
                    Relayed.to(vertx, (connection, head) -> answerOnce(connection, answer + behind, connections))) {
                RawClient caller = relayed.caller();
                for (int i = 1; i <= 3; i++) {
                    // When
                    caller.send(method + CONTROL + "\r\n");

                    // Then each has its own answer on a connection of its own
                    assertThat(caller.readUntil("\r\n\r\n"))
                            .startsWith(answer.substring(0, 12))
                            .doesNotContain("oison", "POISON");
                    if (answer.contains("{}")) {
                        String end = answer.contains("chunked") ? "0\r\n\r\n" : "{}";
                        assertThat(caller.readUntil(end)).doesNotContain("POISON", "REUSED");
                    }
                    assertThat(connections).hasValue(i);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
                "HTTP/1.1 200 OK\r\nConnection: X-Other, Close\r\nContent-Length: 2\r\n\r\n{}",
                "HTTP/1.1 200 OK\r\nConnection: X-Other\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
                "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}"
            })
    void isTheLastOnItsConnectionWhenItSaysSo(String answer, Vertx vertx) throws Exception {
        // Given an MLflow that says that it will close, and is slow to
        AtomicInteger connections = new AtomicInteger();
        try (Relayed relayed = Relayed.to(vertx, (connection, head) -> answerOnce(connection, answer, connections))) {
            RawClient caller = relayed.caller();
            for (int i = 1; i <= 3; i++) {
                // When
                caller.send(POST);

                // Then
                assertThat(caller.readUntil("{}")).startsWith("HTTP/1.1 200").doesNotContain("REUSED");
                assertThat(connections).hasValue(i);
            }
        }
    }

    @Test
    void givesA304NoLengthThatItDidNotHave(Vertx vertx) throws Exception {
        try (Relayed relayed = Relayed.toOneThatAnswers(vertx, "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n")) {
            // When
            RawClient caller = relayed.caller().send(GET);

            // Then
            assertThat(caller.readUntil("\r\n\r\n"))
                    .startsWith("HTTP/1.1 304 Not Modified\r\n")
                    .doesNotContainIgnoringCase("content-length");
        }
    }

    @Test
    void thatEndsWithItsConnectionIsWhole(Vertx vertx) throws Exception {
        try (Relayed relayed = Relayed.to(
                vertx, (connection, head) -> connection.send("HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nto the end"))) {
            RawClient caller = relayed.caller();
            for (int i = 0; i < 3; i++) {
                // When
                caller.send(GET);

                // Then
                assertThat(caller.readUntil("0\r\n\r\n"))
                        .containsIgnoringCase("transfer-encoding: chunked")
                        .endsWith("a\r\nto the end\r\n0\r\n\r\n");
            }
        }
    }

    @Test
    void withoutALengthEndsTheConnectionOfAnHttp10Caller(Vertx vertx) throws Exception {
        try (Relayed relayed = Relayed.toOneThatAnswers(
                vertx, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")) {
            // When
            RawClient caller = relayed.caller()
                    .send("GET" + CONTROL.replace("HTTP/1.1", "HTTP/1.0") + "Connection: keep-alive\r\n\r\n");

            // Then
            assertThat(caller.readToEnd())
                    .startsWith("HTTP/1.0 200")
                    .containsIgnoringCase("connection: close")
                    .doesNotContainIgnoringCase("keep-alive")
                    .doesNotContainIgnoringCase("transfer-encoding")
                    .endsWith("\r\n\r\nhello");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "59,59",
        "60,60",
        "61,60",
        "3600,60",
        "99999999999999999999,60",
        "0,0",
        "'Fri, 31 Dec 2999 23:59:59 GMT',60",
        "soon,60",
        "-5,60"
    })
    void neverSendsTheCallerAwayForLongerThanAMinute(String said, String passed, Vertx vertx) throws Exception {
        String answer = "HTTP/1.1 503 Busy\r\nRetry-After: " + said + "\r\nContent-Length: 2\r\n\r\n{}";
        try (Relayed relayed = Relayed.toOneThatAnswers(vertx, answer)) {
            // When
            RawClient caller = relayed.caller().send(GET);

            // Then
            assertThat(caller.readUntil("{}")).startsWith("HTTP/1.1 503").contains("Retry-After: " + passed + "\r\n");
        }
    }

    @ParameterizedTest
    @CsvSource({"'',''", "Fine Indeed,Fine Indeed", "'caf\u00e9',OK"})
    void hasAReasonPhraseThatCanBeOne(String said, String passed, Vertx vertx) throws Exception {
        String answer = "HTTP/1.1 200 " + said + "\r\nContent-Length: 2\r\n\r\n{}";
        try (Relayed relayed = Relayed.toOneThatAnswers(vertx, answer)) {
            // When
            RawClient caller = relayed.caller().send(GET);

            // Then
            assertThat(caller.readUntil("{}")).startsWith("HTTP/1.1 200" + (passed.isEmpty() ? "" : " " + passed));
        }
    }

    @Test
    void thatComesWhenNothingWasAskedEndsTheConnection(Vertx vertx) throws Exception {
        // Given an MLflow that speaks again later
        CompletableFuture<Void> later = new CompletableFuture<>();
        CompletableFuture<String> end = new CompletableFuture<>();
        try (Relayed relayed = Relayed.to(
                vertx,
                (connection, head) -> {
                    connection.send(OK);
                    later.join();
                    connection.send(POISON);
                    end.complete(connection.readToEnd());
                },
                "TORII_FORWARD_KEEP_ALIVE",
                "1h")) {
            RawClient caller = relayed.caller();
            caller.send(GET).readUntil("{}");

            // When
            later.complete(null);

            // Then
            assertThat(end.get(5, TimeUnit.SECONDS)).isEmpty();
            relayed.awaitMetric("torii_upstream_connections 0.0");
        }
    }
}
