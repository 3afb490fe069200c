package ai.hokus.torii.exchange;

/** Where a verdict came from. */
public enum VerdictSource {
    /** The auth source was asked. */
    CALL,
    /** Another request was asking for the same, and its answer served both. */
    SHARED,
    /** It was remembered. */
    CACHE,
    /** It was remembered beyond its life, because the auth source cannot answer. */
    STALE
}
