package ai.hokus.torii;

import ai.hokus.torii.exchange.Exchange;
import io.vertx.core.Future;
import java.util.function.Function;

/**
 * Where an exchange goes once its path is known: a route of the gateway's own, or MLflow.
 *
 * @param area its name in metrics
 * @param isOpen whether it needs no key
 * @param handler answers the exchange, or fails
 */
record Endpoint(String area, boolean isOpen, Function<Exchange, Future<Void>> handler) {}
