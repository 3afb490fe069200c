package ai.hokus.torii.cluster;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What must be so of every pod. Each rule returns what breaks it, nothing where all is well. */
final class PodRules {

    /** The user and group of the image. */
    private static final int USER = 10001;

    private static final List<String> RESOURCES = List.of("cpu", "memory", "ephemeral-storage");

    private PodRules() {}

    /** Nobody's user, no right to anything, nothing to write but volumes, no way to the API server, no foreign variables. */
    static List<String> isLockedIn(Rendered all) {
        Problems problems = new Problems();
        for (Pod pod : all.pods()) {
            Node spec = pod.spec();
            Node user = spec.at("securityContext");
            problems.unless(spec.at("automountServiceAccountToken").isFalse(), pod, "mounts a token");
            problems.unless(spec.at("enableServiceLinks").isFalse(), pod, "gets variables of Services nearby");
            problems.unless(user.at("runAsNonRoot").isTrue(), pod, "may run as root");
            problems.unless(
                    user.at("runAsUser").number() > 1000
                            && user.at("runAsGroup").number() > 1000,
                    pod,
                    "has no user");
            problems.unless(
                    user.at("seccompProfile.type").text().equals("RuntimeDefault"),
                    pod,
                    "may call what it likes (seccomp)");
            for (String host : List.of("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace")) {
                problems.unless(!spec.at(host).isTrue(), pod, "has " + host);
            }
            problems.unless(
                    spec.at("volumes").items().stream()
                            .noneMatch(v -> v.at("hostPath").isThere()),
                    pod,
                    "has a hostPath");
            for (Node container : pod.containers()) {
                lockedIn(problems, pod, container);
            }
            problems.unless(!pod.isGateway() || user.at("runAsUser").number() == USER, pod, "is not the image's user");
            problems.unless(!pod.isGateway() || user.at("fsGroup").number() == USER, pod, "cannot read its secrets");
        }
        return problems.found();
    }

    private static void lockedIn(Problems problems, Pod pod, Node container) {
        Node rights = container.at("securityContext");
        String who = pod + " " + container.at("name");
        problems.unless(rights.at("allowPrivilegeEscalation").isFalse(), who, "may gain privileges");
        problems.unless(!rights.at("privileged").isTrue(), who, "is privileged");
        problems.unless(rights.at("readOnlyRootFilesystem").isTrue(), who, "may write to its image");
        problems.unless(
                !rights.at("runAsNonRoot").isFalse() && rights.at("runAsUser").number() != 0, who, "runs as root");
        problems.unless(rights.at("capabilities.drop").texts().contains("ALL"), who, "keeps capabilities");
        problems.unless(rights.at("capabilities.add").items().isEmpty(), who, "gets capabilities");
    }

    /** Requests and limits of CPU, memory and disk for every container, and a size for every emptyDir that they hold. */
    static List<String> isBounded(Rendered all) {
        Problems problems = new Problems();
        for (Pod pod : all.pods()) {
            for (Node container : pod.containers()) {
                for (String resource : RESOURCES) {
                    BigDecimal request = Quantity.of(container.at("resources.requests." + resource));
                    BigDecimal limit = Quantity.of(container.at("resources.limits." + resource));
                    String who = pod + " " + container.at("name");
                    problems.unless(request.signum() > 0, who, "asks for no " + resource);
                    problems.unless(limit.compareTo(request) >= 0, who, "has no fitting limit of " + resource);
                }
            }
            BigDecimal volumes = BigDecimal.ZERO;
            for (Node volume : pod.spec().at("volumes").items()) {
                if (volume.at("emptyDir").isThere()) {
                    BigDecimal size = Quantity.of(volume.at("emptyDir.sizeLimit"));
                    problems.unless(size.signum() > 0, pod, "has an emptyDir without a size: " + volume.at("name"));
                    volumes = volumes.add(size);
                }
            }
            // The kubelet counts emptyDirs, logs and what is written to the image against the sum of the limits.
            BigDecimal disk = pod.spec().at("containers").items().stream()
                    .map(container -> Quantity.of(container.at("resources.limits.ephemeral-storage")))
                    .reduce(BigDecimal.ZERO, BigDecimal::add);
            problems.unless(
                    disk.compareTo(volumes) > 0, pod, "has " + disk + " bytes of disk for volumes of " + volumes);
        }
        return problems.found();
    }

