package ai.hokus.torii.proxy;

import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.tls.TlsFault;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;

/** Reads what went wrong towards MLflow out of an exception of the client. */
final class UpstreamFault {

    private UpstreamFault() {}

    /** No connection was had, so nothing was sent. */
    static GatewayFailure connecting(Throwable cause, String address) {
        String detail = address + ": " + TlsFault.describe(cause);
        if (cause instanceof ConnectionPoolTooBusyException) {
            return GatewayFailure.overloaded(detail);
        }
        if (cause instanceof ConnectException
                && String.valueOf(cause.getMessage()).contains("timed out")) {
            return GatewayFailure.upstreamTimeout(detail);
        }
        if (cause instanceof ConnectException
                || cause instanceof UnknownHostException
                || cause instanceof SSLException
                || cause instanceof IOException) {
            return GatewayFailure.upstreamUnreachable(detail);
        }
        if (cause instanceof TimeoutException) {
            return GatewayFailure.overloaded(detail);
        }
        return GatewayFailure.upstreamUnreachable(detail);
    }

    /** The connection was there, the answer was not, or was no HTTP. */
    static GatewayFailure answering(Throwable cause, String address) {
        return GatewayFailure.upstreamBroken(address + ": " + TlsFault.describe(cause));
    }
}
