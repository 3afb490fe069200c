package ai.hokus.torii.cli;

import ai.hokus.torii.mlflow.RouteCatalogue;
import ai.hokus.torii.mlflow.RouteCatalogue.Row;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Lists what the gateway knows of MLflow, as it is shipped. */
@Command(
        name = "operations",
        mixinStandardHelpOptions = true,
        description = "Lists the operations of MLflow's that the gateway knows: name, the access each needs, method and"
                + " paths.")
final class OperationsCommand implements Callable<Integer> {

    @Override
    public Integer call() {
        for (Row row : RouteCatalogue.shipped().rows()) {
            System.out.printf(
                    "%-40s  %-6s  %s%n",
                    row.operation().name(),
                    row.operation().access().text(),
                    row.operation().row());
        }
        System.out.printf("%-40s  %-6s  %s%n", "models", "read", "GET /api/models, the gateway's own");
        return ToriiCommand.OK;
    }
}
