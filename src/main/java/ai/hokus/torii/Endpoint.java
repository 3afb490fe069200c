package ai.hokus.torii;

import ai.hokus.torii.exchange.Exchange;
import io.vertx.core.Future;
import java.util.function.Function;

/**
 * A route of the gateway's own: GET and HEAD on one exact path.
 *
 * @param area its name in metrics
 * @param isOpen whether it needs no key
 * @param handler answers the exchange, or fails
 */
record Endpoint(String area, boolean isOpen, Function<Exchange, Future<Void>> handler) {}
