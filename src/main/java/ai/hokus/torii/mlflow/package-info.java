/**
 * The only room that knows MLflow's paths and operations: the canonical path, the mounts, the route catalogue.
 *
 * <p>Decides which string is forwarded, which operation it is and what that needs of a key, and refuses every path that
 * MLflow could read differently. Never asks who is calling; of bodies it reads GraphQL documents alone, which decide what
 * they need. To add an operation: a row in {@code routes.tsv} (its head explains the columns); to add a mount: a line in
 * {@link ai.hokus.torii.mlflow.Mounts}.
 */
package ai.hokus.torii.mlflow;
