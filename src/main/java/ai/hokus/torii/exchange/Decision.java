package ai.hokus.torii.exchange;

import java.util.Optional;

/**
 * Whether a principal may do an operation, and by which rule.
 *
 * @param rule what it was decided by: the catalogue, or a setting
 * @param needed what the operation needs, in words
 * @param refusal what the caller is told if it may not; empty: it may
 * @param isEnforced whether a refusal is one; otherwise it is only logged and counted
 */
public record Decision(String rule, String needed, Optional<GatewayFailure> refusal, boolean isEnforced) {

    /** Whether the exchange goes on. */
    public boolean goesOn() {
        return refusal.isEmpty() || !isEnforced;
    }

    /** A short stable name: allowed, refused, or would_refuse. */
    public String outcome() {
        return refusal.isEmpty() ? "allowed" : isEnforced ? "refused" : "would_refuse";
    }
}
