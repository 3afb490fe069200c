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
import java.util.Optional;
import java.util.Set;

/**
 * Which operation a path is, and who may do it; one for all event loops of a process.
 *
 * @param mounts finds the operation
 * @param authorizer decides about it
 */
record Policy(Mounts mounts, Authorizer authorizer) {

    private static final String ROUTES = "authorization.routes";
    private static final String OPERATIONS = "authorization.operations";

    /**
     * From the shipped catalogue and the operator's additions and exceptions.
     *
     * @throws InvalidConfigException when these do not fit the catalogue
     */
    static Policy of(GatewayConfig config) throws InvalidConfigException {
        List<Problem> problems = new ArrayList<>();
        RouteCatalogue catalogue = catalogue(config, problems);
        if (!problems.isEmpty()) {
            throw new InvalidConfigException(problems);
        }
        return new Policy(
                new Mounts(catalogue, config.mlflow().servesArtifacts()), new Authorizer(config.authorization()));
    }

    /** What in the configuration does not fit the catalogue; each problem names a setting by its dotted key. */
    static List<Problem> problems(GatewayConfig config) {
        List<Problem> problems = new ArrayList<>();
        catalogue(config, problems);
        return problems;
    }

    private static RouteCatalogue catalogue(GatewayConfig config, List<Problem> problems) {
        RouteCatalogue catalogue = RouteCatalogue.shipped();
        for (AuthorizationConfig.Route route : config.authorization().routes()) {
            Addition addition = new Addition(route.method(), route.template(), route.access());
            Optional<String> objection = catalogue.objection(addition);
            if (objection.isPresent()) {
                problems.add(new Problem(ROUTES, "holds '" + addition.name() + "', but " + objection.get()));
            } else {
                catalogue = catalogue.with(addition);
            }
        }
        Set<String> names = catalogue.names();
        config.authorization().operations().keySet().stream()
                .filter(name -> !names.contains(name) && !Endpoint.OPERATIONS.contains(name))
                .sorted()
                .forEach(name -> problems.add(new Problem(
                        OPERATIONS, "names '" + name + "', which is no operation; `torii operations` lists them")));
        return catalogue;
    }
}
