package ai.hokus.torii.ratelimit;

/**
 * What came of taking one request.
 *
 * @param isGranted whether there was one
 * @param left how many are left, parts of one included
 * @param store who counted
 */
record Taken(boolean isGranted, double left, Decisions.Store store) {}
