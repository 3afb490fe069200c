/**
 * Has it asked too often?
 *
 * <p>Decides whether a key may ask once more (so many requests an hour, so many transfers at once) and whether an address
 * whose callers were refused too often may go on. Never sets a status, never sees an API key, never fails a request
 * because Redis is away. To add another store: a {@link ai.hokus.torii.ratelimit.LimitStore}, a value of
 * {@code RateLimitConfig.Store}, and a line in {@code LimitStage.open}; another kind of limit: a value of
 * {@link ai.hokus.torii.ratelimit.Decisions.Kind} and a method of {@link ai.hokus.torii.ratelimit.LimitStage}.
 */
package ai.hokus.torii.ratelimit;
