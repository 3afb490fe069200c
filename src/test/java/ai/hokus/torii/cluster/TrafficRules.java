package ai.hokus.torii.cluster;

import ai.hokus.torii.cluster.PodRules.Problems;
import java.util.List;
import java.util.Map;

/** Which names and ports lead where. Each rule returns what breaks it, nothing where all is well. */
final class TrafficRules {

    private TrafficRules() {}

    /** Each Service's ports are those of the pods it selects; what routes to a Service names one of its ports. */
    static List<String> leadsSomewhere(Rendered all) {
        Problems problems = new Problems();
        for (Node service : all.all("Service")) {
            for (Pod pod : all.podsWith(service.at("spec.selector").fields())) {
                for (Node port : service.at("spec.ports").items()) {
                    Node target = port.at("targetPort").isThere() ? port.at("targetPort") : port.at("port");
                    problems.unless(pod.port(target).isPresent(), service, "sends to port " + target + " of " + pod);
                }
            }
        }
        for (Node route : all.all("HTTPRoute")) {
            route.at("spec.rules").items().stream()
                    .flatMap(rule -> rule.at("backendRefs").items().stream())
                    .forEach(backend -> isPort(problems, all, route, backend.at("name"), backend.at("port")));
        }
        for (Node ingress : all.all("Ingress")) {
            ingress.at("spec.rules").items().stream()
                    .flatMap(rule -> rule.at("http.paths").items().stream())
                    .map(path -> path.at("backend.service"))
                    .forEach(backend -> isPort(
                            problems,
                            all,
                            ingress,
                            backend.at("name"),
                            backend.at("port.name").isThere() ? backend.at("port.name") : backend.at("port.number")));
        }
        return problems.found();
    }

    private static void isPort(Problems problems, Rendered all, Node who, Node service, Node port) {
        boolean isThere = all.find("Service", service.text()).stream()
                .flatMap(found -> found.at("spec.ports").items().stream())
                .anyMatch(found ->
                        found.at("name").equals(port) || found.at("port").equals(port));
        problems.unless(isThere && service.text().equals("torii"), who, "leads to " + service + ":" + port);
    }

    /** Prometheus finds the Service of the management port by its labels, and the series' job is "torii". */
    static List<String> isScraped(Rendered all) {
        Problems problems = new Problems();
        for (Node monitor : all.all("ServiceMonitor")) {
            Map<String, Node> wanted = monitor.at("spec.selector.matchLabels").fields();
            List<Node> found = all.all("Service").stream()
                    .filter(service ->
                            service.at("metadata.labels").fields().entrySet().containsAll(wanted.entrySet()))
                    .toList();
            problems.unless(
                    found.stream().map(Node::name).toList().equals(List.of("torii-management")),
                    monitor,
                    "selects " + found);
            for (Node endpoint : monitor.at("spec.endpoints").items()) {
                problems.unless(
                        found.stream()
                                .flatMap(service -> service.at("spec.ports").items().stream())
                                .anyMatch(port -> port.at("name").equals(endpoint.at("port"))),
                        monitor,
                        "scrapes port " + endpoint.at("port"));
                problems.unless(
                        endpoint.at("path").text().equals("/metrics"), monitor, "scrapes " + endpoint.at("path"));
            }
            String label = monitor.at("spec.jobLabel").text();
            problems.unless(
                    found.stream()
                            .allMatch(service -> service.at("metadata.labels")
                                    .fields()
                                    .getOrDefault(label, new Node(null))
                                    .text()
                                    .equals("torii")),
                    monitor,
                    "makes another job of it by " + label);
        }
        return problems.found();
    }

    /** As many pods as are always there fit what may be taken away at once, and somebody decides how many there are. */
    static List<String> isScaled(Rendered all) {
        Problems problems = new Problems();
        Node gateway = all.gateway();
        problems.unless(
                gateway.at("spec.strategy.rollingUpdate.maxUnavailable").number() == 0,
                gateway,
                "has a gap in a rollout");
        problems.unless(gateway.at("spec.strategy.rollingUpdate.maxSurge").number() > 0, gateway, "cannot roll out");
        List<Node> scalers = all.all("HorizontalPodAutoscaler");
        problems.unless(
                scalers.isEmpty() == gateway.at("spec.replicas").isThere(),
                gateway,
                "has none or two who say how many");
        int fewest = gateway.at("spec.replicas").number();
        for (Node scaler : scalers) {
            Node target = scaler.at("spec.scaleTargetRef");
            problems.unless(
                    all.find(target.at("kind").text(), target.at("name").text()).isPresent(), scaler, "scales nothing");
            fewest = scaler.at("spec.minReplicas").number();
            problems.unless(
                    fewest >= 2 && scaler.at("spec.maxReplicas").number() > fewest, scaler, "has no room to scale");
        }
        for (Node budget : all.all("PodDisruptionBudget")) {
            Node least = budget.at("spec.minAvailable");
            boolean mayGo = least.isThere()
                    ? least.number() < fewest
                    : budget.at("spec.maxUnavailable").number() > 0;
            problems.unless(mayGo, budget, "keeps nodes from being emptied");
            problems.unless(!least.isThere() || least.number() > 0, budget, "keeps nothing");
        }
        return problems.found();
    }

    /** A balancer before the gateway takes uploads of any size and passes bodies on as they come. */
    static List<String> takesUploads(Rendered all) throws Exception {
        Problems problems = new Problems();
        for (Node ingress : all.all("Ingress")) {
            Map<String, Node> notes = ingress.at("metadata.annotations").fields();
            Map.of("proxy-body-size", "0", "proxy-request-buffering", "off", "proxy-buffering", "off")
                    .forEach((name, value) -> problems.unless(
                            note(notes, name).equals(value), ingress, "has " + name + " " + note(notes, name)));
            for (String silence : List.of("proxy-read-timeout", "proxy-send-timeout")) {
                long seconds = Long.parseLong(note(notes, silence).replaceAll("^$", "0"));
                problems.unless(
                        seconds
                                > InForce.of(all)
                                        .config()
                                        .forward()
                                        .artifactHeadTimeout()
                                        .toSeconds(),
                        ingress,
                        "cuts what the gateway would wait for: " + silence);
            }
        }
        for (Node route : all.all("HTTPRoute")) {
            for (Node rule : route.at("spec.rules").items()) {
                problems.unless(
                        rule.at("timeouts.request").text().equals("0s")
                                && rule.at("timeouts.backendRequest").text().equals("0s"),
                        route,
                        "cuts long uploads");
            }
        }
        return problems.found();
    }

    private static String note(Map<String, Node> notes, String name) {
        return notes.getOrDefault("nginx.ingress.kubernetes.io/" + name, new Node(null))
                .text();
    }
}
