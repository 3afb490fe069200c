package ai.hokus.torii.auth;

import ai.hokus.torii.identity.ApiKey;

/**
 * The question about a key.
 *
 * @param key what the caller showed
 * @param clientIp the caller's address, without port
 * @param isRead whether the request certainly changes nothing; decides for how long an old answer may serve
 */
public record Inquiry(ApiKey key, String clientIp, boolean isRead) {}
