/**
 * The ends of TLS: which files make one, which versions and suites it speaks, when its files have been renewed.
 *
 * <p>Decides whether a certificate, a key and authorities fit together, and what is modern enough; keeps what worked when
 * what came after does not. Never opens a connection, and knows neither MLflow nor a setting's name. It is ground, so
 * that the listener and every room with a client use the same rules. To add an end: its {@link ai.hokus.torii.tls.PemFiles}
 * in a section of the configuration, a {@link ai.hokus.torii.tls.TlsWatch} in {@code Gateway}, and whoever has the server
 * or the client asks the watch for options and for news.
 */
package ai.hokus.torii.tls;
