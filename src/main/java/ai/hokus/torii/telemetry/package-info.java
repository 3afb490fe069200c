/**
 * Everything that looks at an exchange after it ended: meters and the access line.
 *
 * <p>Decides names and tags of metrics and the shape of a log line; never changes an answer, never prints a key, and
 * never uses a tag whose values a caller can make up. To add a number: a fact in {@code Exchange}, a meter in
 * {@link ai.hokus.torii.telemetry.Meters}.
 */
package ai.hokus.torii.telemetry;
