package ai.hokus.torii.auth;

import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.identity.Principal;
import io.vertx.core.Future;

/** What is known about a key: the auth source was asked and has answered. Immutable, safe to remember. */
public sealed interface Verdict {

    /** The principal, or a failed future with what the caller is told. */
    Future<Principal> admit();

    /** A short stable name for metrics: accepted, or the refusal's reason. */
    String outcome();

    /** The key is good. */
    record Accepted(Principal principal) implements Verdict {
        @Override
        public Future<Principal> admit() {
            return Future.succeededFuture(principal);
        }

        @Override
        public String outcome() {
            return "accepted";
        }
    }

    /** The key is not good, for good or at least for now. */
    record Rejected(Refusal refusal) implements Verdict {
        @Override
        public Future<Principal> admit() {
            return Future.failedFuture(refusal.failure());
        }

        @Override
        public String outcome() {
            return refusal.failure().reason().code();
        }
    }

    /** Why a key is not good. */
    enum Refusal {
        /** Unknown, revoked or expired. */
        REFUSED,
        /** Known, but not allowed here: permission or balance. */
        NOT_ALLOWED;

        private GatewayFailure failure() {
            return this == REFUSED ? GatewayFailure.keyRefused() : GatewayFailure.keyNotAllowed();
        }
    }
}
