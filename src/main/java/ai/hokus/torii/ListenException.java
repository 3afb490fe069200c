package ai.hokus.torii;

import io.vertx.core.Future;

/** A listener cannot have its address; the message names the setting. */
public final class ListenException extends Exception {

    private static final long serialVersionUID = 1L;

    private ListenException(String message, Throwable cause) {
        super(message, cause);
    }

    /** A failed future that says which setting asked for the address. */
    static <T> Future<T> of(String setting, String host, int port, Throwable cause) {
        return Future.failedFuture(new ListenException(
                "cannot listen on " + host + ":" + port + " (" + setting + "): " + cause.getMessage(), cause));
    }
}
