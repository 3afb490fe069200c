package ai.hokus.torii;

import ai.hokus.torii.authz.Authorizer;
import ai.hokus.torii.config.AuthorizationConfig;
import ai.hokus.torii.config.GatewayConfig;
import ai.hokus.torii.config.InvalidConfigException;
import ai.hokus.torii.config.Problem;
import ai.hokus.torii.mlflow.Mounts;
import ai.hokus.torii.mlflow.RouteCatalogue;
import ai.hokus.torii.mlflow.RouteCatalogue.Addition;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Which operation a path is, and who may do it; one for all event loops of a process.
 *
 * @param mounts finds the operation
 * @param authorizer decides about it
 */
record Policy(Mounts mounts, Authorizer authorizer) {

    /**
     * From the shipped catalogue and the operator's additions and exceptions.
     *
     * @throws InvalidConfigException when these do not fit the catalogue
     */
    static Policy of(GatewayConfig config) throws InvalidConfigException {
        AuthorizationConfig authorization = config.authorization();
        List<Problem> problems = new ArrayList<>();
        RouteCatalogue catalogue = catalogue(authorization, problems);
        Set<String> names = catalogue.names();
        authorization.operations().keySet().stream()
                .filter(name -> !names.contains(name) && !Endpoint.OPERATIONS.contains(name))
                .sorted()
                .forEach(name -> problems.add(new Problem(
                        "authorization.operations",
                        "names '" + name
                                + "', which is no operation; their names are in the access log, in metrics, and"
                                + " listed by `torii operations`")));
        if (!problems.isEmpty()) {
            throw new InvalidConfigException(problems);
        }
        return new Policy(new Mounts(catalogue, config.mlflow().servesArtifacts()), new Authorizer(authorization));
    }

    private static RouteCatalogue catalogue(AuthorizationConfig config, List<Problem> problems) {
        List<Addition> additions = config.routes().stream()
                .map(route -> new Addition(route.method(), route.template(), route.access()))
                .toList();
        try {
            return RouteCatalogue.with(additions);
        } catch (IllegalArgumentException e) {
            problems.add(new Problem(
                    "authorization.routes",
                    "repeats a route (" + e.getMessage() + "); change what a known operation needs with"
                            + " authorization.operations"));
            return RouteCatalogue.shipped();
        }
    }
}
