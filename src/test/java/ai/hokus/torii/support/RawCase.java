package ai.hokus.torii.support;

import java.util.Set;

/** Bytes a caller sends, under a name, and the statuses they may be refused with. */
public record RawCase(String name, String wire, Set<Integer> statuses) {

    public static final String KEY = "hk_test_abcdefghijklmnopqrstuvwxyz012345";
    /** What every well-formed request of a case carries. */
    public static final String FIELDS = "Host: h\r\nX-API-Key: " + KEY + "\r\n";

    public static final String GET_TARGET = "/api/2.0/mlflow/experiments/get?experiment_id=1";
    public static final String POST_TARGET = "/api/2.0/mlflow/runs/create";
    /** A request that hides in the body of another. */
    public static final String SMUGGLED = "GET /api/2.0/mlflow/runs/get?run_id=smuggled HTTP/1.1\r\n" + FIELDS + "\r\n";

    /** Refused as malformed. */
    public static RawCase of(String name, String wire) {
        return new RawCase(name, wire, Set.of(400));
    }

    /** Refused with one of these. */
    public static RawCase of(String name, String wire, Integer... statuses) {
        return new RawCase(name, wire, Set.of(statuses));
    }

    /** A POST with these further field lines, each without its line end. */
    public static String post(String body, String... lines) {
        return request("POST " + POST_TARGET + " HTTP/1.1", lines) + body;
    }

    /** A GET with these further field lines, each without its line end. */
    public static String get(String... lines) {
        return request("GET " + GET_TARGET + " HTTP/1.1", lines);
    }

    /** The head of a request that begins with this line. */
    public static String request(String line, String... lines) {
        return line + "\r\n" + FIELDS + (lines.length == 0 ? "" : String.join("\r\n", lines) + "\r\n") + "\r\n";
    }

    /** A POST with its body in these chunks, as they stand. */
    public static String chunked(String chunks, String... lines) {
        return "POST " + POST_TARGET + " HTTP/1.1\r\n" + FIELDS + "Transfer-Encoding: chunked\r\n"
                + (lines.length == 0 ? "" : String.join("\r\n", lines) + "\r\n") + "\r\n" + chunks;
    }

    @Override
    public String toString() {
        return name;
    }
}
