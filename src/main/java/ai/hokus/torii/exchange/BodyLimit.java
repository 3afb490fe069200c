package ai.hokus.torii.exchange;

/**
 * How many bytes a request body may have.
 *
 * @param setting where that is set, for the caller's ears
 * @param maxBytes the most it may have
 */
public record BodyLimit(String setting, long maxBytes) {

    /** {@link Long#MAX_VALUE} has nineteen digits. */
    private static final int LONGEST = 18;

    /**
     * Refuses a body that is larger.
     *
     * @throws GatewayFailure body_too_large
     */
    public void check(long bytes) {
        if (bytes > maxBytes) {
            throw GatewayFailure.bodyOverLimit(setting, maxBytes);
        }
    }

    /**
     * Refuses a body by its Content-Length, which the decoder has found to be digits.
     *
     * @throws GatewayFailure body_too_large
     */
    public void checkLength(String contentLength) {
        int zeros = 0;
        while (zeros < contentLength.length() - 1 && contentLength.charAt(zeros) == '0') {
            zeros++;
        }
        boolean isHuge = contentLength.length() - zeros > LONGEST;
        check(isHuge ? Long.MAX_VALUE : Long.parseLong(contentLength));
    }
}
