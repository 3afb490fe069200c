package ai.hokus.torii.authz;

import ai.hokus.torii.config.AuthorizationConfig;
import ai.hokus.torii.config.AuthorizationConfig.Mode;
import ai.hokus.torii.config.AuthorizationConfig.Need;
import ai.hokus.torii.exchange.Decision;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.identity.Access;
import ai.hokus.torii.identity.Principal;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Decides what a principal may do. Admin implies all, write implies read, nothing else implies anything; a principal
 * without scopes may do nothing. Immutable, shared by all event loops; nothing is allocated for a yes.
 */
public final class Authorizer {

    private static final String CATALOGUE = "catalogue";
    private static final String EXCEPTION = "authorization.operations";
    private static final String UNKNOWN = "authorization.unknown-operations";
    /** Selects a tenant (MLflow 3.17, {@code workspace_helpers.py}); a blank one selects none. */
    static final String WORKSPACE = "X-MLFLOW-WORKSPACE";

    private static final int MAX_SCOPES_SHOWN = 20;
    private static final int MAX_SCOPE_CHARS = 64;

    private final AuthorizationConfig config;
    private final boolean enforces;
    /** What a scope grants: one bit for each kind of access. */
    private final Map<String, Integer> granted = new HashMap<>();

    private final Map<Access, Rule> byAccess = new EnumMap<>(Access.class);
    private final Map<Access, Rule> byMethod = new EnumMap<>(Access.class);
    private final Map<String, Rule> exceptions = new HashMap<>();
    private final Rule admin;
    private final Rule nobody;
    private final Rule explain;

    /**
     * What one thing needs.
     *
     * @param access the kind of access; null: one of the scopes
     * @param scopes scopes of its own
     * @param yes the decision where it is met
     */
    private record Rule(Access access, Set<String> scopes, Decision yes) {}

    /** Decides by these settings. */
    public Authorizer(AuthorizationConfig config) {
        this.config = config;
        this.enforces = config.mode() == Mode.ENFORCE;
        grant(config.scopes().read(), Access.READ);
        grant(config.scopes().write(), Access.WRITE, Access.READ);
        grant(config.scopes().delete(), Access.DELETE);
        grant(config.scopes().admin(), Access.values());
        for (Access access : Access.values()) {
            byAccess.put(access, rule(CATALOGUE, access));
            byMethod.put(access, rule(UNKNOWN, access));
        }
        config.operations().forEach((name, need) -> exceptions.put(name, rule(need)));
        admin = rule(WORKSPACE, Access.ADMIN);
        nobody = new Rule(Access.ADMIN, Set.of(), new Decision(UNKNOWN, "", Optional.empty(), enforces));
        explain = rule(new Need(Optional.empty(), config.scopes().explain()));
    }

    private void grant(Set<String> scopes, Access... accesses) {
        for (Access access : accesses) {
            scopes.forEach(scope -> granted.merge(scope, bit(access), (a, b) -> a | b));
        }
    }

    private Rule rule(String name, Access access) {
        return new Rule(access, Set.of(), new Decision(name, describe(access), Optional.empty(), enforces));
    }

    private Rule rule(Need need) {
        return need.access()
                .map(access -> rule(EXCEPTION, access))
                .orElseGet(() -> new Rule(
                        null,
                        need.scopes(),
                        new Decision(EXCEPTION, oneOf(new TreeSet<>(need.scopes())), Optional.empty(), enforces)));
    }

    private String describe(Access access) {
        Set<String> scopes = switch (access) {
            case NONE -> Set.of();
            case READ -> config.scopes().read();
            case WRITE -> config.scopes().write();
            case DELETE -> config.scopes().delete();
            case ADMIN -> config.scopes().admin();
        };
        return access == Access.NONE ? "an accepted key" : access.text() + " access (" + oneOf(scopes) + ")";
    }

    private static String oneOf(Set<String> scopes) {
        return switch (scopes.size()) {
            case 0 -> "no scope grants it";
            case 1 -> "the scope " + list(scopes);
            default -> "one of the scopes " + list(scopes);
        };
    }

