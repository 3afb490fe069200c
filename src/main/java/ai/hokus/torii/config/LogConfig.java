package ai.hokus.torii.config;

/**
 * What the process writes to its log.
 *
 * @param format what a line looks like
 * @param refusalsPerSecond lines a second about callers that are not known, and about refusals in the audit log; what is
 *     beyond that is counted and left out; 0: no limit
 */
public record LogConfig(Format format, int refusalsPerSecond) {

    /** What a line looks like. */
    public enum Format {
        /** {@code name=value}. */
        TEXT,
        /** A JSON object. */
        JSON
    }
}
