package ai.hokus.torii.config;

import ai.hokus.torii.config.AuthorizationConfig.Mode;
import ai.hokus.torii.config.AuthorizationConfig.Need;
import ai.hokus.torii.config.AuthorizationConfig.Route;
import ai.hokus.torii.config.AuthorizationConfig.Scopes;
import ai.hokus.torii.config.AuthorizationConfig.UnknownOperations;
import ai.hokus.torii.identity.Access;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads what keys may do. Whether the operations exist is for the route catalogue to say. */
final class AuthorizationConfigReader {

    private static final String OPERATIONS = "authorization.operations";
    private static final String ROUTES = "authorization.routes";
    private static final String OWN_SCOPE = "scope:";
    private static final String CLASSES = "read, write, delete or admin";
    private static final Pattern ROUTE = Pattern.compile("(GET|POST|PUT|PATCH|DELETE) (/[^=\\s]*)");
    private static final Pattern SEGMENT =
            Pattern.compile("<[A-Za-z_][A-Za-z0-9_]*>|<path:[A-Za-z_]+>|[A-Za-z0-9._~:@!$&'()+-]*");

    private final Values values;

    AuthorizationConfigReader(Values values) {
        this.values = values;
    }

    AuthorizationConfig authorization() {
        return new AuthorizationConfig(
                values.choice("authorization.mode", Mode.class),
                values.choice("authorization.unknown-operations", UnknownOperations.class),
                new Scopes(
                        scopes("authorization.scopes.read"),
                        scopes("authorization.scopes.write"),
                        scopes("authorization.scopes.delete"),
                        scopes("authorization.scopes.admin"),
                        scopes("authorization.scopes.explain")),
                operations(),
                routes());
    }

    private Set<String> scopes(String key) {
        List<String> scopes = values.list(key);
        if (scopes.isEmpty()) {
            values.problem(key, "is empty; write none if no scope grants it, or leave it out for the default");
        }
        if (scopes.equals(List.of("none"))) {
            return Set.of();
        }
        scopes.stream()
                .filter(scope -> !scope.matches("[!-~]+"))
                .forEach(scope -> values.problem(key, "holds '" + scope + "', but a scope is one word"));
        // In the order of the setting, which is the order of the messages.
        return Collections.unmodifiableSet(new LinkedHashSet<>(scopes));
    }

    private Map<String, Need> operations() {
        Map<String, Need> needs = new LinkedHashMap<>();
        for (String item : values.list(OPERATIONS)) {
            int equals = item.indexOf('=');
            String name = item.substring(0, Math.max(0, equals)).trim();
            String need = item.substring(equals + 1).trim();
            Optional<Need> read = name.isEmpty() ? Optional.empty() : need(need);
            if (read.isEmpty()) {
                values.problem(
                        OPERATIONS,
                        "must hold items like deleteRun=write or createRun=scope:runs:create (" + CLASSES
                                + ", or scopes joined by '|'), but holds '" + item + "'");
            } else if (needs.put(name, read.get()) != null) {
                values.problem(OPERATIONS, "names " + name + " twice");
            }
        }
        return Map.copyOf(needs);
    }

    private static Optional<Need> need(String text) {
        if (text.startsWith(OWN_SCOPE)) {
            Set<String> scopes =
                    Set.copyOf(List.of(text.substring(OWN_SCOPE.length()).split("\\|", -1)).stream()
                            .distinct()
                            .toList());
            return scopes.stream().allMatch(scope -> scope.matches("[!-~]+"))
                    ? Optional.of(new Need(Optional.empty(), scopes))
                    : Optional.empty();
        }
        return access(text).map(access -> new Need(Optional.of(access), Set.of()));
    }

    private static Optional<Access> access(String text) {
        return Arrays.stream(Access.values())
                .filter(access -> access != Access.NONE && access.text().equals(text))
                .findFirst();
    }

    private List<Route> routes() {
        List<Route> routes = new ArrayList<>();
        for (String item : values.list(ROUTES)) {
            int equals = item.lastIndexOf('=');
            Matcher route =
                    ROUTE.matcher(item.substring(0, Math.max(0, equals)).trim().replaceAll(" +", " "));
            Optional<Access> access = access(item.substring(equals + 1).trim());
            if (route.matches() && access.isPresent() && isTemplate(route.group(2))) {
                routes.add(new Route(route.group(1), route.group(2), access.get()));
            } else {
                values.problem(
                        ROUTES,
                        "must hold items like 'POST /api/3.0/mlflow/things/<id>=write' (" + CLASSES + "), but holds '"
                                + item + "'");
            }
        }
        return List.copyOf(routes);
    }

    private static boolean isTemplate(String template) {
        return !template.contains("//")
                && Arrays.stream(template.substring(1).split("/", -1))
                        .allMatch(segment -> SEGMENT.matcher(segment).matches());
    }
}
