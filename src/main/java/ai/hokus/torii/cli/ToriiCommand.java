package ai.hokus.torii.cli;

import ai.hokus.torii.Build;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/** The command line as a whole. */
@Command(
        name = "torii",
        mixinStandardHelpOptions = true,
        versionProvider = ToriiCommand.Version.class,
        description = "An API-key gateway in front of an MLflow tracking server.",
        subcommands = {
            ServeCommand.class,
            QuickstartCommand.class,
            CheckConfigCommand.class,
            SettingsCommand.class,
            OperationsCommand.class,
            KeysCommand.class,
            AuthServiceCommand.class,
            RehearseCommand.class
        },
        footer = {
            "",
            "Exit codes: 0 done or drained, 1 failed, 2 wrong arguments, 69 something that is needed is missing,",
            "78 the configuration is invalid."
        })
public final class ToriiCommand implements Runnable {

    /** Done. */
    public static final int OK = 0;

    /** Something went wrong; the message says what. */
    public static final int FAILED = 1;

    /** Something the command needs is missing: {@code EX_UNAVAILABLE} of sysexits(3). */
    public static final int UNAVAILABLE = 69;

    /** The configuration is invalid: {@code EX_CONFIG} of sysexits(3). */
    public static final int INVALID_CONFIG = 78;

    /** Not an exit code: the command has started something that runs until a signal ends it. */
    public static final int KEEPS_RUNNING = -1;

    /** Which build this is. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            Build build = Build.read();
            return new String[] {"torii " + build.version() + " (" + build.commit() + ")"};
        }
    }

    /** Runs what the arguments say; without any, {@code serve}. */
    public static int run(String[] arguments) {
        String[] effective = arguments.length == 0 ? new String[] {"serve"} : arguments;
        return new CommandLine(new ToriiCommand())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .execute(effective);
    }

    @Override
    public void run() {
        CommandLine.usage(this, System.out);
    }
}
