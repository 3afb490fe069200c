package ai.hokus.torii.authz;

import ai.hokus.torii.exchange.Decision;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.identity.Principal;

/** Lets an exchange go on whose principal may do its operation; used on the exchange's event loop. */
public final class AuthorizeStage {

    private final Authorizer authorizer;

    /** Decides by this. */
    public AuthorizeStage(Authorizer authorizer) {
        this.authorizer = authorizer;
    }

    /**
     * Decides, and notes the decision.
     *
     * @throws GatewayFailure scope_missing or operation_unknown, where refusals are enforced
     */
    public void apply(Exchange exchange) {
        Decision decision = decide(exchange);
        exchange.decision(decision);
        if (!decision.goesOn()) {
            throw decision.refusal().orElseThrow();
        }
    }

    /** Decides about an exchange whose principal is known. */
    public Decision decide(Exchange exchange) {
        Principal principal = exchange.principal().orElseThrow();
        boolean choosesWorkspace = exchange.route().isPresent()
                && exchange.request().headers().contains(Authorizer.WORKSPACE)
                && exchange.request().headers().getAll(Authorizer.WORKSPACE).stream()
                        .anyMatch(value -> !value.isBlank());
        return authorizer.decide(principal, exchange.operation(), choosesWorkspace);
    }
}
