package ai.hokus.torii.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.identity.ApiKey;
import io.vertx.core.MultiMap;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** In the tables a bar separates fields and {@code b64(…)} stands for the text in base64. */
class CredentialsTest {

    private static final String KEY = "hk_test_0123456789abcdefghijklmnopqrstuv";

    private static MultiMap headers(String fields) {
        MultiMap headers = MultiMap.caseInsensitiveMultiMap();
        for (String field : fields.replace("KEY", KEY).split("\\|")) {
            int colon = field.indexOf(':');
            headers.add(field.substring(0, colon).trim(), encoded(field.substring(colon + 1)));
        }
        return headers;
    }

    private static String encoded(String value) {
        int start = value.indexOf("b64(");
        if (start < 0) {
            return value;
        }
        byte[] text = value.substring(start + 4, value.lastIndexOf(')')).getBytes(StandardCharsets.UTF_8);
        return value.substring(0, start) + Base64.getEncoder().encodeToString(text);
    }

    private static void fails(String fields, String code) {
        // Given
        MultiMap headers = headers(fields);

        // When
        GatewayFailure failure = catchThrowableOfType(GatewayFailure.class, () -> Credentials.find(headers));

        // Then
        assertThat(failure).as(fields).isNotNull();
        assertThat(failure.reason().code()).isEqualTo(code);
        assertThat(failure.getMessage() + failure.detail()).doesNotContain(KEY.substring(8, 16));
    }

    @ParameterizedTest
    @CsvSource({
        "Authorization: Bearer KEY",
        "authorization: bearer KEY",
        "AUTHORIZATION: BEARER KEY",
        "Authorization:   Bearer    KEY  ",
        "Authorization: ApiKey KEY",
        "Authorization: apikey KEY",
        "X-API-Key: KEY",
        "x-api-key:  KEY ",
        "Authorization: Basic b64(ada:KEY)",
        "Authorization: basic b64(:KEY)",
        "Authorization: BASIC b64(KEY:)",
        "Authorization: Bearer KEY|X-API-Key: KEY",
        "Authorization: Bearer KEY|Authorization: ApiKey KEY|Authorization: Basic b64(ada:KEY)",
        "X-API-Key: KEY|X-API-Key: KEY",
        "Authorization: Digest abc|X-API-Key: KEY",
        "Authorization: Bearer|X-API-Key: KEY",
        "Authorization: Basic b64(:)|X-API-Key: KEY",
        "Authorization: Bearer KEY|X-API-Key: ",
        "Authorization: Bearer KEY|Cookie: X-API-Key=other"
    })
    void findsTheKey(String fields) {
        // Given
        MultiMap headers = headers(fields);

        // When
        ApiKey key = Credentials.find(headers);

        // Then
        assertThat(key.reveal()).isEqualTo(KEY);
    }

    @ParameterizedTest
    @CsvSource({
        "Host: torii.test",
        "Authorization: ",
        "Authorization: Bearer",
        "Authorization: Bearer  ",
        "Authorization: Basic",
        "Authorization: Basic b64(:)",
        "Authorization: KEY",
        "Authorization: Digest KEY",
        "Authorization: BearerKEY",
        "Authorization: Token KEY",
        "Proxy-Authorization: Bearer KEY",
        "X-API-Key: ",
        "X_API_Key: KEY",
        "Cookie: X-API-Key=KEY"
    })
    void findsNoKey(String fields) {
        fails(fields, "key_missing");
    }

    @ParameterizedTest
    @CsvSource({
        "Authorization: Bearer KEY x",
        "Authorization: Bearer a\tb",
        "Authorization: Bearer \u00ff\u00fe\u00fd",
        "Authorization: Bearer caf\u00e9",
        "Authorization: Basic !!!",
        "Authorization: Basic KEY",
        "Authorization: Basic b64(KEY)",
        "Authorization: Basic b64(ada:a b)",
        "Authorization: Basic b64(ada:caf\u00e9)",
        "X-API-Key: a b",
        "X-API-Key: caf\u00e9"
    })
    void refusesWhatCannotBeAKey(String fields) {
        fails(fields, "key_malformed");
    }

    @ParameterizedTest
    @CsvSource({"Authorization: Bearer %s", "X-API-Key: %s", "Authorization: Basic b64(ada:%s)"})
    void refusesAKeyThatIsTooLong(String fields) {
        fails(fields.formatted("k".repeat(513)), "key_malformed");
    }

    @ParameterizedTest
    @CsvSource({
        "Authorization: Bearer KEY|X-API-Key: other",
        "Authorization: Bearer other|Authorization: Bearer KEY",
        "X-API-Key: KEY|X-API-Key: KEYx",
        "Authorization: Basic b64(ada:other)|Authorization: Bearer KEY",
        "Authorization: Bearer KEY|X-API-Key: a b"
    })
    void refusesTwoKeysThatDiffer(String fields) {
        fails(fields, "credentials_conflict");
    }

    @Test
    void takesThePasswordToItsEndEvenWithColonsInIt() {
        // Given
        MultiMap headers = headers("Authorization: Basic b64(ada:a:b:)");

        // When
        ApiKey key = Credentials.find(headers);

        // Then
        assertThat(key.reveal()).isEqualTo("a:b:");
    }
}
