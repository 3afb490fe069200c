package ai.hokus.torii.mlflow;

import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.identity.Access;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * MLflow's operations, read from {@code routes.tsv} beside this class, whose head explains its columns; and what an
 * operator adds. Immutable, shared by all event loops.
 *
 * <p>The rows are the routes of MLflow 3.17.2 and 2.22.5; a test asks the real servers.
 */
public final class RouteCatalogue {

    private static final String RESOURCE = "routes.tsv";
    private static final int COLUMNS = 7;
    private static final List<String> MOUNTS = List.of("/api/mlflow/", "/mlflow/");
    private static final Map<String, String> TREES = Map.of("api", "/api", "ajax", "/ajax-api", "root", "");

    /**
     * One row.
     *
     * @param operation what it is
     * @param method the HTTP method
     * @param templates the path templates it is served under
     */
    public record Row(Operation operation, String method, List<String> templates) {}

    /**
     * A route that an operator adds.
     *
     * @param method the HTTP method
     * @param template its path, as in the catalogue but whole
     * @param access what it needs of a key
     */
    public record Addition(String method, String template, Access access) {

        /** Its name in metrics, logs and messages: the row as the operator wrote it. */
        public String name() {
            return method + " " + template;
        }
    }

    private final List<Row> rows;
    private final Map<String, RouteTree> trees = new LinkedHashMap<>();

    private RouteCatalogue(List<Row> rows) {
        this.rows = List.copyOf(rows);
        for (Row row : rows) {
            RouteTree tree = trees.computeIfAbsent(row.method(), method -> new RouteTree());
            row.templates().forEach(template -> tree.add(template, row.operation()));
        }
    }

    /** Read when it is first asked for: the configuration's check and the gateway's start both do. */
    private static final class Shipped {
        private static final RouteCatalogue ROWS = new RouteCatalogue(read());
    }

    /** The shipped rows alone; the same at every call. */
    public static RouteCatalogue shipped() {
        return Shipped.ROWS;
    }

    /**
     * These rows and one more, to which there is no {@link #objection}.
     *
     * @throws IllegalArgumentException when it has the shape of another row; the message names both
     */
    public RouteCatalogue with(Addition addition) {
        Row row = new Row(
                new Operation(addition.name(), "added", addition.access(), false, false, addition.name()),
                addition.method(),
                List.of(addition.template()));
        return new RouteCatalogue(Stream.concat(rows.stream(), Stream.of(row)).toList());
    }

    /**
     * Why a route should not be added: it can never be met, or it shares paths with a row that needs more.
     *
     * @return the rest of a sentence; empty when it may be added
     */
    public Optional<String> objection(Addition addition) {
        String template = addition.template();
        if (MOUNTS.stream().anyMatch(template::startsWith)) {
            return Optional.of("routes begin where MLflow's own do: leave out the mount");
        }
        Optional<Operation> stricter = rows.stream()
                .filter(row -> row.method().equals(addition.method()))
                .filter(row -> row.operation().access().compareTo(addition.access()) > 0)
                .filter(row -> row.templates().stream().anyMatch(known -> RouteTree.overlap(known, template)))
                .map(Row::operation)
                .findFirst();
        if (stricter.isPresent()) {
            return Optional.of("it shares paths with '" + stricter.get().row() + "', which needs "
                    + stricter.get().access().text()
                    + "; write it more exactly, or change that one with authorization.operations: "
                    + stricter.get().name() + "=…");
        }
        String sample = template.replaceAll("<path:[^>]*>", "s1/s2/s3/s4/s5/s6").replaceAll("<[^>]*>", "s0");
        try {
            with(addition);
            new Mounts(this, true).resolve(addition.method(), CanonicalPath.parse("/mlflow" + sample));
        } catch (IllegalArgumentException twin) {
            return Optional.of("it is there already (" + twin.getMessage() + ")");
        } catch (GatewayFailure refusal) {
            return refusal.reason() == Reason.METHOD_NOT_ALLOWED
                    ? Optional.empty()
                    : Optional.of("such a path is always refused: " + refusal.getMessage());
        }
        return Optional.empty();
    }

    private static List<Row> read() {
        try (InputStream in = RouteCatalogue.class.getResourceAsStream(RESOURCE)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(RouteCatalogue::row)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Row row(String line) {
        String[] column = line.split("\t", -1);
        if (column.length != COLUMNS) {
            throw new IllegalStateException(RESOURCE + ": not " + COLUMNS + " columns: " + line);
        }
        List<String> templates = new ArrayList<>();
        for (String tree : column[4].split(",")) {
            templates.add(TREES.get(tree) + column[5]);
        }
        Operation operation = new Operation(
                column[0],
                column[1],
                Access.valueOf(column[2].toUpperCase(Locale.ROOT)),
                column[6].equals("bytes"),
                column[6].equals("document"),
                column[3] + " " + String.join(" | ", templates));
        return new Row(operation, column[3], templates);
    }

    /** Every row. */
    public List<Row> rows() {
        return rows;
    }

    /** The names of all operations. */
    public Set<String> names() {
        return rows.stream().map(row -> row.operation().name()).collect(Collectors.toUnmodifiableSet());
    }

    /**
     * The operation of a request.
     *
     * @param method the method as it came; HEAD counts as GET
     * @param path a canonical path below the mount
     * @return empty when no row of this method takes the path
     */
    public Optional<Operation> find(String method, String path) {
        RouteTree tree = trees.get(method.equals("HEAD") ? "GET" : method);
        return tree == null ? Optional.empty() : Optional.ofNullable(tree.find(path));
    }

    /** The methods that rows have for this path; empty when no row takes it. */
    public Set<String> methods(String path) {
        Set<String> methods = new TreeSet<>();
        trees.forEach((method, tree) -> {
            if (tree.find(path) != null) {
                methods.add(method);
            }
        });
        if (methods.contains("GET")) {
            methods.add("HEAD");
        }
        return methods;
    }
}
