/**
 * Orders to a running gateway, on the management listener: forget what is remembered about a key, or about all, and
 * explain a decision.
 *
 * <p>Decides whether an order comes from an operator, and carries it to the other replicas. Never decides about a key
 * itself: what an order does is handed in as a function. To add an order: a route in {@link
 * ai.hokus.torii.admin.AdminRoutes}, a function in {@link ai.hokus.torii.admin.Orders}.
 */
package ai.hokus.torii.admin;
