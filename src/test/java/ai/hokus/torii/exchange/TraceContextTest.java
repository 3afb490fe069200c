package ai.hokus.torii.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.MultiMap;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** W3C Trace Context, level 1: what of a caller's trace goes on. */
class TraceContextTest {

    private static final String ID = "0af7651916cd43dd8448eb211c80319c";
    private static final String PARENT = "b7ad6b7169203331";
    private static final String VALID = "00-" + ID + "-" + PARENT + "-01";

    private static TraceContext of(String... namesAndValues) {
        MultiMap headers = MultiMap.caseInsensitiveMultiMap();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            headers.add(namesAndValues[i], namesAndValues[i + 1]);
        }
        return TraceContext.of(headers);
    }

    private static void isNew(TraceContext trace) {
        assertThat(trace.parent()).matches("00-[0-9a-f]{32}-[0-9a-f]{16}-01").doesNotContain(ID);
        assertThat(trace.id()).hasSize(32).isNotEqualTo("0".repeat(32));
        assertThat(trace.state()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "00-" + ID + "-" + PARENT + "-01, 01",
        "00-" + ID + "-" + PARENT + "-00, 00",
        "00-" + ID + "-" + PARENT + "-ff, 01",
        "00-" + ID + "-" + PARENT + "-fe, 00",
        "01-" + ID + "-" + PARENT + "-01, 01",
        "cc-" + ID + "-" + PARENT + "-03-what-comes-later, 01"
    })
    void carriesACallersTraceOnUnderAParentOfOurs(String sent, String flags) {
        // When
        TraceContext trace = of("Traceparent", sent, "tracestate", "vendor=1");

        // Then
        assertThat(trace.id()).isEqualTo(ID);
        assertThat(trace.parent())
                .matches("00-" + ID + "-[0-9a-f]{16}-" + flags)
                .doesNotContain(PARENT);
        assertThat(trace.state()).isEqualTo("vendor=1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x",
                "00-" + ID + "-" + PARENT,
                "00-" + ID + "-" + PARENT + "-01-",
                "00-" + ID + "-" + PARENT + "-01-more",
                "00-" + ID + "-" + PARENT + "-1",
                "00-" + ID + "-" + PARENT + "-0g",
                "00-" + ID + "-0000000000000000-01",
                "00-00000000000000000000000000000000-" + PARENT + "-01",
                "00-0AF7651916CD43DD8448EB211C80319C-" + PARENT + "-01",
                "00_" + ID + "-" + PARENT + "-01",
                "0-" + ID + "-" + PARENT + "-01",
                "ff-" + ID + "-" + PARENT + "-01",
                "cc-" + ID + "-" + PARENT + "-01.more",
                " 00-" + ID + "-" + PARENT + "-01",
                "00-hk_test_0000000000000000000000aa-" + PARENT + "-01"
            })
    void beginsATraceWhereTheCallersIsNone(String sent) {
        isNew(of("traceparent", sent, "tracestate", "vendor=1"));
    }

    @Test
    void beginsATraceWithoutACallersAndWithTwo() {
        isNew(of());
        isNew(of("tracestate", "vendor=1"));
        isNew(of("traceparent", VALID, "traceparent", VALID));
    }

    @ParameterizedTest
    @ValueSource(strings = {"X-API-Key", "Authorization"})
    void takesNoPartOfAKeyForATrace(String field) {
        isNew(of("traceparent", VALID, field, "Bearer hk_test_" + ID));
        isNew(of("traceparent", VALID, field, "hk_test_zz" + ID.substring(11, 19) + "zz"));
        assertThat(of("traceparent", VALID, field, "hk_test_zz" + ID.substring(11, 18) + "zz")
                        .id())
                .isEqualTo(ID);
    }

    @Test
    void givesEveryExchangeIdsOfItsOwn() {
        // When
        Set<String> parents =
                IntStream.range(0, 1000).mapToObj(i -> of().parent()).collect(Collectors.toSet());

        // Then
        assertThat(parents).hasSize(1000);
        assertThat(of("traceparent", VALID).parent())
                .isNotEqualTo(of("traceparent", VALID).parent());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a=1|a=1",
                "a=1, b=2 ,, c=3|a=1,b=2,c=3",
                "fw529a3039@dt=FfAE=|''",
                "tenant@dt=x y|tenant@dt=x y",
                "a|''",
                "=1|''",
                "a=|''",
                "A=1|''",
                "a=\u00fc|''",
                "a=hk_test_TestOnlyTestOnly|''"
            })
    void passesAWellFormedStateOn(String sent, String passed) {
        assertThat(of("traceparent", VALID, "tracestate", sent).state()).isEqualTo(passed);
    }

    @Test
    void passesWholeMembersOfALongStateOnUpTo512Characters() {
        // Given
        String member = "k=" + "v".repeat(98);
        String six = String.join(",", member, member, member, member, member, member);

        // When
        TraceContext long6 = of("traceparent", VALID, "tracestate", six);

        // Then
        assertThat(long6.state()).isEqualTo(String.join(",", member, member, member, member, member));
        assertThat(of("traceparent", VALID, "tracestate", "a=1,".repeat(32)).state())
                .hasSize(127);
        assertThat(of("traceparent", VALID, "tracestate", "a=1,".repeat(33)).state())
                .isEmpty();
        assertThat(of("traceparent", VALID, "tracestate", "a=1", "tracestate", "b=2")
                        .state())
                .isEqualTo("a=1,b=2");
    }
}
