package ai.hokus.torii.mlflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The path vectors that are decided without knowing a mount; the others are in {@link MountsTest}. */
class CanonicalPathTest {

    private static final String SLASH = "an encoded slash, backslash or control character";
    private static final String NO_ESCAPE = "it holds a '%' that is no escape (write %25)";
    private static final String DOT = "it holds a '.' or '..' segment";
    private static final String BYTES = " holds a space, a control character or raw 8-bit text";

    private static void refuses(String target, String what) {
        // When
        GatewayFailure failure = catchThrowableOfType(GatewayFailure.class, () -> CanonicalPath.parse(target));

        // Then
        assertThat(failure).as(target).isNotNull();
        assertThat(failure.reason()).isEqualTo(Reason.PATH_REFUSED);
        assertThat(failure).hasMessage("The request path is refused because it is ambiguous: " + what + ".");
    }

    @ParameterizedTest
    @CsvSource({
        "/, /",
        "/api/2.0/mlflow/experiments/search, /api/2.0/mlflow/experiments/search",
        "/%61pi/2.0/mlflow/experiments/search, /api/2.0/mlflow/experiments/search",
        "/%7Euser/%2D%5F%2Ea, /~user/-_.a",
        "/a%20b/100%25/x+y@z:1/caf%C3%A9.txt, /a%20b/100%25/x+y@z:1/caf%C3%A9.txt",
        "/caf%c3%a9.txt, /caf%c3%a9.txt",
        "/a%3Bb, /a%3Bb",
        "/a%23b%3fc, /a%23b%3fc",
        "/100%25, /100%25",
        "/50%25off, /50%25off",
        "/50%25%20off, /50%25%20off",
        "/%25%25, /%25%25",
        "/..., /...",
        "/.hidden/a..b/c., /.hidden/a..b/c.",
        "/API/2.0/mlflow/experiments/search, /API/2.0/mlflow/experiments/search",
        "/api//x, /api//x",
        "/search/, /search/"
    })
    void forwardsALegalPathWithOnlyTheUnreservedDecoded(String target, String forwarded) {
        // Given the target

        // When
        CanonicalPath canonical = CanonicalPath.parse(target);

        // Then
        assertThat(canonical).isEqualTo(new CanonicalPath(forwarded, null));
    }

    @ParameterizedTest
    @CsvSource({
        "http://evil.example/api/2.0/mlflow/experiments/search, /api/2.0/mlflow/experiments/search",
        "HTTPS://evil.example:443/x, /x",
        "http://evil.example, /",
        "http://user@evil.example/x, /x",
        "http:///x, /x"
    })
    void takesThePathOfAnAbsoluteFormAndIgnoresItsAuthority(String target, String path) {
        // Given the target

        // When
        CanonicalPath canonical = CanonicalPath.parse(target);

        // Then
        assertThat(canonical).isEqualTo(new CanonicalPath(path, null));
    }

    @ParameterizedTest
    @CsvSource({
        "/a?, /a, ''",
        "/a?x=1&y=2, /a, x=1&y=2",
        "/a?x=a%26b%3Dc%2Fd%252F, /a, x=a%26b%3Dc%2Fd%252F",
        "/a?b?c, /a, b?c",
        "/%61?%61, /a, %61",
        "/a?../..;\\, /a, ../..;\\",
        "http://evil.example?x=1, /, x=1"
    })
    void forwardsTheQueryAsItCame(String target, String path, String query) {
        // Given the target

        // When
        CanonicalPath canonical = CanonicalPath.parse(target);

        // Then
        assertThat(canonical).isEqualTo(new CanonicalPath(path, query));
    }

    @ParameterizedTest
    @ValueSource(strings = {"api/x", "*", "evil.example:443", "ftp://evil.example/x", "?x=1", "%2Fapi"})
    void refusesATargetWithoutALeadingSlash(String target) {
        refuses(target, "it does not start with a slash");
    }

    @ParameterizedTest
    @CsvSource({
        "/api%2f2.0%2fmlflow%2fexperiments%2fdelete, %2f",
        "/api/2.0/mlflow%2Fexperiments, %2F",
        "/a/..%2f..%2fetc%2fpasswd, %2f",
        "/a/%2fetc%2fpasswd, %2f",
        "/a/file%3a%2f%2f%2fetc/passwd, %2f",
        "/a/.%2f, %2f",
        "/live%5c..%5capi, %5c",
        "/a.txt%00, %00",
        "/a%0d%0aX:1, %0d",
        "/a%09b, %09",
        "/a%1Fb, %1F",
        "/a%7fb, %7f"
    })
    void refusesAnEncodedDelimiterOrControlAndNamesIt(String target, String escape) {
        refuses(target, "it holds " + escape + ", " + SLASH);
    }

