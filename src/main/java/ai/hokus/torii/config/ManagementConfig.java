package ai.hokus.torii.config;

/**
 * The management listener: metrics and probes, for operators.
 *
 * @param host address to bind
 * @param port TCP port; 0 takes a free one
 */
public record ManagementConfig(String host, int port) {}
