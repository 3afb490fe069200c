/**
 * The only room that knows MLflow's paths: the canonical path, the mounts, and which area a path belongs to.
 *
 * <p>Decides which string is forwarded and refuses every path that MLflow could read differently. Never asks who is
 * calling and never touches a body. To add a mount: a line in {@link ai.hokus.torii.mlflow.Mounts}; to add an area: a
 * line in {@link ai.hokus.torii.mlflow.Areas}.
 */
package ai.hokus.torii.mlflow;
