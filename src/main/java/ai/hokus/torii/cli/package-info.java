/**
 * The command line: {@code serve}, {@code quickstart}, {@code check-config}, {@code keys}, {@code auth-service}.
 *
 * <p>{@code auth-service} listens from here and not from a room of its own: it is a peer of the gateway for laptops and
 * tests, no part of it.
 *
 * <p>The only place beside {@code Main} that prints, blocks and decides exit codes. Never on an event loop. To add a
 * command: a picocli class here and its line in {@link ai.hokus.torii.cli.ToriiCommand}.
 */
package ai.hokus.torii.cli;
