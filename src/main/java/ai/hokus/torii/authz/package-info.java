/**
 * May this principal do that operation?
 *
 * <p>Decides by scopes, what the route catalogue says an operation needs, and the operator's exceptions. Never looks at a
 * path or a body, never asks anybody. To add a rule: a step in {@link ai.hokus.torii.authz.Authorizer#decide}, with its
 * name for the decision trail.
 */
package ai.hokus.torii.authz;