    @ParameterizedTest
    @CsvSource({
        "/%2530/r/artifacts/a.txt, %2530",
        "/a/%252e, %252e",
        "/a/..%252f..%252fx, %252f",
        "/%252e%252e/x, %252e",
        "/live/%252e%252e%252fapi/2.0/mlflow/experiments/get, %252e",
        "/a/%25%32%65, %252e",
        "/a/%252%65, %252e",
        "/a/%25%32e, %252e",
        "/a/%25%325, %2525",
        "/a/%2525, %2525",
        "/a/%25%41%62, %25Ab"
    })
    void refusesAPathThatIsEncodedTwiceHoweverItsHexDigitsAreWritten(String target, String escape) {
        refuses(target, "it is encoded twice (" + escape + ")");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/.",
                "/..",
                "/a/.",
                "/a/..",
                "/a/%2e",
                "/a/%2E%2e/x",
                "/a/./.",
                "/a/.//",
                "/a/0/.",
                "/0/r/../../x",
                "/health/../api/2.0/mlflow/experiments/search",
                "/health/%2e%2e/api/2.0/mlflow/experiments/get",
                "/static-files/../api/2.0/mlflow/experiments/search",
                "/gateway/proxy/x/../../../api/2.0/mlflow/experiments/search",
                "/api/2.0/mlflow/./experiments/get",
                "http://evil.example/../x",
                "/live/..;/api",
                "/live/..;x=1/api",
                "/live/.;/api",
                "/live/.;",
                "/live/%2e;/api"
            })
    void refusesADotSegment(String target) {
        refuses(target, DOT);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/%zz", "/%", "/a%4", "/a%", "/%u002e", "/% 41", "/%-1", "/%+1", "/%%30"})
    void refusesAPercentSignThatIsNoEscape(String target) {
        refuses(target, target.contains(" ") ? "its path" + BYTES : NO_ESCAPE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/live/%c0%ae%c0%ae/api", "/%ff", "/%e0%80%af", "/%C3", "/%C3/%A9", "/%ed%a0%80", "/a%80"})
    void refusesEscapesThatAreNotUtf8(String target) {
        refuses(target, "its escapes are not UTF-8");
    }

    @ParameterizedTest
    @CsvSource({
        "/search;x=1, /search%3Bx=1",
        "/a;, /a%3B",
        "/;, /%3B",
        "/a;b;c/d, /a%3Bb%3Bc/d",
        "/a;b?c;d, /a%3Bb?c;d",
        "/.a;/..b;c, /.a%3B/..b%3Bc"
    })
    void escapesARawSemicolonInThePathSoThatNobodyTakesItForAParameter(String target, String forwarded) {
        // Given the target

        // When
        CanonicalPath canonical = CanonicalPath.parse(target);

        // Then
        assertThat(canonical.query() == null ? canonical.path() : canonical.path() + "?" + canonical.query())
                .isEqualTo(forwarded);
    }

    @ParameterizedTest
    @CsvSource({
        "/0\\r\\a.txt, path, \\",
        "/live\\..\\api, path, \\",
        "/search#x, path, #",
        "/search?a#x, query, #",
        "http://evil.example#x, path, #"
    })
    void refusesARawBackslashOrFragment(String target, String part, String character) {
        refuses(target, "its " + part + " holds a raw '" + character + "'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/a b", "/a\tb", "/a\0b", "/a\u007fb", "/a\u00ff\u00feb", "/caf\u00e9"})
    void refusesRawBytesThatNoPathHas(String target) {
        refuses(target, "its path" + BYTES);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/a?b c", "/a?b\u00e9", "/a?\n"})
    void refusesRawBytesThatNoQueryHas(String target) {
        refuses(target, "its query" + BYTES);
    }

    @Test
    void readsWhatItForwardsAsTheSameAgain() {
        // Given
        String forwarded =
                CanonicalPath.parse("/%61/%7e/a%20b/100%25/caf%C3%A9/%3B%23").path();

        // When
        String again = CanonicalPath.parse(forwarded).path();

        // Then
        assertThat(again).isEqualTo(forwarded);
    }
}
