package ai.hokus.torii;

import ai.hokus.torii.cli.ToriiCommand;

/** The process: hands the arguments to the command line and ends with its exit code. */
public final class Main {

    private Main() {}

    /** Starts the command that the arguments name; without any, {@code serve}. */
    public static void main(String[] arguments) {
        // Before any Vert.x class: log through SLF4J, and never unpack the class path into a folder (read-only roots).
        System.setProperty("vertx.logger-delegate-factory-class-name", "io.vertx.core.logging.SLF4JLogDelegateFactory");
        System.setProperty("vertx.disableFileCPResolving", "true");
        // A caller that asks for handshakes again and again on one connection costs much and gains nothing.
        System.setProperty("jdk.tls.rejectClientInitiatedRenegotiation", "true");
        int code = ToriiCommand.run(arguments);
        if (code != ToriiCommand.KEEPS_RUNNING) {
            System.exit(code);
        }
    }
}
