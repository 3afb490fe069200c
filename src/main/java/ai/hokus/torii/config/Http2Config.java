package ai.hokus.torii.config;

/**
 * HTTP/2 on the api listener.
 *
 * @param streams how many requests a connection may have open at once
 */
public record Http2Config(int streams) {}
