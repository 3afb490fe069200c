package ai.hokus.torii;

import static ai.hokus.torii.support.FrameClient.CONTINUATION;
import static ai.hokus.torii.support.FrameClient.DATA;
import static ai.hokus.torii.support.FrameClient.END_HEADERS;
import static ai.hokus.torii.support.FrameClient.END_STREAM;
import static ai.hokus.torii.support.FrameClient.GOAWAY;
import static ai.hokus.torii.support.FrameClient.HEADERS;
import static ai.hokus.torii.support.FrameClient.PING;
import static ai.hokus.torii.support.FrameClient.RST_STREAM;
import static ai.hokus.torii.support.FrameClient.SETTINGS;
import static ai.hokus.torii.support.FrameClient.WINDOW_UPDATE;
import static ai.hokus.torii.support.FrameClient.block;
import static ai.hokus.torii.support.FrameClient.frame;
import static ai.hokus.torii.support.Relayed.GET;
import static ai.hokus.torii.support.Relayed.KEY;
import static ai.hokus.torii.support.Relayed.OK;
import static org.assertj.core.api.Assertions.assertThat;

import ai.hokus.torii.support.FrameClient;
import ai.hokus.torii.support.FrameClient.Frame;
import ai.hokus.torii.support.NeedsPeer;
import ai.hokus.torii.support.RawClient;
import ai.hokus.torii.support.TlsRelayed;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A peer that makes work for nothing loses its connection, and nobody else notices (RFC 9113 §10.5). */
@NeedsPeer(program = "openssl", install = "apt-get install -y openssl")
@ExtendWith(VertxExtension.class)
class Http2FloodsIT {

    private static final int ENHANCE_YOUR_CALM = 11;
    private static final int MOST = 200_000;
    private static final String[] REQUEST = {
        ":method", "GET", ":scheme", "https", ":authority", "h", ":path", "/api/2.0/mlflow/runs/get", "x-api-key", KEY
    };

    @TempDir
    private static Path folder;

    private static TlsRelayed relayed;

    @BeforeAll
    static void start(Vertx vertx) throws Exception {
        relayed = TlsRelayed.to(vertx, folder, (connection, first) -> {
            for (String head = first; !head.isEmpty(); head = connection.nextHead()) {
                connection.send(OK);
            }
        });
    }

    @AfterAll
    static void stop() throws Exception {
        relayed.close();
    }

    /** What is sent over and over; the number counts from 0. */
    private enum Flood {
        /** CVE-2023-44487. */
        RAPID_RESET {
            @Override
            byte[] round(int number) {
                int stream = 2 * number + 1;
                return both(
                        frame(HEADERS, END_HEADERS | END_STREAM, stream, block(REQUEST)),
                        frame(RST_STREAM, 0, stream, new byte[] {0, 0, 0, 8}));
            }
        },
        /** CVE-2025-8671: the gateway is made to send the resets. */
        MADE_YOU_RESET {
            @Override
            byte[] round(int number) {
                int stream = 2 * number + 1;
                return both(
                        frame(HEADERS, END_HEADERS, stream, block(REQUEST)),
                        frame(WINDOW_UPDATE, 0, stream, new byte[4]));
            }
        },
        PINGS {
            @Override
            byte[] round(int number) {
                return frame(PING, 0, 0, new byte[8]);
            }
        },
        SETTINGS_FRAMES {
            @Override
            byte[] round(int number) {
                return frame(SETTINGS, 0, 0, new byte[] {0, 4, 0, 0, (byte) 0xff, (byte) (number % 100)});
            }
        },
        PRIORITIES {
            @Override
            byte[] round(int number) {
                return frame(2, 0, 2 * number + 1, new byte[] {0, 0, 0, 0, 16});
            }
        },
        UNKNOWN_FRAMES {
            @Override
            byte[] round(int number) {
                return frame(0x77, 0, 0, new byte[16]);
            }
        },
        /** CVE-2024-27316. */
        SMALL_CONTINUATIONS {
            @Override
            byte[] round(int number) {
                return number == 0
                        ? frame(HEADERS, END_STREAM, 1, block(REQUEST))
                        : frame(CONTINUATION, 0, 1, block("a", "b"));
            }
        },
        EMPTY_CONTINUATIONS {
            @Override
            byte[] round(int number) {
                return number == 0 ? frame(HEADERS, END_STREAM, 1, block(REQUEST)) : frame(CONTINUATION, 0, 1);
            }
        },
        LARGE_CONTINUATIONS {
            @Override
            byte[] round(int number) {
                return number == 0 ? frame(HEADERS, END_STREAM, 1, block(REQUEST)) : frame(CONTINUATION, 0, 1, large());
            }
        },
        /** CVE-2019-9518. */
        EMPTY_DATA {
            @Override
            byte[] round(int number) {
                return number == 0 ? frame(HEADERS, END_HEADERS, 1, block(REQUEST)) : frame(DATA, 0, 1);
            }
        };

