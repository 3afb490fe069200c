package ai.hokus.torii.mlflow;

import ai.hokus.torii.exchange.Operation;
import ai.hokus.torii.identity.Access;
import java.util.List;
import java.util.Locale;

/**
 * What a call that has no row would need, where an operator lets the method decide: never less than write unless it is
 * a GET, and admin for whatever sounds like identities, settings, or work that the server does on its own.
 */
final class UnknownOperation {

    /** Parts of words in MLflow's paths that ever stood for such things, from 2.22 to 3.17. */
    private static final List<String> SENSITIVE = List.of(
            "job",
            "gateway",
            "assistant",
            "user",
            "role",
            "permission",
            "webhook",
            "secret",
            "workspace",
            "auth",
            "admin",
            "invoke",
            "invocation",
            "optimization",
            "demo",
            "budget",
            "guardrail",
            "signup",
            "login",
            "token");

    private static final Operation READ = Operation.unknown(Access.READ);
    private static final Operation WRITE = Operation.unknown(Access.WRITE);
    private static final Operation DELETE = Operation.unknown(Access.DELETE);
    private static final Operation ADMIN = Operation.unknown(Access.ADMIN);

    private UnknownOperation() {}

    static Operation of(String method, String path) {
        String lower = path.toLowerCase(Locale.ROOT);
        // An escape that is left in a canonical path is read by MLflow as what it stands for.
        if (lower.indexOf('%') >= 0 || SENSITIVE.stream().anyMatch(lower::contains)) {
            return ADMIN;
        }
        return switch (method) {
            case "GET", "HEAD" -> READ;
            case "DELETE" -> DELETE;
            default -> WRITE;
        };
    }
}
