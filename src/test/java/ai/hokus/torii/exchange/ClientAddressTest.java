package ai.hokus.torii.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.config.AddressRange;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.RequestOptions;
import io.vertx.junit5.VertxExtension;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whom the gateway takes a caller for. */
@ExtendWith(VertxExtension.class)
class ClientAddressTest {

    private static List<AddressRange> ranges(String text) {
        return Arrays.stream(text.split(" "))
                .filter(range -> !range.isEmpty())
                .map(range -> AddressRange.parse(range).orElseThrow())
                .toList();
    }

    private static String address(Vertx vertx, String trusted, MultiMap headers) throws Exception {
        ClientAddress addresses = new ClientAddress(ranges(trusted));
        HttpServer server = vertx.createHttpServer()
                .requestHandler(request -> request.response().end(addresses.of(request)))
                .listen(0, "127.0.0.1")
                .await(5, TimeUnit.SECONDS);
        HttpClient client = vertx.createHttpClient();
        return client.request(new RequestOptions()
                        .setMethod(HttpMethod.GET)
                        .setHost("127.0.0.1")
                        .setPort(server.actualPort())
                        .setURI("/")
                        .setHeaders(headers))
                // The body is asked for on the event loop that reads the answer: from here it might be over already.
                .compose(request -> request.send().compose(HttpClientResponse::body))
                .await(5, TimeUnit.SECONDS)
                .toString();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                // Trusts nobody: nothing that is said counts.
                " '' | 198.51.100.7 | 127.0.0.1",
                // Trusts another: the peer's word does not count.
                " 10.0.0.0/8 | 198.51.100.7 | 127.0.0.1",
                // Trusts the peer: its caller.
                " 127.0.0.0/8 | 198.51.100.7 | 198.51.100.7",
                " 127.0.0.1 | 198.51.100.7 | 198.51.100.7",
                // The right-most that is no trusted proxy's, whatever the caller wrote before it.
                " 127.0.0.0/8 | 6.6.6.6, 198.51.100.7 | 198.51.100.7",
                " 127.0.0.0/8 10.0.0.0/8 | 6.6.6.6, 198.51.100.7, 10.1.2.3 | 198.51.100.7",
                " 127.0.0.0/8 10.0.0.0/8 | 6.6.6.6 , 10.9.9.9,10.1.2.3 | 6.6.6.6",
                // All trusted: the left-most.
                " 127.0.0.0/8 10.0.0.0/8 | 10.9.9.9, 10.1.2.3 | 10.9.9.9",
                // What is no address ends the search at the hop before it.
                " 127.0.0.0/8 10.0.0.0/8 | 198.51.100.7, unknown, 10.1.2.3 | 10.1.2.3",
                " 127.0.0.0/8 | localhost | 127.0.0.1",
                " 127.0.0.0/8 | '' | 127.0.0.1",
                " 127.0.0.0/8 | 198.51.100.7, | 127.0.0.1",
                " 127.0.0.0/8 | 999.1.1.1 | 127.0.0.1",
                " 127.0.0.0/8 | 1.2.3 | 127.0.0.1",
                " 127.0.0.0/8 | 198.51.100.7' OR 1=1 | 127.0.0.1",
                // Ports, brackets, IPv6.
                " 127.0.0.0/8 | 198.51.100.7:4711 | 198.51.100.7",
                " 127.0.0.0/8 | [2001:db8::7]:4711 | 2001:db8:0:0:0:0:0:7",
                " 127.0.0.0/8 | 2001:db8::7 | 2001:db8:0:0:0:0:0:7",
                " 127.0.0.0/8 2001:db8::/32 | 198.51.100.7, 2001:db8:1::7 | 198.51.100.7",
                " 127.0.0.0/8 | ::ffff:198.51.100.7 | 198.51.100.7"
            })
    void isTheRightMostThatIsNoTrustedProxys(String trusted, String said, String expected, Vertx vertx)
            throws Exception {
        // Given
        MultiMap headers = MultiMap.caseInsensitiveMultiMap().add("X-Forwarded-For", said);

        // When
        String address = address(vertx, trusted, headers);

        // Then
        assertThat(address).isEqualTo(expected);
    }

    @Test
    void readsRepeatedFieldsAsOneList(Vertx vertx) throws Exception {
        // Given
        MultiMap headers = MultiMap.caseInsensitiveMultiMap()
                .add("x-forwarded-for", "6.6.6.6")
                .add("X-Forwarded-For", "198.51.100.7, 10.0.0.1");

        // When
        String address = address(vertx, "127.0.0.0/8 10.0.0.0/8", headers);

        // Then
        assertThat(address).isEqualTo("198.51.100.7");
    }

    @Test
    void isThePeerWhereAProxySaysNothing(Vertx vertx) throws Exception {
        // Given
        MultiMap headers = MultiMap.caseInsensitiveMultiMap().add("Forwarded", "for=6.6.6.6");

        // When
        String address = address(vertx, "127.0.0.0/8", headers);

        // Then
        assertThat(address).isEqualTo("127.0.0.1");
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.255.255.255, true",
        "10.0.0.0/8, 11.0.0.0, false",
        "10.1.2.3, 10.1.2.3, true",
        "10.1.2.3/32, 10.1.2.4, false",
        "0.0.0.0/0, 203.0.113.9, true",
        "0.0.0.0/0, ::1, false",
        "::/0, ::1, true",
        "fd00::/8, fdff::1, true",
        "fd00::/8, fe00::1, false",
        "192.168.0.128/25, 192.168.0.127, false",
        "192.168.0.128/25, 192.168.0.129, true",
        "::ffff:10.0.0.1, 10.0.0.1, true"
    })
    void knowsWhatLiesInARange(String range, String address, boolean expected) {
        // Given
        AddressRange parsed = AddressRange.parse(range).orElseThrow();

        // When
        boolean contains = parsed.contains(AddressRange.address(address).orElseThrow());

        // Then
        assertThat(contains).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "''",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/",
        "10.0.0.0/8/8",
        "10.0.0.1/8",
        "10.0.0/8",
        "fd00::1/8",
        "::/129",
        "localhost",
        "example.com/8",
        "10.0.0.0/8x",
        "256.0.0.0/8",
        "010.0.0.0/8",
        ":::/8"
    })
    void takesNothingElseForARange(String text) {
        // Given the text

        // Then
        assertThat(AddressRange.parse(text)).isEmpty();
    }
}