        abstract byte[] round(int number);

        private static byte[] both(byte[] first, byte[] second) {
            byte[] both = Arrays.copyOf(first, first.length + second.length);
            System.arraycopy(second, 0, both, first.length, second.length);
            return both;
        }

        private static byte[] large() {
            String[] fields = new String[200];
            for (int i = 0; i < fields.length; i += 2) {
                fields[i] = "x-" + i;
                fields[i + 1] = "v".repeat(100);
            }
            return block(fields);
        }
    }

    @ParameterizedTest
    @EnumSource(Flood.class)
    void endsTheConnectionOfAFlood(Flood flood) throws Exception {
        try (FrameClient caller = relayed.frames();
                RawClient bystander = relayed.raw()) {
            // When
            send(caller, flood);

            // Then
            Frame last = caller.nextOf(GOAWAY);
            assertThat(last.isClose() || last.error() > 0).as("%s", last).isTrue();
            assertThat(caller.nextOf(-1).isClose()).isTrue();
            assertThat(bystander.send(GET).readMessage().status()).isEqualTo(200);
        }
    }

    private static void send(FrameClient caller, Flood flood) {
        try {
            for (int number = 0; number < MOST; number++) {
                caller.write(flood.round(number));
            }
            throw new AssertionError("the connection still takes " + flood);
        } catch (IOException closed) {
            assertThat(closed).hasMessageMatching("(?i).*(reset|broken pipe|closed|abort).*");
        }
    }

    @Test
    void saysWhyItEndsTheConnection() throws Exception {
        try (FrameClient caller = relayed.frames()) {
            // When no more is sent than the gateway reads before it decides
            for (int number = 0; number < 2001; number++) {
                caller.write(Flood.PINGS.round(number));
            }

            // Then
            assertThat(caller.nextOf(GOAWAY).error()).isEqualTo(ENHANCE_YOUR_CALM);
        }
    }

    @Test
    void answersAHeadThatUnpacksToMegabytesWith431() throws Exception {
        try (FrameClient caller = relayed.frames()) {
            // Given a field of 2,000 bytes that is put into the table (RFC 7541 §6.2.1), and named again and again
            ByteArrayOutputStream block = new ByteArrayOutputStream();
            block.writeBytes(block(REQUEST));
            block.writeBytes(new byte[] {0x40, 3, 'x', '-', 'a', 0x7f, (byte) 0xd1, 0x0e});
            block.writeBytes("v".repeat(2000).getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
            for (int i = 0; i < 12_000; i++) {
                block.write(0x80 | 62);
            }

            // When
            caller.send(HEADERS, END_HEADERS | END_STREAM, 1, block.toByteArray());

            // Then
            Frame frame = caller.next();
            while (frame.type() != HEADERS && frame.type() != GOAWAY) {
                assertThat(frame.isClose()).isFalse();
                frame = caller.next();
            }
            assertThat(frame.type() == GOAWAY
                            || frame.head().status().toString().equals("431"))
                    .as("%s", frame)
                    .isTrue();
        }
    }

    @Test
    void refusesStreamsBeyondTheAgreedNumber(@TempDir Path own, Vertx vertx) throws Exception {
        // Given
        try (TlsRelayed few = TlsRelayed.to(
                        vertx, own, (connection, head) -> connection.readToEnd(), "TORII_LISTENER_HTTP2_STREAMS", "2");
                FrameClient caller = few.frames()) {
            // When
            for (int stream = 1; stream <= 5; stream += 2) {
                caller.head(stream, true, REQUEST);
            }

            // Then REFUSED_STREAM
            assertThat(caller.on(5).error()).isEqualTo(7);
        }
    }
}
