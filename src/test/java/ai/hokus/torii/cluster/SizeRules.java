package ai.hokus.torii.cluster;

import ai.hokus.torii.cluster.PodRules.Problems;
import ai.hokus.torii.config.GatewayConfig;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What the gateway takes, in time, memory and disk, fits what its pod gives. Each rule returns what breaks it. */
final class SizeRules {

    private static final Path OPTIONS = Path.of("src/image/jvm.options");

    /** To close what is left and to write the log's last line. */
    private static final int TO_CLOSE_SECONDS = 10;

    /** What a JVM needs beside heap and direct memory: what src/docs/image.md shows to be enough, at 512 MiB. */
    private static final long OF_THE_JVM = 150L << 20;

    private SizeRules() {}

    /** preStop, delay, grace and the closing fit the grace period, in which the kubelet waits for the end. */
    static List<String> endsInTime(Rendered all) throws Exception {
        Problems problems = new Problems();
        GatewayConfig config = InForce.of(all).config();
        int sleep = torii(all).at("lifecycle.preStop.sleep.seconds").number();
        long needed = sleep
                + config.drain().delay().toSeconds()
                + config.drain().grace().toSeconds()
                + TO_CLOSE_SECONDS;
        int given = all.gateway()
                .at("spec.template.spec.terminationGracePeriodSeconds")
                .number();
        problems.unless(sleep > 0, all.gateway(), "says that it ends before balancers have heard of it: no preStop");
        problems.unless(
                needed <= given,
                all.gateway(),
                "needs %d s for its end, SIGKILL comes after %d".formatted(needed, given));
        // What a readiness probe notices only after the delay is still asked when the listener has closed.
        Node ready = torii(all).at("readinessProbe");
        int noticed = ready.at("periodSeconds").number()
                * ready.at("failureThreshold").number();
        problems.unless(
                noticed <= sleep + config.drain().delay().toSeconds(),
                all.gateway(),
                "is taken out too late: " + noticed + " s");
        return problems.found();
    }

    /** Heap, direct memory and what a JVM takes beside fit the limit, all of which is the pod's own from the beginning. */
    static List<String> fitsItsMemory(Rendered all) throws IOException {
        Problems problems = new Problems();
        Node resources = torii(all).at("resources");
        long limit = Quantity.of(resources.at("limits.memory")).longValue();
        long request = Quantity.of(resources.at("requests.memory")).longValue();
        String options = Files.readString(OPTIONS) + " "
                + new Pod(all, all.gateway()).environment(torii(all)).getOrDefault("JDK_JAVA_OPTIONS", "");
        long heap = size(options, "-Xmx(\\d+[kmg]?)", (long) (limit * share(options)));
        // Without a size of its own direct memory may become as large as the heap.
        long direct = size(options, "-XX:MaxDirectMemorySize=(\\d+[kmg]?)", heap);
        long first = size(options, "-Xms(\\d+[kmg]?)", 0);
        problems.unless(
                heap + direct + OF_THE_JVM <= limit,
                all.gateway(),
                "has a memory limit of %d for %d of heap and %d of direct memory".formatted(limit, heap, direct));
        problems.unless(first <= heap, all.gateway(), "starts with more memory than it may have");
        problems.unless(request == limit, all.gateway(), "may be killed for memory that it was promised");
        return problems.found();
    }

    /** All spooled bodies together fit the volume they are written to, and the volume fits the pod's share of the disk. */
    static List<String> spoolFitsItsVolume(Rendered all) throws Exception {
        Problems problems = new Problems();
        Pod pod = new Pod(all, all.gateway());
        var spool = InForce.of(all).config().forward().spool();
        List<Node> volumes = torii(all).at("volumeMounts").items().stream()
                .filter(mount -> pod.environment(torii(all))
                        .getOrDefault("TORII_SPOOL_DIRECTORY", "/var/spool/torii")
                        .equals(mount.at("mountPath").text()))
                .flatMap(mount -> pod.volume(mount.at("name").text()).stream())
                .toList();
        problems.unless(volumes.size() == 1, pod, "spools to no volume");
        for (Node volume : volumes) {
            BigDecimal size = Quantity.of(volume.at("emptyDir.sizeLimit"));
            BigDecimal disk = Quantity.of(torii(all).at("resources.limits.ephemeral-storage"));
            BigDecimal promised = Quantity.of(torii(all).at("resources.requests.ephemeral-storage"));
            problems.unless(
                    size.longValue() > spool.maxTotalBytes(),
                    pod,
                    "may spool " + spool.maxTotalBytes() + " bytes to " + size);
            problems.unless(
                    spool.maxBodyBytes() <= spool.maxTotalBytes(), pod, "takes larger bodies than all together");
            problems.unless(disk.compareTo(size) > 0 && promised.compareTo(size) > 0, pod, "has less disk than volume");
        }
        return problems.found();
    }

    private static Node torii(Rendered all) {
        return new Pod(all, all.gateway()).container("torii");
    }

    private static double share(String options) {
        Matcher share = Pattern.compile("-XX:MaxRAMPercentage=([\\d.]+)").matcher(options);
        // The JVM's own default is a quarter.
        return share.find() ? Double.parseDouble(share.group(1)) / 100 : 0.25;
    }

    private static long size(String options, String pattern, long otherwise) {
        return Stream.of(Pattern.compile(pattern).matcher(options))
                .filter(Matcher::find)
                .mapToLong(found -> Quantity.ofJvm(found.group(1)))
                .findFirst()
                .orElse(otherwise);
    }
}
