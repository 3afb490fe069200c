package ai.hokus.torii.wire;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.vertx.core.http.impl.headers.Http1xHeaders;
import java.util.function.BooleanSupplier;

/** In place of Vert.x' own encoder, which is final: an answer that is known whole goes out as one buffer. */
final class AnswerEncoder extends HttpResponseEncoder {

    private final BooleanSupplier isHeadAsked;

    /** Asks with each answer whether it is one to a HEAD, whose head is all there is (RFC 9110 §9.3.2). */
    AnswerEncoder(BooleanSupplier isHeadAsked) {
        this.isHeadAsked = isHeadAsked;
    }

    @Override
    protected boolean isContentAlwaysEmpty(HttpResponse response) {
        return isHeadAsked.getAsBoolean() || super.isContentAlwaysEmpty(response);
    }

    @Override
    protected void encodeInitialLine(ByteBuf head, HttpResponse response) throws Exception {
        Wire.makeRoomForBody(head, response);
        super.encodeInitialLine(head, response);
    }

    @Override
    protected void encodeHeaders(HttpHeaders headers, ByteBuf head) {
        if (headers instanceof Http1xHeaders own) {
            own.encode(head, false);
        } else {
            super.encodeHeaders(headers, head);
        }
    }
}