    /** Mounts have volumes, volumes have mounts, ConfigMaps of settings are there, and what may change is not mounted as a single file. */
    static List<String> isMounted(Rendered all) {
        Problems problems = new Problems();
        for (Pod pod : all.pods()) {
            Set<String> mounted = new TreeSet<>();
            for (Node container : pod.containers()) {
                for (Node mount : container.at("volumeMounts").items()) {
                    mounted.add(mount.at("name").text());
                    boolean isLasting = pod.volume(mount.at("name").text())
                            .flatMap(volume -> all.find(
                                    "ConfigMap", volume.at("configMap.name").text()))
                            .filter(map -> map.at("immutable").isTrue())
                            .isPresent();
                    problems.unless(
                            !mount.at("subPath").isThere() || isLasting,
                            pod,
                            "would not see changes of " + mount.at("mountPath"));
                }
                for (Node from : container.at("envFrom").items()) {
                    String name = from.at("configMapRef.name").text();
                    problems.unless(all.find("ConfigMap", name).isPresent(), pod, "lacks ConfigMap " + name);
                }
            }
            Set<String> volumes = pod.spec().at("volumes").items().stream()
                    .map(volume -> volume.at("name").text())
                    .collect(Collectors.toCollection(TreeSet::new));
            problems.unless(volumes.equals(mounted), pod, "mounts " + mounted + " of the volumes " + volumes);
        }
        return problems.found();
    }

    /** Probes ask a port that the container has; the gateway's are the three of it on the management port. */
    static List<String> isProbed(Rendered all) {
        Problems problems = new Problems();
        for (Pod pod : all.pods()) {
            for (Node container : pod.spec().at("containers").items()) {
                for (String probe : List.of("startupProbe", "livenessProbe", "readinessProbe")) {
                    Node asked = container.at(probe);
                    Stream.of("httpGet.port", "tcpSocket.port")
                            .map(asked::at)
                            .filter(Node::isThere)
                            .forEach(port -> problems.unless(
                                    pod.port(port).isPresent(), pod, probe + " asks port " + port + ", which is none"));
                    problems.unless(asked.isThere() || probe.equals("startupProbe"), pod, "has no " + probe);
                }
                problems.unless(
                        !container.at("livenessProbe").equals(container.at("readinessProbe")),
                        pod,
                        "is restarted by what should only take it out of rotation");
            }
        }
        Node gateway = all.gateway().at("spec.template.spec.containers.0");
        Map<String, String> paths =
                Map.of("startupProbe", "/live", "livenessProbe", "/live", "readinessProbe", "/ready");
        paths.forEach((probe, path) -> {
            Node asked = gateway.at(probe).at("httpGet");
            problems.unless(asked.at("path").text().equals(path), "the gateway's " + probe, "does not ask " + path);
            problems.unless(
                    asked.at("port").text().equals("management"),
                    "the gateway's " + probe,
                    "does not ask port management");
        });
        return problems.found();
    }

    /** Every selector finds the pods that are meant, and no others. */
    static List<String> isFoundByItsLabels(Rendered all) {
        Problems problems = new Problems();
        for (Pod pod : all.pods()) {
            Map<String, Node> selector =
                    pod.owner().at("spec.selector.matchLabels").fields();
            problems.unless(all.podsWith(selector).equals(List.of(pod)), pod, "selects " + all.podsWith(selector));
            pod.spec()
                    .at("topologySpreadConstraints")
                    .items()
                    .forEach(spread -> problems.unless(
                            pod.hasLabels(spread.at("labelSelector.matchLabels").fields()),
                            pod,
                            "is not what is spread"));
        }
        Stream.concat(
                        all.all("Service").stream().map(service -> List.of(service, service.at("spec.selector"))),
                        Stream.concat(
                                all.all("PodDisruptionBudget").stream()
                                        .map(budget -> List.of(budget, budget.at("spec.selector.matchLabels"))),
                                all.all("NetworkPolicy").stream()
                                        .map(policy -> List.of(policy, policy.at("spec.podSelector.matchLabels")))))
                .forEach(pair -> problems.unless(
                        all.podsWith(pair.get(1).fields()).size() == 1 || isForAll(pair.get(0)),
                        pair.get(0),
                        "selects " + all.podsWith(pair.get(1).fields())));
        return problems.found();
    }

    /** A policy for every pod that lets nothing in or out. */
    private static boolean isForAll(Node policy) {
        return policy.kind().equals("NetworkPolicy")
                && policy.at("spec.podSelector").fields().isEmpty()
                && policy.at("spec.ingress").items().isEmpty()
                && policy.at("spec.egress").items().isEmpty();
    }

    /** What broke a rule, in sentences. */
    static final class Problems {
        private final List<String> found = new ArrayList<>();

        void unless(boolean isWell, Object who, String what) {
            if (!isWell) {
                found.add(who + " " + what);
            }
        }

        List<String> found() {
            return List.copyOf(found);
        }
    }
}
