package ai.hokus.torii.auth;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.identity.ApiKey;
import ai.hokus.torii.support.AuthServices;
import ai.hokus.torii.support.RawServer;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** That a connection to the auth service, used again, never carries one key's answer to another key's question. */
@ExtendWith(VertxExtension.class)
class AuthConnectionTest {

    private static final ApiKey KEY = ApiKey.parse("good").orElseThrow();

    private static HttpKeyValidator validator(Vertx vertx, RawServer service) throws Exception {
        return AuthServices.validator(
                vertx, service.url(), "AUTH_SERVICE_TIMEOUT", "5s", "TORII_AUTH_HTTP_CONNECTIONS", "1");
    }

    /** Reads a question and says which key it was about. */
    private static String keyOf(RawServer.Connection connection) throws IOException {
        String head = connection.readHead();
        connection.read(Integer.parseInt(after(head, "content-length: ")));
        return after(head, "bearer ");
    }

    private static String after(String head, String name) {
        int start = head.toLowerCase(java.util.Locale.ROOT).indexOf(name) + name.length();
        return head.substring(start, head.indexOf('\r', start)).trim();
    }

    private static String answer(boolean good) {
        return good
                ? "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"is_valid\":true}"
                : "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}";
    }

    /** Asks about the good key and then about bad ones, over one connection at a time. */
    private static void assertThatOnlyTheGoodKeyIsGood(RawServer service, Vertx vertx) throws Exception {
        HttpKeyValidator validator = validator(vertx, service);
        List<Future<KeyValidator.Answer>> bad = new ArrayList<>();
        Future<KeyValidator.Answer> good = validator.validate(new Inquiry(KEY, "10.0.0.9", true));
        for (int i = 0; i < 5; i++) {
            bad.add(validator.validate(new Inquiry(ApiKey.parse("bad-" + i).orElseThrow(), "10.0.0.9", true)));
        }
        assertThat(good.await(5, SECONDS).verdict().outcome()).isEqualTo("accepted");
        for (Future<KeyValidator.Answer> each : bad) {
            assertThat(each.await(5, SECONDS).verdict().outcome()).isEqualTo("key_refused");
        }
        validator.close();
        service.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"102 Processing", "103 Early Hints", "100 Continue", "199 Whatever"})
    void neverTakesWhatIsSaidAboutOneKeyForAnother(String interim, Vertx vertx) throws Exception {
        // Given a service that says more about a good key than one answer, the last of it at the worst moment: when the
        // next question is out
        RawServer service = new RawServer(connection -> {
            while (!keyOf(connection).equals(KEY.reveal())) {
                connection.send(answer(false));
            }
            connection.send("HTTP/1.1 " + interim + "\r\n\r\n");
            connection.send(answer(true));
            if (!connection.nextHead().isEmpty()) {
                connection.send(answer(true));
            }
        });

        // Then
        assertThatOnlyTheGoodKeyIsGood(service, vertx);
    }

    /** Without an interim answer nothing warns of what comes any later. */
    @Test
    void takesNothingBehindAnAnswerForTheNextKeysVerdict(Vertx vertx) throws Exception {
        // Given a service that answers twice in one piece
        RawServer service = new RawServer(connection -> {
            while (true) {
                boolean good = keyOf(connection).equals(KEY.reveal());
                connection.send(good ? answer(true) + answer(true) : answer(false));
            }
        });

        // Then
        assertThatOnlyTheGoodKeyIsGood(service, vertx);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "204 No Content\r\n\r\n",
                "304 Not Modified\r\n\r\n",
                "500 Oops\r\nContent-Length: 2\r\n\r\n{}",
                "302 Found\r\nContent-Length: 0\r\nLocation: /\r\n\r\n"
            })
    void takesNoSecondAnswerForTheNextKeysVerdict(String first, Vertx vertx) throws Exception {
        // Given something before the service that answers at once, and the service's own answer a moment later
        CompletableFuture<Void> second = new CompletableFuture<>();
        RawServer service = new RawServer(connection -> {
            if (!keyOf(connection).equals(KEY.reveal())) {
                connection.send(answer(false));
                return;
            }
            connection.send("HTTP/1.1 " + first);
            second.join();
            connection.send(answer(true));
        });
        HttpKeyValidator validator = validator(vertx, service);
        assertThatExceptionOfType(GatewayFailure.class)
                .isThrownBy(() ->
                        validator.validate(new Inquiry(KEY, "10.0.0.9", true)).await(5, SECONDS));

        // When
        Future<KeyValidator.Answer> bad =
                validator.validate(new Inquiry(ApiKey.parse("bad").orElseThrow(), "10.0.0.9", true));
        second.complete(null);

        // Then
        assertThat(bad.await(5, SECONDS).verdict().outcome()).isEqualTo("key_refused");
        validator.close();
        service.close();
    }

    @Test
    void asksOnceMoreWhenAnIdleConnectionEndsJustAsItIsUsedAgain(Vertx vertx) throws Exception {
        // Given a service that ends each connection at the second question on it
        RawServer service = new RawServer(connection -> {
            keyOf(connection);
            connection.send(answer(true));
            keyOf(connection);
        });
        HttpKeyValidator validator = validator(vertx, service);
        validator.validate(new Inquiry(KEY, "10.0.0.9", true)).await(5, SECONDS);

        // When
        KeyValidator.Answer second =
                validator.validate(new Inquiry(KEY, "10.0.0.9", true)).await(5, SECONDS);

        // Then
        assertThat(second.verdict().outcome()).isEqualTo("accepted");
        validator.close();
        service.close();
    }
}