    /**
     * Decides.
     *
     * @param principal who asks
     * @param operation what for
     * @param choosesWorkspace whether the request names one of MLflow's workspaces, which are tenants
     */
    public Decision decide(Principal principal, Operation operation, boolean choosesWorkspace) {
        Rule rule = rule(operation);
        if (rule == nobody || !holds(principal, rule)) {
            return refused(principal, operation, rule);
        }
        if (choosesWorkspace && !holds(principal, admin)) {
            return refused(
                    admin,
                    GatewayFailure.scopeMissing(
                            operation.name() + " in a workspace of one's own choice (" + WORKSPACE
                                    + ", MLFLOW_WORKSPACE)",
                            admin.yes().needed(),
                            held(principal)));
        }
        return rule.yes();
    }

    private Rule rule(Operation operation) {
        if (!operation.isKnown()) {
            return switch (config.unknownOperations()) {
                case DENY -> nobody;
                case ADMIN -> byMethod.get(Access.ADMIN);
                case BY_METHOD -> byMethod.get(operation.access());
            };
        }
        Rule exception = exceptions.isEmpty() ? null : exceptions.get(operation.name());
        return exception == null ? byAccess.get(operation.access()) : exception;
    }

    private Decision refused(Principal principal, Operation operation, Rule rule) {
        String needed = rule.yes().needed();
        return refused(
                rule,
                operation.isKnown()
                        ? GatewayFailure.scopeMissing(operation.name(), needed, held(principal))
                        : GatewayFailure.operationUnknown(needed, held(principal)));
    }

    private Decision refused(Rule rule, GatewayFailure refusal) {
        return new Decision(rule.yes().rule(), rule.yes().needed(), Optional.of(refusal), enforces);
    }

    /**
     * Whether the principal may ask for decisions themselves; enforced in every mode.
     *
     * @return what it is told if it may not
     */
    public Optional<GatewayFailure> refuseExplaining(Principal principal) {
        return holds(principal, explain)
                ? Optional.empty()
                : Optional.of(GatewayFailure.scopeMissing(
                        "X-Torii-Explain", explain.yes().needed(), held(principal)));
    }

    private boolean holds(Principal principal, Rule rule) {
        int grants = grants(principal);
        boolean isAdmin = (grants & bit(Access.ADMIN)) != 0;
        if (isAdmin || rule.access() == Access.NONE) {
            return true;
        }
        return rule.access() == null
                ? principal.scopes().stream().anyMatch(rule.scopes()::contains)
                : (grants & bit(rule.access())) != 0;
    }

    /** Of the owner's roles those count that mean admin: a role is no scope. */
    private int grants(Principal principal) {
        int grants = 0;
        for (String scope : principal.scopes()) {
            grants |= granted.getOrDefault(scope, 0);
        }
        for (String role : principal.roles()) {
            grants |= config.scopes().admin().contains(role) ? bit(Access.ADMIN) : 0;
        }
        return grants;
    }

    private static int bit(Access access) {
        return 1 << access.ordinal();
    }

    /** The scopes and roles of a principal, for people; what the auth source says may be odd, so it is bounded. */
    private static String held(Principal principal) {
        String scopes = list(new TreeSet<>(principal.scopes()));
        return principal.roles().isEmpty()
                ? scopes
                : scopes + "; roles of its owner: " + list(new TreeSet<>(principal.roles()));
    }

    private static String list(Set<String> scopes) {
        List<String> shown = scopes.stream()
                .filter(scope -> !scope.isBlank())
                .map(Authorizer::visible)
                .toList();
        String list = String.join(", ", shown.subList(0, Math.min(shown.size(), MAX_SCOPES_SHOWN)));
        return list.isEmpty() ? "none" : shown.size() > MAX_SCOPES_SHOWN ? list + ", …" : list;
    }

    private static String visible(String scope) {
        String text = scope.replaceAll("[^ -~]", "?");
        return text.length() > MAX_SCOPE_CHARS ? text.substring(0, MAX_SCOPE_CHARS) + "…" : text;
    }
}
