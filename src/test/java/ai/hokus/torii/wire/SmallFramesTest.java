package ai.hokus.torii.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.EmptyHttp2Headers;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SmallFramesTest {

    private final List<String> passed = new ArrayList<>();
    private final SmallFrames frames = new SmallFrames(new Http2FrameAdapter() {
        @Override
        public int onDataRead(ChannelHandlerContext ctx, int stream, ByteBuf data, int padding, boolean end) {
            passed.add(stream + ":" + data.toString(StandardCharsets.ISO_8859_1) + (end ? "." : ""));
            return padding;
        }

        @Override
        public void onHeadersRead(
                ChannelHandlerContext ctx,
                int stream,
                io.netty.handler.codec.http2.Http2Headers headers,
                int padding,
                boolean end) {
            passed.add(stream + ":trailer");
        }
    });

    private int data(int stream, String text, int padding, boolean isEnd) throws Http2Exception {
        return frames.onDataRead(
                null, stream, Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1), padding, isEnd);
    }

    @Test
    void passesSmallFramesOnTogetherWhenNoMoreCome() throws Exception {
        // When
        for (int i = 0; i < 3; i++) {
            assertThat(data(1, "a", 7, false)).isEqualTo(7);
            assertThat(data(3, "b", 0, false)).isZero();
        }

        // Then
        assertThat(passed).isEmpty();
        frames.passOn();
        frames.passOn();
        assertThat(passed).containsExactlyInAnyOrder("1:aaa", "3:bbb");
    }

    @Test
    void makesFewObjectsOfManyFrames() throws Exception {
        // When
        for (int i = 0; i < 100_000; i++) {
            data(1, "a", 0, false);
        }
        frames.passOn();

        // Then
        assertThat(passed).hasSizeLessThan(100);
        assertThat(passed.stream().mapToInt(text -> text.length() - 2).sum()).isEqualTo(100_000);
    }

    @Test
    void keepsTheOrderWithinAStream() throws Exception {
        // When
        String large = "x".repeat(2000);
        data(1, large, 0, false);
        data(1, "a", 0, false);
        data(1, large, 0, false);
        data(1, "b", 0, false);
        data(1, "c", 3, true);
        data(3, "d", 0, false);
        frames.onHeadersRead(null, 3, EmptyHttp2Headers.INSTANCE, 0, true);

        // Then
        assertThat(passed).containsExactly("1:" + large, "1:a" + large, "1:bc.", "3:d", "3:trailer");
    }

    @Test
    void forgetsWhatAStreamBroughtThatWasReset() throws Exception {
        // When
        data(1, "a", 0, false);
        frames.onRstStreamRead(null, 1, 8);
        frames.passOn();

        // Then
        assertThat(passed).isEmpty();
    }
}
