package ai.hokus.torii.admin;

import java.util.function.Consumer;

/**
 * What operators may order in this process; both take effect at once and may be called from any thread.
 *
 * @param revoke believes nothing any more that is remembered about the key with this key_id
 * @param purge believes nothing any more that is remembered
 */
public record Orders(Consumer<String> revoke, Runnable purge) {}
