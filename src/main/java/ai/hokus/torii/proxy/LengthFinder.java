package ai.hokus.torii.proxy;

import ai.hokus.torii.config.ForwardConfig;
import ai.hokus.torii.exchange.Exchange;
import ai.hokus.torii.exchange.GatewayFailure;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.util.Optional;

/**
 * Finds the length of a body that came without one. MLflow under uvicorn drops a chunked body on its Flask routes: it
 * answers 200 and stores 0 bytes (measured on MLflow 3.6), so such a body is sent on with a length.
 */
final class LengthFinder {

    /** Up to so many bytes a body waits in memory. */
    static final int HELD_BYTES = 64 * 1024;

    private final Exchange exchange;
    private final HttpServerRequest request;
    private final ForwardConfig config;
    private final Spool spool;
    private final Optional<GatewayFailure> tooLarge;
    private final Deadline deadline;
    private final Promise<RequestBody> found = Promise.promise();
    private final Buffer first = Buffer.buffer();
    private final Guard guard = new Guard(this::fail);
    private SpoolFile file;
    private long received;

    /** As {@code upload.unknown-length} says. */
    LengthFinder(Deadlines deadlines, Exchange exchange, ForwardConfig config, Spool spool) {
        this(deadlines, exchange, config, spool, Optional.empty());
    }

    /** A body that is not small fails with {@code tooLarge}, if there is one. */
    LengthFinder(
            Deadlines deadlines,
            Exchange exchange,
            ForwardConfig config,
            Spool spool,
            Optional<GatewayFailure> tooLarge) {
        this.tooLarge = tooLarge;
        this.exchange = exchange;
        this.request = exchange.request();
        this.config = config;
        this.spool = spool;
        this.deadline = new Deadline(deadlines);
    }

    /** Reads until the length is known, or until it is decided to go on without. */
    Future<RequestBody> find() {
        deadline.start(config.uploadStallTimeout(), guard.action(this::stalled));
        exchange.onCallerGone(() -> fail(GatewayFailure.requestMalformed("its body was cut")));
        request.handler(guard.handler(this::hold));
        request.endHandler(guard.handler(v -> {
            exchange.requestEnded();
            succeed(new RequestBody.Held(first));
        }));
        exchange.resumeBody();
        return found.future();
    }

    private void stalled() {
        boolean fileHoldsUp = !exchange.hasUnreadBody() || file != null && file.isFull();
        fail(
                fileHoldsUp
                        ? GatewayFailure.internal("spool.directory: it takes no more bytes")
                        : GatewayFailure.callerStalled("request body stopped coming", config.uploadStallTimeout()));
    }

    private void hold(Buffer chunk) {
        deadline.touch();
        if (!isInLimit(chunk)) {
            return;
        }
        first.appendBuffer(chunk);
        if (first.length() <= HELD_BYTES) {
            return;
        }
        exchange.pauseBody();
        request.handler(null);
        if (tooLarge.isPresent()) {
            fail(tooLarge.get());
            return;
        }
        switch (config.unknownLength()) {
            case REFUSE -> fail(GatewayFailure.bodyTooLarge("upload.unknown-length: refuse", HELD_BYTES + " bytes"));
            case STREAM -> succeed(new RequestBody.Streamed(first));
            case SPOOL ->
                spool.open().onComplete(guard.handler(opened -> {
                    if (opened.succeeded()) {
                        spool(opened.result());
                    } else {
                        fail(opened.cause());
                    }
                }));
        }
    }

    private boolean isInLimit(Buffer chunk) {
        received += chunk.length();
        try {
            exchange.checkBody(received);
            return true;
        } catch (GatewayFailure overLimit) {
            exchange.pauseBody();
            request.handler(null);
            fail(overLimit);
            return false;
        }
    }

    private void spool(SpoolFile opened) {
        file = opened;
        if (found.future().isComplete()) {
            file.close();
            return;
        }
        request.handler(guard.handler(chunk -> {
            if (isInLimit(chunk)) {
                write(chunk);
            }
        }));
        request.endHandler(guard.handler(v -> {
            exchange.requestEnded();
            if (!found.future().isComplete()) {
                file.written()
                        .onFailure(cause -> fail(GatewayFailure.internal("spool: " + cause.getMessage())))
                        .onSuccess(guard.handler(done -> spooled()));
            }
        }));
        write(first);
        exchange.resumeBody();
    }

    private void write(Buffer chunk) {
        deadline.touch();
        if (found.future().isComplete()) {
            return;
        }
        try {
            file.write(chunk).onFailure(cause -> fail(GatewayFailure.internal("spool: " + cause.getMessage())));
        } catch (GatewayFailure tooLarge) {
            fail(tooLarge);
            return;
        }
        if (file.isFull()) {
            exchange.pauseBody();
            file.onDrain(guard.action(() -> {
                deadline.touch();
                exchange.resumeBody();
            }));
        }
    }

    /** The caller may have left meanwhile, and then nobody else closes the file. */
    private void spooled() {
        deadline.cancel();
        if (!found.tryComplete(new RequestBody.Spooled(file))) {
            file.close();
        }
    }

    private void succeed(RequestBody body) {
        deadline.cancel();
        found.tryComplete(body);
    }

    private void fail(Throwable cause) {
        deadline.cancel();
        if (found.tryFail(cause) && file != null) {
            file.close();
        }
    }
}
