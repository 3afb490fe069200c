package ai.hokus.torii;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.Await;
import ai.hokus.torii.support.RecordedRequest;
import ai.hokus.torii.support.StubAuthService;
import ai.hokus.torii.support.StubServer;
import ai.hokus.torii.support.TestGateway;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The contract with the auth service: found, proven, suspected, and in the words of the service. */
@ExtendWith(VertxExtension.class)
class ContractIT {

    private static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    private static final String CANARY = "hk_test_canaryCANARYcanaryCANARYcanary01";
    private static final String OWN = "the-gateways-own-credential";
    private static final String PATH = "/api/2.0/mlflow/registered-models/search";
    private static final String INVALID = "{\"detail\":\"Invalid or expired API key\"}";
    private static final String REQUIRED = "{\"detail\":\"API key required\"}";

    private StubAuthService auth;
    private TestGateway gateway;

    @BeforeEach
    void start(Vertx vertx) throws Exception {
        auth = StubAuthService.start(vertx);
    }

    @AfterEach
    void stop() throws Exception {
        gateway.stop();
    }

    private void gateway(Vertx vertx, String... settings) throws Exception {
        String mlflow = StubServer.start(vertx).url();
        gateway = TestGateway.start(vertx, TestGateway.environment(mlflow, auth.url(), settings));
    }

    /** A service that takes one form and knows one key and the canary. */
    private static BiConsumer<RecordedRequest, HttpServerResponse> taking(String form) {
        return (call, response) -> {
            String bearer = String.valueOf(call.headers().get("Authorization")).replace("Bearer ", "");
            String inBody = new JsonObject(call.body()).getString("api_key");
            String key = switch (form) {
                case "header" -> bearer.equals("null") ? null : bearer;
                case "body" -> inBody;
                default -> bearer.equals(OWN) ? inBody : null;
            };
            if (key == null) {
                response.setStatusCode(401).end(REQUIRED);
            } else if (key.equals(KEY) || key.equals(CANARY)) {
                response.end("{\"is_valid\":true,\"key_id\":\"id\",\"scopes\":[\"read\"]}");
            } else {
                response.setStatusCode(401).end(INVALID);
            }
        };
    }

    private int status() throws Exception {
        return gateway.get(PATH, KEY).statusCode();
    }

    @ParameterizedTest
    @CsvSource({"header", "body"})
    void findsTheFormThatTheServiceUnderstands(String form, Vertx vertx) throws Exception {
        // Given
        auth.lying(taking(form));
        gateway(vertx, "TORII_AUTH_HTTP_FORM", "auto");

        // When
        int status = status();

        // Then
        assertThat(status).isEqualTo(200);
        assertThat(auth.callsAbout(KEY)).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"header", "body", "service"})
    void tellsAllThreeFormsApartByTheCanaryKey(String form, Vertx vertx) throws Exception {
        // Given
        auth.lying(taking(form));
        gateway(
                vertx,
                "TORII_AUTH_HTTP_FORM",
                "auto",
                "TORII_AUTH_HTTP_SERVICE_CREDENTIAL",
                OWN,
                "TORII_AUTH_HTTP_CANARY_KEY",
                CANARY);

        // When
        int status = status();

        // Then
        assertThat(status).isEqualTo(200);
        assertThat(auth.callsAbout(KEY)).hasSize(1);
    }

    @Test
    void findsAnotherFormWhenTheServiceChangesUnderWay(Vertx vertx) throws Exception {
        // Given
        auth.lying(taking("header"));
        gateway(vertx, "TORII_AUTH_HTTP_FORM", "auto", "TORII_AUTH_CACHE_TTL", "0s");
        assertThat(status()).isEqualTo(200);

        // When
        auth.lying(taking("body"));

        // Then
        assertThat(status()).isEqualTo(200);
    }

    @Test
    void blamesTheSettingsWhenNoFormIsUnderstood(Vertx vertx) throws Exception {
        // Given
        auth.lying(422, "{\"detail\":[]}");
        gateway(vertx, "TORII_AUTH_HTTP_FORM", "auto");

        // When
        int status = status();

        // Then
        assertThat(status).isEqualTo(501);
        assertThat(auth.callsAbout(KEY)).isEmpty();
        assertThat(gateway.manage("/ready").statusCode()).isEqualTo(503);
    }

    @Test
    void suspectsItsSettingsWhenTwentyKeysAreRefusedAndNoneAccepted(Vertx vertx) throws Exception {
        // Given
        auth.lying(401, INVALID);
        gateway(vertx);
        Await.until("it is ready", this::isReady);
        for (int i = 0; i < 19; i++) {
            gateway.get(PATH, "hk_test_refused" + i);
            gateway.get(PATH, "hk_test_refused" + i);
        }
        double before = gateway.metric("torii_auth_contract_suspect");

        // When
        gateway.get(PATH, "hk_test_refused19");

        // Then
        assertThat(before).isZero();
        Await.until("it is suspected", () -> metric("torii_auth_contract_suspect") == 1);
        String ready = gateway.manage("/ready").bodyAsString();
        assertThat(ready).contains("degraded", "auth_contract_suspect");
        assertThat(gateway.manage("/ready").statusCode()).isEqualTo(200);
        auth.honest();
        auth.knowing(KEY, "mlflow:write");
        assertThat(status()).isEqualTo(200);
        assertThat(metric("torii_auth_contract_suspect")).isZero();
    }

    @Test
    void suspectsNothingOnceAKeyWasAccepted(Vertx vertx) throws Exception {
        // Given
        auth.knowing(KEY, "mlflow:write");
        gateway(vertx);
        assertThat(status()).isEqualTo(200);

        // When
        for (int i = 0; i < 40; i++) {
            gateway.get(PATH, "hk_test_refused" + i);
        }

        // Then
        assertThat(metric("torii_auth_contract_suspect")).isZero();
    }

    @Test
    void suspectsNothingWhereTheCanaryKeyIsAccepted(Vertx vertx) throws Exception {
        // Given
        auth.knowing(CANARY, "mlflow:read");
        gateway(vertx, "TORII_AUTH_HTTP_CANARY_KEY", CANARY);

        // When
        for (int i = 0; i < 40; i++) {
            gateway.get(PATH, "hk_test_refused" + i);
        }

        // Then
        Await.until("the canary was asked about", () -> auth.callsAbout(CANARY).size() >= 2);
        assertThat(metric("torii_auth_contract_suspect")).isZero();
        assertThat(auth.callsAbout(CANARY)).hasSizeLessThanOrEqualTo(2);
    }

    @Test
    void isNotReadyWhileTheCanaryKeyIsRefused(Vertx vertx) throws Exception {
        // Given
        auth.lying(401, INVALID);

        // When
        gateway(vertx, "TORII_AUTH_HTTP_CANARY_KEY", CANARY);

        // Then
        Await.until("it says why", () -> ready().contains("auth_contract_suspect"));
        assertThat(isReady()).isFalse();
    }

    private double metric(String series) throws Exception {
        return gateway.metric(series);
    }

    private boolean isReady() throws Exception {
        return gateway.manage("/ready").statusCode() == 200;
    }

    private String ready() throws Exception {
        return gateway.manage("/ready").bodyAsString();
    }
}
