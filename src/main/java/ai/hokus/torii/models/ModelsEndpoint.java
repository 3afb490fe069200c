package ai.hokus.torii.models;

import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.WholeAnswer;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/** Lists the registered models, page by page, straight from the registry. Used on event loops. */
public final class ModelsEndpoint {

    private static final List<String> PARAMETERS = List.of("max_results", "page_token", "filter", "order_by");

    /**
     * What MLflow answered.
     *
     * @param status its status
     * @param contentType its media type; null when it gave none
     * @param body its body
     */
    public record Answer(int status, String contentType, Buffer body) {}

    private final BiFunction<Exchange, String, Future<Answer>> registry;

    /** Asks the registry by this function: a GET on a target below MLflow's root, on behalf of an exchange. */
    public ModelsEndpoint(BiFunction<Exchange, String, Future<Answer>> registry) {
        this.registry = registry;
    }

    /** Answers the exchange; an error of MLflow's (a bad filter, say) passes through as it is. */
    public Future<Void> handle(Exchange exchange) {
        return registry.apply(exchange, target(params(exchange))).map(answer -> {
            boolean good = answer.status() == 200;
            Buffer body = good ? models(answer.body()) : answer.body();
            String type = good || answer.contentType() == null ? "application/json" : answer.contentType();
            exchange.response().setStatusCode(answer.status());
            WholeAnswer.write(exchange.request(), type, body);
            return null;
        });
    }

    private static MultiMap params(Exchange exchange) {
        try {
            return exchange.request().params();
        } catch (IllegalArgumentException e) {
            throw GatewayFailure.requestMalformed("its query holds a '%' that is no escape");
        }
    }

    private static String target(MultiMap params) {
        StringBuilder target = new StringBuilder("/api/2.0/mlflow/registered-models/search");
        char separator = '?';
        for (Map.Entry<String, String> param : params) {
            if (PARAMETERS.contains(param.getKey())) {
                target.append(separator)
                        .append(param.getKey())
                        .append('=')
                        .append(URLEncoder.encode(param.getValue(), StandardCharsets.UTF_8));
                separator = '&';
            }
        }
        return target.toString();
    }

    private static Buffer models(Buffer answer) {
        JsonObject found;
        try {
            found = answer.toJsonObject();
        } catch (DecodeException | ClassCastException e) {
            throw GatewayFailure.upstreamBroken("the registry's answer is no JSON object");
        }
        JsonArray models = new JsonArray();
        for (Object item : found.getJsonArray("registered_models", new JsonArray())) {
            JsonObject model = (JsonObject) item;
            models.add(new JsonObject()
                    .put("name", model.getString("name"))
                    .put("description", model.getString("description", ""))
                    .put("aliases", model.getJsonArray("aliases", new JsonArray()))
                    .put("tags", model.getJsonArray("tags", new JsonArray()))
                    .put("latest_versions", model.getJsonArray("latest_versions", new JsonArray())));
        }
        return new JsonObject()
                .put("models", models)
                .put("next_page_token", found.getString("next_page_token"))
                .toBuffer();
    }
}
