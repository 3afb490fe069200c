package ai.hokus.torii.bench;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The live objects on the heap of a process, after a full collection: bytes by class. */
final class Heap {

    private static final Pattern ROW = Pattern.compile("(?m)^\\s*\\d+:\\s+\\d+\\s+(\\d+)\\s+(\\S+)");
    private static final int CLASSES_NAMED = 8;

    private final Map<String, Long> bytes = new HashMap<>();

    private Heap() {}

    /** Asks the JDK's jcmd. */
    static Heap of(long pid) throws Exception {
        String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
        Process process = new ProcessBuilder(jcmd, Long.toString(pid), "GC.class_histogram")
                .redirectErrorStream(true)
                .start();
        Heap heap = new Heap();
        try {
            Matcher row = ROW.matcher(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
            while (row.find()) {
                heap.bytes.merge(row.group(2), Long.parseLong(row.group(1)), Long::sum);
            }
            if (!process.waitFor(10, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException(jcmd + " failed");
            }
        } finally {
            process.destroyForcibly();
        }
        return heap;
    }

    long total() {
        return bytes.values().stream().mapToLong(Long::longValue).sum();
    }

    /** What there is more of than before, bytes for each of so many, by class. */
    String more(Heap before, double of) {
        Set<String> names = new HashSet<>(bytes.keySet());
        names.addAll(before.bytes.keySet());
        return names.stream()
                .map(name -> Map.entry(name, (bytes.getOrDefault(name, 0L) - before.bytes.getOrDefault(name, 0L)) / of))
                .sorted(Map.Entry.<String, Double>comparingByValue().reversed())
                .limit(CLASSES_NAMED)
                .map(entry -> "%s %.0f".formatted(shortName(entry.getKey()), entry.getValue()))
                .collect(Collectors.joining(", "));
    }

    private static String shortName(String name) {
        return name.equals("[B") ? "byte[]" : name.substring(name.lastIndexOf('.') + 1);
    }
}
