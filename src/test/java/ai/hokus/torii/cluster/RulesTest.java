package ai.hokus.torii.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.NeedsPeer;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What must be so of the manifests in every combination; and each rule notices when it is not. */
@Tag("cluster")
@NeedsPeer(program = "kustomize", install = "go install sigs.k8s.io/kustomize/kustomize/v5@v5.7.1")
class RulesTest {

    /** Judges documents: returns what is wrong with them. */
    private interface Rule {
        List<String> problems(Rendered all) throws Exception;
    }

    private static final Map<String, Rule> RULES = Map.ofEntries(
            Map.entry("isLockedIn", PodRules::isLockedIn),
            Map.entry("isBounded", PodRules::isBounded),
            Map.entry("isMounted", PodRules::isMounted),
            Map.entry("isProbed", PodRules::isProbed),
            Map.entry("isFoundByItsLabels", PodRules::isFoundByItsLabels),
            Map.entry("leadsSomewhere", TrafficRules::leadsSomewhere),
            Map.entry("isScraped", TrafficRules::isScraped),
            Map.entry("isScaled", TrafficRules::isScaled),
            Map.entry("takesUploads", TrafficRules::takesUploads),
            Map.entry("letsInWhoIsNamed", NetworkRules::letsInWhoIsNamed),
            Map.entry("letsOutToWhatIsConfigured", NetworkRules::letsOutToWhatIsConfigured),
            Map.entry("endsInTime", SizeRules::endsInTime),
            Map.entry("fitsItsMemory", SizeRules::fitsItsMemory),
            Map.entry("spoolFitsItsVolume", SizeRules::spoolFitsItsVolume),
            Map.entry("namesOnlySettings", SettingRules::namesOnlySettings),
            Map.entry("namesOnlyDocumentedSecrets", SettingRules::namesOnlyDocumentedSecrets));

    /** Where the gateway's settings are told; the base alone names no MLflow. */
    static List<Combination> complete() throws IOException {
        return Combination.all().stream()
                .filter(combination -> !combination.root().equals("base"))
                .toList();
    }

    private static void assertHolds(String rule, Combination combination) throws Exception {
        assertThat(RULES.get(rule).problems(combination.rendered())).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("complete")
    void aPodHasNoRightToAnything(Combination combination) throws Exception {
        assertHolds("isLockedIn", combination);
    }

    @ParameterizedTest
    @MethodSource("complete")
    void aPodHasLimitsOfCpuMemoryAndDisk(Combination combination) throws Exception {
        assertHolds("isBounded", combination);
    }

    @ParameterizedTest
    @MethodSource("complete")
    void aPodFindsItsFilesAndSeesTheirChanges(Combination combination) throws Exception {
        assertHolds("isMounted", combination);
    }

    @ParameterizedTest
    @MethodSource("complete")
    void probesAskPortsAndPathsThatThereAre(Combination combination) throws Exception {
        assertHolds("isProbed", combination);
    }

    @ParameterizedTest
    @MethodSource("complete")
    void selectorsFindTheirPodsAndNoOthers(Combination combination) throws Exception {
        assertHolds("isFoundByItsLabels", combination);
    }

    @ParameterizedTest
    @MethodSource("complete")
    void servicesAndRoutesLeadToPortsThatThereAre(Combination combination) throws Exception {
        assertHolds("leadsSomewhere", combination);
    }

    @ParameterizedTest
    @MethodSource("complete")
    void prometheusFindsTheManagementPort(Combination combination) throws Exception {
        assertHolds("isScraped", combination);
    }

    @ParameterizedTest
    @MethodSource("complete")
    void numbersOfPodsFitEachOther(Combination combination) throws Exception {
        assertHolds("isScaled", combination);
    }

    @ParameterizedTest
    @MethodSource("complete")
    void balancersPassUploadsOn(Combination combination) throws Exception {
        assertHolds("takesUploads", combination);
    }

    @ParameterizedTest
    @MethodSource("complete")
    void onlyBalancersAndPrometheusComeIn(Combination combination) throws Exception {
        assertHolds("letsInWhoIsNamed", combination);
    }

    @ParameterizedTest
    @MethodSource("complete")
    void onlyDnsAndTheConfiguredAddressesAreReached(Combination combination) throws Exception {
        assertHolds("letsOutToWhatIsConfigured", combination);
    }

    @ParameterizedTest
    @MethodSource("complete")
    void theEndFitsTheGracePeriod(Combination combination) throws Exception {
        assertHolds("endsInTime", combination);
    }

    @ParameterizedTest
    @MethodSource("complete")
    void theJvmFitsTheMemoryLimit(Combination combination) throws Exception {
        assertHolds("fitsItsMemory", combination);
    }

    @ParameterizedTest
    @MethodSource("complete")
    void theSpoolFitsItsVolumeAndTheDisk(Combination combination) throws Exception {
        assertHolds("spoolFitsItsVolume", combination);
    }

    @ParameterizedTest
    @MethodSource("complete")
    void everySettingIsInTheCatalogue(Combination combination) throws Exception {
        assertHolds("namesOnlySettings", combination);
    }

    @ParameterizedTest
    @MethodSource("complete")
    void whatMustBeMadeBeforehandIsDocumented(Combination combination) throws Exception {
        assertHolds("namesOnlyDocumentedSecrets", combination);
    }

    /** Each row breaks one thing of the production overlay with the Ingress; "-" takes it away, "+" adds to a list. */
    @ParameterizedTest(name = "{0}: {1} {2} = {3}")
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = BROKEN)
    void aRuleNoticesWhatBreaksIt(String rule, String document, String path, String value, String told)
            throws Exception {
        // Given
        Combination combination = new Combination(Combination.PRODUCTION.root(), List.of("ingress"));
        String[] kindAndName = document.split("/");
        Object instead = value.equals("-") ? null : Node.documents(value).get(0).value();
        String whole = path.replace("T:", "P:containers.0.").replace("P:", "spec.template.spec.");
        Rendered broken = combination.rendered().with(kindAndName[0], kindAndName[1], whole, instead);

        // When
        List<String> problems = RULES.get(rule).problems(broken);

        // Then
        assertThat(problems).anySatisfy(problem -> assertThat(problem).contains(told));
    }

