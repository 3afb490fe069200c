package ai.hokus.torii.support;

import static java.nio.charset.StandardCharsets.UTF_8;

import ai.hokus.torii.cli.MlflowInstallation;
import ai.hokus.torii.cli.MlflowProcess;
import ai.hokus.torii.cli.PythonEnvironment;
import ai.hokus.torii.cli.PythonUnavailableException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The real MLflow server of the pinned version: one that all tests of this JVM share, started when it is first asked
 * for and ended with the JVM, and servers of their own for tests that stop them. Blocks.
 */
public final class RealMlflow {

    private static PythonEnvironment environment;
    private static MlflowProcess shared;

    private RealMlflow() {}

    /** The shared server; a test leaves it running and finds the data of others in it. */
    public static synchronized MlflowProcess shared() throws IOException, InterruptedException {
        if (shared == null) {
            Path data = Files.createTempDirectory("torii-mlflow-");
            MlflowProcess server = startOwn(MlflowProcess.Options.in(data));
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                server.close();
                delete(data);
            }));
            shared = server;
        }
        return shared;
    }

    /** A server for one test, which closes it; by these options, on a folder of the test's own. */
    public static MlflowProcess startOwn(MlflowProcess.Options options) throws IOException, InterruptedException {
        return startOwn(environment(), options);
    }

    /** The same with another environment than the pinned one. */
    public static MlflowProcess startOwn(PythonEnvironment python, MlflowProcess.Options options)
            throws IOException, InterruptedException {
        return MlflowProcess.start(python, options, System.out::println);
    }

    /** The environment that holds this MLflow, server and client. */
    public static synchronized PythonEnvironment environment() throws InterruptedException {
        if (environment == null) {
            environment = environment(MlflowInstallation.pinned());
        }
        return environment;
    }

    /** The pinned version with what the basic-auth app needs beyond MLflow itself. */
    public static PythonEnvironment.Spec withBasicAuth() {
        PythonEnvironment.Spec pinned = MlflowInstallation.pinned();
        List<String> requirements = new ArrayList<>(pinned.requirements());
        requirements.add("Flask-WTF");
        return new PythonEnvironment.Spec(
                pinned.name() + "-basic-auth",
                requirements,
                pinned.constraints().stripTrailing() + "\nflask-wtf==1.3.0\nwtforms==3.3.2\n");
    }

    /** An environment, made if need be; where that is impossible the test fails with the command that mends it. */
    public static PythonEnvironment environment(PythonEnvironment.Spec spec) throws InterruptedException {
        try {
            return PythonEnvironment.ensure(spec, System.getenv(), System.out::println);
        } catch (PythonUnavailableException e) {
            throw new AssertionError("%s is needed here: %s".formatted(spec.name(), e.getMessage()), e);
        }
    }

    /** The text of a file on the class path. */
    static String resource(String name) {
        try (var in = RealMlflow.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void delete(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
