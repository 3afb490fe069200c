package ai.hokus.torii.mlflow;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GraphqlDocumentTest {

    private static boolean onlyReads(String document) {
        return GraphqlDocument.onlyReads(new JsonObject().put("query", document).toBuffer());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{ mlflowGetRun(input: {runId: \"1\"}) { run { info { runId } } } }",
                "query { mlflowGetExperiment(input: {}) { experiment { name } } }",
                "query Q($a: [String!]! = [\"}\"]) @d(x: {y: 1}) { a: anything(b: $a) { c } }",
                "fragment F on Run { info } query { r { ...F } }",
                "# mutation { evil }\nquery { a }",
                "query { a(b: \"mutation { evil }\") }",
                "query { a(b: \"\"\" } mutation { evil \\\"\"\" \"\"\") }",
                "query { a(b: \"\", c: \"\\\"} mutation { evil\") }",
                "query { mutation }",
                "query mutation { a }",
                "{ a } query fragment { b }",
                "mutation { mlflowSearchRuns(input: {experimentIds: [\"0\"]}) { runs { info { runId } } } }",
                "mutation M($i: MlflowSearchRunsInput) { x: mlflowSearchRuns(input: $i) @include(if: true) { runs } }",
                "mutation{mlflowSearchDatasets{a}mlflowSearchRuns{b}}",
                "mutation query { mlflowSearchRuns { a } }",
                "\ufeff,, query ,, { a ,, b }",
                ""
            })
    void readsWhatOnlyReads(String document) {
        // Then
        assertThat(onlyReads(document)).as(document).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mutation { evil }",
                "mutation { evil(a: 1) { b } }",
                "mutation query { evil }",
                "mutation fragment { evil }",
                "mutation mutation { evil }",
                "mutation mlflowSearchRuns { evil }",
                "mutation { mlflowSearchRuns: evil }",
                "mutation { a: mlflowSearchRuns b: evil }",
                "mutation { mlflowSearchRuns { a } evil }",
                "mutation { mlflowSearchRuns(input: {a: \"}\"}) evil }",
                "mutation { mlflowSearchRuns @skip(if: true) evil }",
                "mutation { ...F } fragment F on Mutation { evil }",
                "mutation { ... { evil } }",
                "mutation { ... on Mutation { evil } }",
                "query { a } mutation { evil }",
                "{ a } mutation M($x: I = {y: \"{\"}) @d { evil }",
                "query { a(b: \"\"\"\\\"\"\"\"\"\") } mutation { evil }",
                "query { a(b: \"\"\"x\\\"\"\") } mutation { evil }",
                "query { a(b: \"\\\\\") } mutation { evil }",
                "# \r mutation { evil }",
                "subscription { a }",
                "extend type Mutation { evil }",
                "{ a",
                "{ a } }",
                "mutation { mlflowSearchRuns",
                "mutation",
                "query (",
                "query }"
            })
    void doesNotCallReadingWhatMayChangeSomethingOrIsNotUnderstood(String document) {
        // Then
        assertThat(onlyReads(document)).as(document).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[{\"query\": \"{ a }\"}]",
                "\"{\\\"query\\\": \\\"{ a }\\\"}\"",
                "{\"query\": 1}",
                "{\"query\": null}",
                "{}",
                "{\"query\": \"{ a }\"",
                "{\"query\": \"{ a }\", \"query\": \"mutation { evil }\"}",
                "{\"query\": \"{ a }\", \"qu\\u0065ry\": \"mutation { evil }\"}",
                "{\"query\": \"{ a }\"} {\"query\": \"mutation { evil }\"}",
                "query=%7Ba%7D"
            })
    void doesNotCallReadingWhatIsNoPlainQuestion(String body) {
        // Then
        assertThat(GraphqlDocument.onlyReads(Buffer.buffer(body))).as(body).isFalse();
    }

    @Test
    void doesNotCallReadingWhatPythonWouldDecodeOtherwise() {
        // Given: json.loads of Python finds UTF-16 and UTF-32 by itself
        String body = "{\"query\": \"mutation { evil }\"}";

        // Then
        assertThat(GraphqlDocument.onlyReads(Buffer.buffer(body.getBytes(StandardCharsets.UTF_16LE))))
                .isFalse();
        assertThat(GraphqlDocument.onlyReads(Buffer.buffer(body.getBytes(StandardCharsets.UTF_16BE))))
                .isFalse();
        assertThat(GraphqlDocument.onlyReads(Buffer.buffer(new byte[] {'{', (byte) 0xff, '}'})))
                .isFalse();
    }

    @Test
    void callsReadingWhatHasNoDocument() {
        // Then
        assertThat(GraphqlDocument.onlyReads(Buffer.buffer())).isTrue();
    }
}
