package ai.hokus.torii.exchange;

/**
 * How the check of a key went.
 *
 * @param outcome accepted, or a reason's code
 * @param source who said so
 * @param nanos how long it took
 */
public record KeyCheck(String outcome, VerdictSource source, long nanos) {}
