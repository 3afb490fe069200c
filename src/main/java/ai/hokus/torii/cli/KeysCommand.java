package ai.hokus.torii.cli;

import ai.hokus.torii.auth.KeyFile.InvalidKeyFileException;
import ai.hokus.torii.auth.KeyFile.Key;
import ai.hokus.torii.auth.KeyImport;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Edits the embedded key store. Keys come out on stdout, once, and in by a file or stdin: never as an argument. */
@Command(
        name = "keys",
        mixinStandardHelpOptions = true,
        description = "Creates, rotates, imports, lists and revokes keys of the embedded key store.")
final class KeysCommand implements Runnable {

    private static final String EXPIRES = "--expires";
    private static final String TIMES = "30d, 12h, 2027-01-31 (its start in UTC) or 2027-01-31T00:00:00Z";

    @CommandLine.Spec
    private CommandSpec spec;

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
            @Option(names = EXPIRES, paramLabel = "TIME", description = "When it ends: " + TIMES + "; default: never.")
                    String expires,
            @Option(names = "--rate-limit", description = "Requests an hour; default: no limit.") Long rateLimit) {
        if (rateLimit != null && rateLimit < 1) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(),
                    "--rate-limit '" + rateLimit + "' must be 1 or more; leave it out for no limit");
        }
        scopes.stream()
                .filter(scope -> !scope.matches("[!-+\\--~]+"))
                .findFirst()
                .ifPresent(scope -> {
                    throw new CommandLine.ParameterException(
                            spec.commandLine(), "--scope '" + scope + "' is not one scope; repeat --scope for each");
                });
        Instant now = now();
        KeyStore.NewKey created = KeyStore.newKey(
                name,
                user,
                new LinkedHashSet<>(scopes),
                rateLimit == null ? OptionalLong.empty() : OptionalLong.of(rateLimit),
                now,
                end(expires, now));
        return edit(() -> {
            new KeyStore(target.file).add(created.entry());
            show(created);
        });
    }

    @Command(
            name = "rotate",
            mixinStandardHelpOptions = true,
            description =
                    "Makes a new key like an old one, prints it, once, and lets the old one end after the overlap.")
    int rotate(
            @Mixin FileOption target,
            @Parameters(paramLabel = "KEY_ID", description = "The old key's key_id.") String keyId,
            @Option(
                            names = "--overlap",
                            paramLabel = "TIME",
                            defaultValue = "24h",
                            description = "How long both are good, at most: 7d, 24h, 30m; 0s ends the old one at once;"
                                    + " default: ${DEFAULT-VALUE}.")
                    String overlap,
            @Option(
                            names = EXPIRES,
                            paramLabel = "TIME",
                            description = "When the new one ends: " + TIMES + "; default: when the old one would have.")
                    String expires) {
        Instant now = now();
        KeyStore.Rotation how =
                new KeyStore.Rotation(now, new TimeOption(spec, "--overlap").length(overlap), end(expires, now));
        return edit(() -> show(new KeyStore(target.file).rotate(keyId, how)));
    }

    private static void show(KeyStore.NewKey made) {
        System.err.println("key_id " + made.entry().keyId() + "; the key is shown once, keep it:");
        System.out.println(made.key().reveal());
    }

    @Command(
            name = "import",
            mixinStandardHelpOptions = true,
            description = {
                "Adds the keys of a YAML or JSON document, all or none.",
                "It is like a key file, a list named keys; an entry may hold the key itself as 'key' in place of 'sha256',"
                        + " and no key_id. Only digests are kept."
            })
    int takeOver(
            @Mixin FileOption target,
            @Option(names = "--from", paramLabel = "FILE", description = "The document; default: standard input.")
                    Path from) {
        return edit(() -> {
            String text =
                    from == null ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8) : LockedFile.text(from);
            List<Key> keys;
            try {
                keys = KeyImport.parse(text, now());
            } catch (InvalidKeyFileException e) {
                throw new IOException(
                        (from == null ? "standard input" : "'" + from + "'") + " " + e.getMessage()
                                + "; nothing was imported",
                        e);
            }
            new KeyStore(target.file).addAll(keys);
            System.out.println("imported " + keys.size() + (keys.size() == 1 ? " key" : " keys"));
        });
    }

    @Command(name = "list", mixinStandardHelpOptions = true, description = "Lists the keys, never the keys themselves.")
    int list(
            @Mixin FileOption target,
            @Option(names = "--json", description = "One JSON object a line.") boolean isJson) {
        return edit(() -> {
            List<Key> keys = new KeyStore(target.file).read().keys();
            if (isJson) {
                KeyListing.json(keys, now(), System.out);
            } else {
                KeyListing.table(keys, now(), System.out);
            }
        });
    }

    @Command(
            name = "revoke",
            mixinStandardHelpOptions = true,
            description = "Takes a key back; running gateways follow.")
    int revoke(@Mixin FileOption target, @Parameters(paramLabel = "KEY_ID", description = "Its key_id.") String keyId) {
        return edit(() -> {
            if (!new KeyStore(target.file).revoke(keyId, now())) {
                throw new IOException("no key has key_id '" + keyId + "'");
            }
            System.err.println("revoked " + keyId);
        });
    }

    private static Instant now() {
        return Clock.systemUTC().instant();
    }

    private Optional<Instant> end(String expires, Instant now) {
        return Optional.ofNullable(expires).map(text -> new TimeOption(spec, EXPIRES).end(text, now));
    }

    /** A step that reads or writes the file. */
    private interface Step {
        void run() throws IOException;
    }

    private static int edit(Step step) {
        try {
            step.run();
            return ToriiCommand.OK;
        } catch (IOException e) {
            // The message of a file system's exception is a path alone, its name says what is wrong with that.
            String what = e instanceof FileSystemException ? e.getClass().getSimpleName() + ": " : "";
            System.err.println("torii keys: " + what + e.getMessage());
            return ToriiCommand.FAILED;
        }
    }
}