    /** P: is the pod's spec, T: its first container. */
    private static final String BROKEN = """
            isLockedIn | Deployment/torii | P:enableServiceLinks | - | variables
            isLockedIn | Deployment/torii | P:automountServiceAccountToken | true | token
            isLockedIn | Deployment/torii | P:securityContext.runAsNonRoot | false | root
            isLockedIn | Deployment/torii | P:securityContext.runAsUser | 0 | no user
            isLockedIn | Deployment/torii | P:securityContext.runAsUser | 10007 | image's user
            isLockedIn | Deployment/torii | P:securityContext.fsGroup | - | secrets
            isLockedIn | Deployment/torii | P:securityContext.seccompProfile | - | seccomp
            isLockedIn | Deployment/torii | P:hostNetwork | true | hostNetwork
            isLockedIn | Deployment/torii | P:volumes.+.hostPath | {path: /} | hostPath
            isLockedIn | Deployment/torii | T:securityContext.readOnlyRootFilesystem | false | image
            isLockedIn | Deployment/torii | T:securityContext.allowPrivilegeEscalation | - | privileges
            isLockedIn | Deployment/torii | T:securityContext.capabilities | {drop: [NET_RAW]} | capabilities
            isLockedIn | Deployment/torii | T:securityContext.capabilities.add | [SYS_ADMIN] | gets cap
            isLockedIn | Deployment/torii | P:initContainers | [{name: careless}] | careless
            isBounded | Deployment/torii | T:resources.limits.memory | - | limit of memory
            isBounded | Deployment/torii | T:resources.requests.ephemeral-storage | - | no ephemeral
            isBounded | Deployment/torii | T:resources.limits.cpu | 100m | limit of cpu
            isBounded | Deployment/torii | T:resources.limits.ephemeral-storage | 5Gi | volumes of
            isMounted | Deployment/torii | T:volumeMounts.0.name | nothing | of the volumes
            isMounted | Deployment/torii | T:volumeMounts.+ | {name: secrets, mountPath: /x, subPath: y} | changes of /x
            isMounted | Deployment/torii | T:envFrom.0.configMapRef.name | torii-setings | lacks
            isProbed | Deployment/torii | T:readinessProbe.httpGet.port | metrics | is none
            isProbed | Deployment/torii | T:readinessProbe.httpGet.path | /live | /ready
            isProbed | Deployment/torii | T:livenessProbe.httpGet.path | /ready | /live
            isProbed | Deployment/torii | T:livenessProbe | - | no livenessProbe
            isProbed | Deployment/torii | T:ports.1.name | admin | management, which is none
            isFoundByItsLabels | Deployment/torii | spec.selector.matchLabels | {app: torii} | selects
            isFoundByItsLabels | Service/torii | spec.selector | {app: torii} | selects
            isFoundByItsLabels | PodDisruptionBudget/torii | spec.selector.matchLabels | {app: torii} | selects
            isFoundByItsLabels | NetworkPolicy/torii | spec.podSelector.matchLabels | {app: torii} | selects
            isFoundByItsLabels | Deployment/torii | P:topologySpreadConstraints.0.labelSelector.matchLabels | {app: torii} | spread
            leadsSomewhere | Service/torii | spec.ports.0.targetPort | web | port web
            leadsSomewhere | Service/torii-management | spec.ports.0.targetPort | 9090 | port 9090
            leadsSomewhere | HTTPRoute/torii | spec.rules.0.backendRefs.0.port | 8080 | torii:8080
            leadsSomewhere | Ingress/torii | spec.rules.0.http.paths.0.backend.service.name | mlflow | leads to mlflow
            isScraped | ServiceMonitor/torii | spec.selector.matchLabels | {app: torii} | selects []
            isScraped | ServiceMonitor/torii | spec.endpoints.0.port | http | port http
            isScraped | ServiceMonitor/torii | spec.endpoints.0.path | /prometheus | /prometheus
            isScraped | ServiceMonitor/torii | spec.jobLabel | - | job
            isScaled | HorizontalPodAutoscaler/torii | spec.scaleTargetRef.name | gateway | scales nothing
            isScaled | HorizontalPodAutoscaler/torii | spec.minReplicas | 1 | no room
            isScaled | Deployment/torii | spec.replicas | 2 | two who say
            isScaled | Deployment/torii | spec.strategy.rollingUpdate.maxUnavailable | 1 | gap
            isScaled | PodDisruptionBudget/torii | spec.maxUnavailable | 0 | emptied
            isScaled | PodDisruptionBudget/torii | spec | {minAvailable: 3} | emptied
            takesUploads | Ingress/torii | metadata.annotations | {} | proxy-body-size
            takesUploads | HTTPRoute/torii | spec.rules.0.timeouts.request | 60s | long uploads
            letsInWhoIsNamed | NetworkPolicy/torii-from-gateway | spec.ingress.0.from | - | anybody
            letsInWhoIsNamed | NetworkPolicy/torii-from-gateway | spec.ingress.0.from.0.namespaceSelector | {} | anybody
            letsInWhoIsNamed | NetworkPolicy/torii-from-gateway | spec.ingress.0.ports.0.port | management | wrong
            letsInWhoIsNamed | HTTPRoute/torii | spec.parentRefs.0.namespace | elsewhere | elsewhere
            letsOutToWhatIsConfigured | NetworkPolicy/torii | spec.egress | [] | ways to DNS
            letsOutToWhatIsConfigured | NetworkPolicy/torii | spec.egress.0.to | - | ways to DNS
            letsOutToWhatIsConfigured | NetworkPolicy/torii-to-dependencies | spec.egress.0.ports.0.port | 80 | ways to mlflow
            letsOutToWhatIsConfigured | NetworkPolicy/torii-to-dependencies | spec.egress.2 | - | ways to redis
            letsOutToWhatIsConfigured | NetworkPolicy/torii-to-dependencies | spec.egress.+ | {to: [{ipBlock: {cidr: 0.0.0.0/0}}]} | nothing to do
            endsInTime | Deployment/torii | P:terminationGracePeriodSeconds | 60 | SIGKILL
            endsInTime | Deployment/torii | T:lifecycle | - | preStop
            fitsItsMemory | Deployment/torii | T:resources.limits.memory | 384Mi | memory
            fitsItsMemory | Deployment/torii | T:resources.requests.memory | 100Mi | memory
            spoolFitsItsVolume | Deployment/torii | T:resources.limits.ephemeral-storage | 1Gi | disk
            spoolFitsItsVolume | Deployment/torii | T:env.+ | {name: TORII_SPOOL_MAX_TOTAL, value: 6GiB} | spool
            spoolFitsItsVolume | Deployment/torii | T:env.+ | {name: TORII_SPOOL_DIRECTORY, value: /tmp} | volume
            namesOnlySettings | Deployment/torii | T:env.+ | {name: TORII_DRAIN_GRACES, value: 9m} | TORII_DRAIN_GRACES
            namesOnlySettings | Deployment/torii | T:env.+ | {name: MLFLOW_SERVER_URI, value: "http://x"} | MLFLOW_SERVER_URI
            namesOnlyDocumentedSecrets | Deployment/torii | T:envFrom.+ | {secretRef: {name: unheard-of}} | unheard-of
            """;

