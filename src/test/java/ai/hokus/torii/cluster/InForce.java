package ai.hokus.torii.cluster;

import ai.hokus.torii.Gateway;
import ai.hokus.torii.config.ConfigLoader;
import ai.hokus.torii.config.GatewayConfig;
import ai.hokus.torii.config.Loaded;
import io.vertx.core.Vertx;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What the gateway of these documents is told, read as the gateway itself reads it.
 *
 * @param config the settings that are in force
 * @param addresses whom it talks to: MLflow, the auth service, Redis
 */
record InForce(GatewayConfig config, List<URI> addresses) {

    /** Reads the ConfigMaps, the environment and stand-ins for secrets; fails with every problem they have. */
    static InForce of(Rendered all) throws Exception {
        Pod pod = new Pod(all, all.gateway());
        PodFolder folder = PodFolder.temporary(pod);
        Map<String, String> environment = folder.environment(pod.container("torii"));
        Vertx vertx = Vertx.vertx();
        try {
            Loaded loaded = new ConfigLoader(vertx, Gateway::problems)
                    .load(Optional.empty(), environment)
                    .await(20, TimeUnit.SECONDS);
            List<URI> addresses = new ArrayList<>();
            loaded.lines().stream()
                    .filter(line -> List.of("mlflow.url", "auth.http.url").contains(line.key()))
                    .flatMap(line -> Stream.of(line.value().split(",")))
                    .filter(url -> !url.isBlank())
                    .map(url -> URI.create(url.strip()))
                    .forEach(addresses::add);
            redis(environment).map(URI::create).ifPresent(addresses::add);
            return new InForce(loaded.config(), List.copyOf(addresses));
        } finally {
            vertx.close().await(10, TimeUnit.SECONDS);
        }
    }

    private static Optional<String> redis(Map<String, String> environment) {
        return environment.containsKey("TORII_REDIS_URL_FILE") || environment.containsKey("REDIS_URL_FILE")
                ? Optional.of(StandIn.of("redis-url"))
                : Stream.of("REDIS_URL", "TORII_REDIS_URL")
                        .map(environment::get)
                        .filter(url -> url != null)
                        .findFirst();
    }

    /** The port of an address, also where it does not say it. */
    static int port(URI address) {
        if (address.getPort() != -1) {
            return address.getPort();
        }
        return switch (address.getScheme()) {
            case "https" -> 443;
            case "http" -> 80;
            default -> 6379;
        };
    }
}
