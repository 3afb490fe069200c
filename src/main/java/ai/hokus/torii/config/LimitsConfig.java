package ai.hokus.torii.config;

/**
 * How large a request body may be, by what it is for.
 *
 * @param controlBodyBytes largest body of a call that moves no artifact, with or without a length; {@link #NONE}: any
 * @param artifactBodyBytes the same for artifact uploads
 */
public record LimitsConfig(long controlBodyBytes, long artifactBodyBytes) {

    /** No limit. */
    public static final long NONE = Long.MAX_VALUE;
}