    @Test
    void aGatewayWithoutPoliciesIsNoticed() throws Exception {
        // Given
        Rendered all = Combination.PRODUCTION.rendered();
        for (Node policy : all.all("NetworkPolicy")) {
            all = all.without("NetworkPolicy", policy.name());
        }

        // When
        List<String> problems = NetworkRules.letsInWhoIsNamed(all);

        // Then
        assertThat(problems).anyMatch(problem -> problem.contains("is open: no policy about Ingress"));
        assertThat(problems).anyMatch(problem -> problem.contains("is open: no policy about Egress"));
    }

    /** What stands in the file is held to the catalogue as well. */
    @Test
    void aKeyOfTheFileThatIsNoSettingIsNoticed() throws Exception {
        // Given
        Rendered rendered = Combination.PRODUCTION.rendered();
        String file = rendered.gateway().at("spec.template.spec.volumes").items().stream()
                .filter(volume -> volume.at("name").text().equals("config"))
                .map(volume -> volume.at("configMap.name").text())
                .findFirst()
                .orElseThrow();
        Rendered broken = rendered.with("ConfigMap", file, "data", Map.of("torii.yaml", "drain:\n  graces: 9m\n"));

        // When
        List<String> problems = SettingRules.namesOnlySettings(broken);

        // Then
        assertThat(problems).singleElement().asString().contains("drain.graces");
    }
}
