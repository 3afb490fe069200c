package ai.hokus.torii.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Optional;

/**
 * A port that was asked for, and whether it can be had.
 *
 * @param wanted the port that was asked for, 0 for any free one
 * @param obstacle why it cannot be had; empty: it can
 */
record QuickstartPort(int wanted, Optional<String> obstacle) {
    private static final String LOOPBACK = "127.0.0.1";

    /** Tries the port, briefly. */
    static QuickstartPort of(int wanted) {
        try (var socket = new ServerSocket(wanted, 1, InetAddress.getByName(LOOPBACK))) {
            assert socket.isBound();
            return new QuickstartPort(wanted, Optional.empty());
        } catch (IOException e) {
            var isTaken = String.valueOf(e.getMessage()).contains("in use");
            return new QuickstartPort(wanted, Optional.of(isTaken ? "is taken" : "cannot be used: " + e.getMessage()));
        }
    }

    /** The same for a second listener, which cannot have the first one's port. */
    static QuickstartPort of(int wanted, QuickstartPort other) {
        return wanted != 0 && wanted == other.wanted ? new QuickstartPort(wanted, Optional.of("is taken")) : of(wanted);
    }

    /** The port to listen on: this one, or 0, a free one. */
    int toListenOn() {
        return obstacle.isEmpty() ? wanted : 0;
    }

    /** Says that another port is used, when that is so. */
    Optional<String> moved(int used) {
        return obstacle.map(why -> "port " + wanted + " " + why + ", using " + used);
    }
}
