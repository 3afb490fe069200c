package ai.hokus.torii.guide;

import ai.hokus.torii.guide.GuideBlock.Mark;
import ai.hokus.torii.support.PeerCondition;
import ai.hokus.torii.support.ToriiProcess;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Runs the blocks of a page one after another in one shell, in a folder of their own that holds links to the project's.
 * What the page writes as the usual address or folder is one of the test's: see {@link GuideStage}.
 */
final class GuideShell {

    private static final long LIMIT_SECONDS = 120;
    private static final char MARK = '\u001e';
    private static final List<String> LINKS = List.of("target", "conf", "src", "k8s", "pom.xml", "Dockerfile");

    private final GuideStage stage;
    private final List<String> leftOut = new ArrayList<>();

    GuideShell(GuideStage stage) {
        this.stage = stage;
    }

    /** Runs them all; fails with the place of the first block that did not do what the page says. */
    void run(List<GuideBlock> blocks) throws IOException, InterruptedException {
        ToriiProcess.jar();
        for (String name : LINKS) {
            if (Files.exists(Path.of(name))) {
                Files.createSymbolicLink(
                        stage.folder().resolve(name), Path.of(name).toAbsolutePath());
            }
        }
        List<GuideBlock> wanted = blocks.stream().filter(this::isWanted).toList();
        Path script = stage.folder().resolve("guide.sh");
        Files.writeString(script, script(wanted));
        try {
            check(wanted, printed(script, path(wanted)));
        } finally {
            for (String name : LINKS) {
                Files.deleteIfExists(stage.folder().resolve(name));
            }
        }
    }

    /** What could not be run for want of a program. */
    List<String> leftOut() {
        return leftOut;
    }

    private boolean isWanted(GuideBlock block) {
        if (block.program().isEmpty() || PeerCondition.find(block.program()).isPresent()) {
            return true;
        }
        if ("required".equals(System.getenv("TORII_PEERS"))) {
            throw new AssertionError(block.place() + ": " + block.program() + " is not installed");
        }
        leftOut.add(block.place() + " was left out, " + block.program() + " is not installed");
        return false;
    }

    private String script(List<GuideBlock> blocks) {
        StringBuilder script = new StringBuilder("""
                # What a page starts ends with it: all of the session that the shell leads.
                trap 'trap "" TERM; kill 0; wait' EXIT
                # Pages wait by the second; here files are followed faster than that.
                sleep() { command sleep 0.1; }
                trap 'guide_failed=${guide_failed:-$BASH_COMMAND}' ERR
                """);
        for (int i = 0; i < blocks.size(); i++) {
            GuideBlock block = blocks.get(i);
            String text = stage.used(block.text());
            if (block.mark() == Mark.FILE) {
                String file = "'" + stage.used(block.argument()) + "'";
                script.append("mkdir -p \"$(dirname " + file + ")\"\ncat > " + file + " <<'GUIDE_END'\n" + text
                        + "GUIDE_END\n");
            } else if (block.mark() == Mark.RUN) {
                script.append("printf '\\n\\036begin " + i + "\\n'\nguide_failed=\n" + text
                        + "guide_code=$?\nprintf '\\n\\036end " + i + " %s %s\\n' \"$guide_code\" \"$guide_failed\"\n");
                script.append(
                        block.argument().isEmpty()
                                ? "[ -z \"$guide_failed\" ] || exit 1\n"
                                : "[ $guide_code = " + block.argument() + " ] || exit 1\n");
            }
        }
        return script.toString();
    }

    private String printed(Path script, String path) throws IOException, InterruptedException {
        File output = stage.folder().resolve("guide.out").toFile();
        ProcessBuilder builder = new ProcessBuilder("setsid", "--wait", "bash", script.toString())
                .directory(stage.folder().toFile())
                .redirectErrorStream(true)
                .redirectOutput(output);
        Map<String, String> environment = builder.environment();
        environment.keySet().removeIf(name -> name.matches("(TORII|API|MLFLOW|HOKUSAI|AUTH|CORS|REDIS)_.*"));
        environment.putAll(stage.environment());
        environment.put("PATH", path);
        Process process = builder.start();
        boolean isOver = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
        if (!isOver) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        return stage.asWritten(Files.readString(output.toPath())) + (isOver ? "" : "\nstopped after two minutes");
    }

    private static void check(List<GuideBlock> blocks, String output) {
        String last = "";
        for (int i = 0; i < blocks.size(); i++) {
            GuideBlock block = blocks.get(i);
            if (block.mark() == Mark.RUN) {
                last = ran(block, i, output);
            } else if (block.mark() == Mark.PRINTS) {
                Printed.check(block, last);
            }
        }
    }

    /** What a block has printed; fails unless it ended as it should. */
    private static String ran(GuideBlock block, int number, String output) {
        int begin = output.indexOf(MARK + "begin " + number + "\n");
        int end = output.indexOf(MARK + "end " + number + " ");
        if (begin < 0 || end < 0) {
            throw new AssertionError(block.place() + " did not come to its end:\n" + block.text() + "\n" + output);
        }
        String printed = output.substring(output.indexOf('\n', begin) + 1, end);
        String[] words = output.substring(end, output.indexOf('\n', end)).split(" ", 4);
        boolean isGood =
                block.argument().isEmpty() ? words.length < 4 || words[3].isBlank() : words[2].equals(block.argument());
        if (!isGood) {
            throw new AssertionError(block.place() + " failed with exit code " + words[2] + " (" + words[3] + "):\n"
                    + block.text() + "\nit printed:\n" + printed);
        }
        return printed;
    }

    /** The test's own JDK first, then where the programs of these blocks are. */
    private static String path(List<GuideBlock> blocks) {
        Stream<Path> programs = blocks.stream()
                .map(GuideBlock::program)
                .filter(program -> !program.isEmpty())
                .flatMap(program -> PeerCondition.find(program).stream())
                .map(Path::getParent);
        return Path.of(System.getProperty("java.home"), "bin")
                + File.pathSeparator
                + System.getenv("PATH")
                + programs.map(folder -> File.pathSeparator + folder).distinct().collect(Collectors.joining());
    }
}
