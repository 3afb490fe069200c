package ai.hokus.torii.mlflow;

import ai.hokus.torii.exchange.Operation;
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

    /** The shipped rows alone. */
    public static RouteCatalogue shipped() {
        return new RouteCatalogue(read());
    }

    /**
     * The shipped rows and these.
     *
     * @throws IllegalArgumentException when one of them has the shape of another route; the message names both
     */
    public static RouteCatalogue with(List<Addition> additions) {
        Stream<Row> added = additions.stream()
                .map(addition -> new Row(
                        new Operation(addition.name(), "added", addition.access(), false, false, addition.name()),
                        addition.method(),
                        List.of(addition.template())));
        return new RouteCatalogue(Stream.concat(read().stream(), added).toList());
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
