package ai.hokus.torii.config;

import ai.hokus.torii.identity.Access;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What keys may do.
 *
 * @param mode whether refusals are refusals
 * @param unknownOperations what becomes of calls that the route catalogue does not know
 * @param scopes which scopes grant what
 * @param operations what single operations need in place of what the catalogue says, by name
 * @param routes routes that the catalogue lacks
 */
public record AuthorizationConfig(
        Mode mode,
        UnknownOperations unknownOperations,
        Scopes scopes,
        Map<String, Need> operations,
        List<Route> routes) {

    /** Whether refusals are refusals. */
    public enum Mode {
        /** They are. */
        ENFORCE,
        /** They are logged and counted, and the call goes on. */
        REPORT
    }

    /** What becomes of calls that the route catalogue does not know. */
    public enum UnknownOperations {
        /** Nobody may make them. */
        DENY,
        /** Admin keys may. */
        ADMIN,
        /** GET needs read, DELETE delete, others write; what sounds sensitive needs admin. */
        BY_METHOD
    }

    /**
     * Which scopes grant what. Admin implies all, write implies read; nothing else implies anything.
     *
     * @param read grant reading
     * @param write grant writing and reading
     * @param delete grant deleting
     * @param admin grant everything; the owner's roles count for these too
     * @param explain grant asking for the decision itself
     */
    public record Scopes(
            Set<String> read, Set<String> write, Set<String> delete, Set<String> admin, Set<String> explain) {}

    /**
     * What an operation needs.
     *
     * @param access one of the kinds of access; empty: one of the scopes
     * @param scopes scopes of its own, of which one will do
     */
    public record Need(Optional<Access> access, Set<String> scopes) {}

    /**
     * A route that the catalogue lacks.
     *
     * @param method the HTTP method
     * @param template its path as MLflow serves it, with {@code <name>} for a segment
     * @param access what it needs
     */
    public record Route(String method, String template, Access access) {}
}
