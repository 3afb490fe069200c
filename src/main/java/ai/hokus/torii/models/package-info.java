/**
 * {@code /api/models}: the small REST face over MLflow's registry.
 *
 * <p>Decides how a registered model looks to a script that does not want MLflow's client. Never talks to MLflow itself;
 * the call is handed in as a function.
 */
package ai.hokus.torii.models;
