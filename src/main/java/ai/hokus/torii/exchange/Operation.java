package ai.hokus.torii.exchange;

/**
 * What a request is about.
 *
 * @param area the part of MLflow, or of the gateway, it belongs to; one of a small fixed set, fit for a metric's tag
 * @param isArtifactTransfer whether it moves artifact bytes, so that MLflow may be silent for minutes
 * @param isRead whether it certainly changes nothing; what is not known is no read
 */
public record Operation(String area, boolean isArtifactTransfer, boolean isRead) {}
