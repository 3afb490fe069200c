package ai.hokus.torii.cli;

import ai.hokus.torii.auth.FileKeyValidator;
import ai.hokus.torii.cli.AuthServiceContract.Form;
import ai.hokus.torii.config.AuthConfig;
import ai.hokus.torii.config.Secret;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Serves the embedded key store as the platform's auth service would, until a signal ends it. */
@Command(
        name = "auth-service",
        mixinStandardHelpOptions = true,
        description = {
            "Serves a key file by the platform's auth contract, POST /api/v1/keys/validate, for laptops and tests.",
            "Edits of the file come into force while it runs. Ends in order on SIGTERM or Ctrl-C."
        })
final class AuthServiceCommand implements Callable<Integer> {

    private static final Logger LOG = LoggerFactory.getLogger(AuthServiceCommand.class);
    private static final Duration RELOAD_INTERVAL = Duration.ofMillis(200);
    private static final int LARGEST_PORT = 65535;
    private static final int LONGEST_STEP_SECONDS = 10;

    @CommandLine.Spec
    private CommandSpec spec;

    @Option(
            names = {"-f", "--file"},
            required = true,
            paramLabel = "FILE",
            description = "The key file, edited by torii keys.")
    private Path file;

    @Option(
            names = "--host",
            paramLabel = "HOST",
            defaultValue = "127.0.0.1",
            description = "The address to listen on; default: ${DEFAULT-VALUE}.")
    private String host;

    @Option(
            names = "--port",
            paramLabel = "PORT",
            defaultValue = "8000",
            description = "The port to listen on, 0 for a free one; default: ${DEFAULT-VALUE}.")
    private int port;

    @Option(
            names = "--form",
            paramLabel = "FORM",
            defaultValue = "header",
            description =
                    "Where the key is looked for: header (bearer token), body (JSON field api_key), service (the same,"
                            + " and the service credential as bearer token); default: ${DEFAULT-VALUE}.")
    private Form form;

    @Option(
            names = "--service-id",
            paramLabel = "ID",
            defaultValue = "platform",
            description = "The one service_id that may ask; default: ${DEFAULT-VALUE}.")
    private String serviceId;

    @Option(
            names = "--service-credential-file",
            paramLabel = "FILE",
            description = "Holds the caller's own credential; for --form service.")
    private Path credentialFile;

    @Override
    public Integer call() {
        checkArguments();
        Optional<Secret> credential;
        try {
            credential = credential();
        } catch (IOException e) {
            System.err.println("cannot start: --service-credential-file '" + credentialFile + "' " + e.getMessage());
            return ToriiCommand.INVALID_CONFIG;
        }
        Vertx vertx = ServeCommand.vertx();
        int code = start(vertx, new AuthServiceContract.Terms(form, serviceId, credential));
        if (code != ToriiCommand.KEEPS_RUNNING) {
            vertx.close();
        }
        return code;
    }

    private void checkArguments() {
        if (port < 0 || port > LARGEST_PORT) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(), "--port '" + port + "' must be between 0 and " + LARGEST_PORT);
        }
        if ((form == Form.SERVICE) != (credentialFile != null)) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(),
                    form == Form.SERVICE
                            ? "--form service needs --service-credential-file"
                            : "--service-credential-file is for --form service alone");
        }
    }

    private Optional<Secret> credential() throws IOException {
        if (credentialFile == null) {
            return Optional.empty();
        }
        String text;
        try {
            text = LockedFile.text(credentialFile).trim();
        } catch (IOException e) {
            throw new IOException("cannot be read: " + e.getClass().getSimpleName(), e);
        }
        if (text.isEmpty()) {
            throw new IOException("is empty; an empty credential would let anybody ask");
        }
        return Optional.of(new Secret(text));
    }

    private int start(Vertx vertx, AuthServiceContract.Terms terms) {
        FileKeyValidator keys =
                new FileKeyValidator(vertx, new AuthConfig.KeyFile(file, RELOAD_INTERVAL), Clock.systemUTC(), () -> {});
        AuthServiceListener listener = new AuthServiceListener(vertx, new AuthServiceContract(terms, keys));
        try {
            await(keys.start());
        } catch (CompletionException e) {
            System.err.println(
                    "cannot start: --file '" + file + "' " + e.getCause().getMessage());
            return ToriiCommand.INVALID_CONFIG;
        }
        try {
            int bound = await(listener.listen(host, port));
            Runtime.getRuntime().addShutdownHook(new Thread(() -> end(vertx, listener), "end"));
            System.out.println("torii auth-service listens on " + authority(bound) + " (form " + name(form) + ")");
            return ToriiCommand.KEEPS_RUNNING;
        } catch (CompletionException e) {
            keys.stop();
            System.err.println("cannot start: cannot listen on " + authority(port) + " (--host, --port): "
                    + e.getCause().getMessage());
            return ToriiCommand.FAILED;
        }
    }

    private static <T> T await(Future<T> future) {
        return future.toCompletionStage().toCompletableFuture().join();
    }

    private String authority(int boundPort) {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + boundPort;
    }

    private static String name(Form form) {
        return form.name().toLowerCase(Locale.ROOT);
    }

    private static void end(Vertx vertx, AuthServiceListener listener) {
        try {
            // One after the other: what follows on the listener's own loop is lost when Vert.x ends that.
            listener.close().await(LONGEST_STEP_SECONDS, TimeUnit.SECONDS);
            vertx.close().await(LONGEST_STEP_SECONDS, TimeUnit.SECONDS);
            ServeCommand.halt(ToriiCommand.OK);
        } catch (Exception e) {
            LOG.error("the end was not orderly", e);
            ServeCommand.halt(ToriiCommand.FAILED);
        }
    }
}
