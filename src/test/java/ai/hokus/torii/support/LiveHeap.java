package ai.hokus.torii.support;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/** A dump of a JVM's live objects, and a search in it for parts of a text, however the JVM writes its characters. */
public final class LiveHeap {

    private static final int LENGTH = 8;

    private final Path dump;

    private LiveHeap(Path dump) {
        this.dump = dump;
    }

    /** Collects the garbage of this process and writes what is left into the folder. */
    public static LiveHeap dump(long pid, Path folder) throws Exception {
        Path file = folder.resolve("live.hprof");
        Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
        Process process = new ProcessBuilder(
                        jcmd.toString(), String.valueOf(pid), "GC.heap_dump", "-overwrite", file.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("jcmd.out").toFile())
                .start();
        if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0 || !Files.exists(file)) {
            throw new AssertionError("no heap dump: " + Files.readString(folder.resolve("jcmd.out")));
        }
        return new LiveHeap(file);
    }

    /** Every run of eight characters of this ASCII text that stands in the dump, as bytes or as UTF-16. */
    public Set<String> partsOf(String text) throws IOException {
        Map<Long, String> wanted = new HashMap<>();
        for (int i = 0; i + LENGTH <= text.length(); i++) {
            String part = text.substring(i, i + LENGTH);
            wanted.put(packed(part), part);
        }
        Set<String> found = new TreeSet<>();
        byte[] buffer = new byte[1 << 20];
        // Eight characters as bytes; of two-byte characters those at even and those at odd places.
        long narrow = 0;
        long[] wide = new long[2];
        long position = 0;
        try (InputStream in = Files.newInputStream(dump)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                for (int i = 0; i < read; i++, position++) {
                    narrow = narrow << 8 | buffer[i] & 0xff;
                    int lane = (int) (position & 1);
                    wide[lane] = wide[lane] << 8 | buffer[i] & 0xff;
                    note(wanted.get(narrow), found);
                    note(wanted.get(wide[lane]), found);
                }
            }
        }
        return found;
    }

    private static void note(String part, Set<String> found) {
        if (part != null) {
            found.add(part);
        }
    }

    private static long packed(String part) {
        long packed = 0;
        for (char c : part.toCharArray()) {
            packed = packed << 8 | c;
        }
        return packed;
    }
}
