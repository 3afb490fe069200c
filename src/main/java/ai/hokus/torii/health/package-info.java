/**
 * Is the gateway alive, ready, and what of its surroundings fails?
 *
 * <p>Decides when {@code /ready} says yes: each dependency has answered properly once since the start, and the process
 * is not draining. Never asks anybody itself; named checks are handed in as functions. To add a check: one line in
 * {@code Gateway}.
 */
package ai.hokus.torii.health;
