package ai.hokus.torii.exchange;

import ai.hokus.torii.identity.Access;

/**
 * What a request is about.
 *
 * @param name the operation's name; one of a fixed set, fit for a metric's tag
 * @param area the part of MLflow, or of the gateway, it belongs to; one of a small fixed set
 * @param access what it needs of a key
 * @param isArtifactTransfer whether it moves artifact bytes, so that MLflow may be silent for minutes
 * @param hasDocument whether its body, a GraphQL document, decides what it needs
 * @param row the row of the route catalogue that it was found by; empty when there is none
 */
public record Operation(
        String name, String area, Access access, boolean isArtifactTransfer, boolean hasDocument, String row) {

    private static final String UNKNOWN = "unknown";

    /** One of the gateway's own; its name is also its area. */
    public static Operation own(String name, Access access) {
        return new Operation(name, name, access, false, false, "");
    }

    /**
     * A call that the route catalogue does not know.
     *
     * @param access what it needs where such calls are judged by their method
     */
    public static Operation unknown(Access access) {
        return new Operation(UNKNOWN, "other", access, false, false, "");
    }

    /** Whether anybody knows what it does. */
    public boolean isKnown() {
        return !name.equals(UNKNOWN);
    }

    /** Whether it certainly changes nothing. */
    public boolean isRead() {
        return isKnown() && access.compareTo(Access.READ) <= 0;
    }

    /** The same with a document that was read and only reads. */
    public Operation reading() {
        return new Operation(name, area, Access.READ, isArtifactTransfer, hasDocument, row);
    }
}
