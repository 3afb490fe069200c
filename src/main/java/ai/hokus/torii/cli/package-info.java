/**
 * The command line: {@code serve}, {@code quickstart}, {@code check-config}, {@code keys}.
 *
 * <p>The only place beside {@code Main} that prints, blocks and decides exit codes. Never on an event loop. To add a
 * command: a picocli class here and its line in {@link ai.hokus.torii.cli.ToriiCommand}.
 */
package ai.hokus.torii.cli;
