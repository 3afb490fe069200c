package ai.hokus.torii.cli;

import ai.hokus.torii.auth.KeyFile.InvalidKeyFileException;
import ai.hokus.torii.auth.KeyFile.Key;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Edits the embedded key store. */
@Command(
        name = "keys",
        mixinStandardHelpOptions = true,
        description = "Creates, lists and revokes keys of the embedded key store.")
final class KeysCommand implements Runnable {

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        spec.commandLine().usage(System.out);
    }

    /** The option that names the file. */
    static final class FileOption {
        @Option(
                names = {"-f", "--file"},
                required = true,
                paramLabel = "FILE",
                description = "The key file (auth.file.path).")
        private Path file;
    }

    @Command(
            name = "create",
            mixinStandardHelpOptions = true,
            description = "Creates a key and prints it, once: the file keeps its digest alone.")
    int create(
            @Mixin FileOption target,
            @Option(names = "--name", defaultValue = "", description = "What its owner calls it.") String name,
            @Option(names = "--user", required = true, description = "Its owner.") String user,
            @Option(
                            names = "--scope",
                            description = "A scope, repeatable; default: ${DEFAULT-VALUE}.",
                            defaultValue = "mlflow:write")
                    List<String> scopes,
            @Option(names = "--expires-in-days", description = "Days until it ends; default: never.") Integer days,
            @Option(names = "--rate-limit", description = "Requests an hour; default: no limit.") Long rateLimit) {
        if (days != null && days < 1 || rateLimit != null && rateLimit < 1) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(), "--expires-in-days and --rate-limit must be 1 or more");
        }
        Instant now = Clock.systemUTC().instant();
        KeyStore.NewKey created = KeyStore.newKey(
                name,
                user,
                new LinkedHashSet<>(scopes),
                rateLimit == null ? OptionalLong.empty() : OptionalLong.of(rateLimit),
                now,
                Optional.ofNullable(days).map(d -> now.plus(Duration.ofDays(d))));
        return edit(() -> {
            new KeyStore(target.file).add(created.entry());
            System.err.println("key_id " + created.entry().keyId() + "; the key is shown once, keep it:");
            System.out.println(created.key().reveal());
        });
    }

    @Command(name = "list", mixinStandardHelpOptions = true, description = "Lists the keys, never the keys themselves.")
    int list(@Mixin FileOption target) {
        return edit(() -> {
            Instant now = Clock.systemUTC().instant();
            System.out.printf("%-36s  %-8s  %-20s  %-20s  %s%n", "KEY_ID", "STATE", "USER", "NAME", "SCOPES");
            for (Key key : new KeyStore(target.file).read().keys()) {
                System.out.printf(
                        "%-36s  %-8s  %-20s  %-20s  %s%n",
                        key.keyId(), state(key, now), key.userId(), key.name(), String.join(",", key.scopes()));
            }
        });
    }

    private static String state(Key key, Instant now) {
        if (key.revokedAt().isPresent()) {
            return "revoked";
        }
        return key.expiresAt().filter(end -> !now.isBefore(end)).isPresent() ? "expired" : "active";
    }

    @Command(
            name = "revoke",
            mixinStandardHelpOptions = true,
            description = "Takes a key back; running gateways follow.")
    int revoke(@Mixin FileOption target, @Parameters(paramLabel = "KEY_ID", description = "Its key_id.") String keyId) {
        return edit(() -> {
            if (!new KeyStore(target.file).revoke(keyId, Clock.systemUTC().instant())) {
                throw new IOException("no key has key_id '" + keyId + "'");
            }
            System.err.println("revoked " + keyId);
        });
    }

    /** A step that reads or writes the file. */
    private interface Step {
        void run() throws IOException, InvalidKeyFileException;
    }

    private int edit(Step step) {
        try {
            step.run();
            return ToriiCommand.OK;
        } catch (IOException | InvalidKeyFileException e) {
            System.err.println("torii keys: " + e.getMessage());
            return ToriiCommand.FAILED;
        }
    }
}
