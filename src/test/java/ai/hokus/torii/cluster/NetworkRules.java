package ai.hokus.torii.cluster;

import ai.hokus.torii.cluster.PodRules.Problems;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Whom the policies of the network let talk to whom. Each rule returns what breaks it, nothing where all is well. */
final class NetworkRules {

    private static final Set<String> DNS = Set.of("53/UDP", "53/TCP");

    private NetworkRules() {}

    /** Callers come in by the api port and Prometheus by the management port, each from somewhere that is named. */
    static List<String> letsInWhoIsNamed(Rendered all) {
        Problems problems = new Problems();
        Pod gateway = new Pod(all, all.gateway());
        List<Node> policies = policies(all, gateway);
        for (String direction : List.of("Ingress", "Egress")) {
            problems.unless(
                    policies.stream()
                            .anyMatch(policy ->
                                    policy.at("spec.policyTypes").texts().contains(direction)),
                    gateway,
                    "is open: no policy about " + direction);
        }
        policies.forEach(
                policy -> policy.at("spec.ingress").items().forEach(rule -> in(problems, gateway, policy, rule)));
        for (Node route : all.all("HTTPRoute")) {
            Node from = route.at("spec.parentRefs.0.namespace");
            problems.unless(
                    policies.stream()
                            .flatMap(policy -> policy.at("spec.ingress").items().stream())
                            .map(rule -> rule.at("from.0.namespaceSelector.matchLabels")
                                    .fields())
                            .anyMatch(labels -> from.equals(labels.get("kubernetes.io/metadata.name"))),
                    route,
                    "comes from namespace " + from + ", which no policy lets in");
        }
        return problems.found();
    }

    private static void in(Problems problems, Pod gateway, Node policy, Node rule) {
        problems.unless(isNamed(rule.at("from")), policy, "lets anybody in");
        List<Integer> ports = rule.at("ports").items().stream()
                .flatMap(port -> gateway.port(port.at("port")).stream())
                .toList();
        problems.unless(ports.size() == 1, policy, "opens " + ports);
        boolean isForPrometheus =
                rule.at("from.0.podSelector.matchLabels").fields().containsValue(new Node("prometheus"));
        int management = gateway.port(new Node("management")).orElseThrow();
        problems.unless(isForPrometheus == ports.contains(management), policy, "opens " + ports + " to the wrong");
    }

    /** The gateway reaches DNS and every address it is told of, and nothing else. */
    static List<String> letsOutToWhatIsConfigured(Rendered all) throws Exception {
        Problems problems = new Problems();
        Pod gateway = new Pod(all, all.gateway());
        List<Node> rules = new ArrayList<>(policies(all, gateway).stream()
                .flatMap(policy -> policy.at("spec.egress").items().stream())
                .toList());
        List<Node> dns = rules.stream().filter(NetworkRules::isDns).toList();
        problems.unless(dns.size() == 1, gateway, "has " + dns.size() + " ways to DNS");
        rules.removeAll(dns);
        for (URI address : InForce.of(all).addresses()) {
            List<Node> ways =
                    rules.stream().filter(rule -> isWayTo(all, rule, address)).toList();
            problems.unless(ways.size() == 1, gateway, "has " + ways.size() + " ways to " + address.getHost());
            rules.removeAll(ways);
        }
        rules.forEach(rule -> problems.unless(false, gateway, "may go where it has nothing to do: " + rule.value()));
        return problems.found();
    }

    private static List<Node> policies(Rendered all, Pod pod) {
        return all.all("NetworkPolicy").stream()
                .filter(policy -> policy.at("spec.podSelector").fields().isEmpty()
                        || pod.hasLabels(
                                policy.at("spec.podSelector.matchLabels").fields()))
                .toList();
    }

    /** Whether there are peers, and each has something that names it. */
    private static boolean isNamed(Node peers) {
        return !peers.items().isEmpty()
                && peers.items().stream()
                        .allMatch(peer -> peer.all()
                                .anyMatch(
                                        part -> part.at("matchLabels").fields().size() > 0
                                                || part.at("cidr").text().matches(".*/(32|128)")));
    }

    private static Set<String> ports(Node rule) {
        return rule.at("ports").items().stream()
                .map(port -> port.at("port") + "/"
                        + (port.at("protocol").isThere() ? port.at("protocol").text() : "TCP"))
                .collect(Collectors.toSet());
    }

    private static boolean isDns(Node rule) {
        return ports(rule).equals(DNS)
                && isNamed(rule.at("to"))
                && rule.at("to.0.podSelector.matchLabels").fields().containsValue(new Node("kube-dns"));
    }

    /** Whether this rule is for this address alone: one port, that of its pods, and peers that are them. */
    private static boolean isWayTo(Rendered all, Node rule, URI address) {
        String[] host = address.getHost().split("\\.");
        int port = InForce.port(address);
        Map<String, Node> peer = rule.at("to.0.podSelector.matchLabels").fields();
        if (rule.at("to").items().size() != 1 || !isNamed(rule.at("to"))) {
            return false;
        }
        if (host.length == 1) {
            // A Service among these documents; what is filtered is the way to its pods, by their port.
            Node service = all.one("Service", host[0]);
            Node entry = service.at("spec.ports").items().stream()
                    .filter(p -> p.at("port").number() == port)
                    .findFirst()
                    .orElseThrow(() -> new AssertionError(service + " has no port " + port));
            Pod pod = all.podsWith(service.at("spec.selector").fields()).get(0);
            return pod.hasLabels(peer)
                    && ports(rule)
                            .equals(Set.of(pod.port(entry.at("targetPort")).orElseThrow() + "/TCP"));
        }
        return rule.at("to.0.namespaceSelector.matchLabels").fields().containsValue(new Node(host[1]))
                && peer.containsValue(new Node(host[0]))
                && ports(rule).equals(Set.of(port + "/TCP"));
    }
}
