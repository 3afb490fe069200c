package ai.hokus.torii.wire;

import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import java.util.Locale;
import javax.net.ssl.SSLException;

/** Why a caller's handshake came to nothing; read out of what Netty and the JDK fail with. */
public enum HandshakeFault {
    /** It was no TLS, most likely HTTP in clear text. */
    CLEAR_TEXT,
    /** It took too long. */
    TIMEOUT,
    /** It speaks older versions alone. */
    VERSION,
    /** It speaks older suites alone. */
    SUITE,
    /** It showed no certificate, but one is required. */
    NO_CERTIFICATE,
    /** It showed one that no authority of ours vouches for, or that has ended. */
    CERTIFICATE,
    /** It ended the handshake by an alert; most likely it does not trust our certificate. */
    ALERT,
    /** It left, as probes of load balancers do. */
    LEFT,
    /** Anything else. */
    OTHER;

    /** Reads it out of what a server's exception handler is given. */
    public static HandshakeFault of(Throwable cause) {
        if (cause instanceof NotSslRecordException) {
            return CLEAR_TEXT;
        }
        if (cause instanceof SslHandshakeTimeoutException) {
            return TIMEOUT;
        }
        if (!(cause instanceof SSLException)) {
            return cause instanceof java.io.IOException ? LEFT : OTHER;
        }
        String message = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
        if (message.contains("fatal alert")) {
            return ALERT;
        }
        if (message.contains("protocol")) {
            return VERSION;
        }
        if (message.contains("cipher suites in common")) {
            return SUITE;
        }
        if (message.contains("empty client certificate") || message.contains("null cert chain")) {
            return NO_CERTIFICATE;
        }
        if (message.contains("closed") || message.contains("close_notify")) {
            return LEFT;
        }
        return message.contains("pkix") || message.contains("certificate") ? CERTIFICATE : OTHER;
    }

    /** Its name in metrics and logs. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
