package ai.hokus.torii.support;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.datagram.DatagramPacket;
import io.vertx.core.datagram.DatagramSocket;
import io.vertx.core.dns.AddressResolverOptions;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A name server on a free loopback port (RFC 1035) that knows one name's addresses, and says of every other that it is none. */
public final class StubDns {

    private static final int A = 1;
    private static final int AAAA = 28;
    private static final int HEAD_BYTES = 12;
    private static final int OK = 0;
    private static final int SERVER_FAILURE = 2;
    private static final int NO_SUCH_NAME = 3;

    private final DatagramSocket socket;
    private final String name;
    private final AtomicInteger questions = new AtomicInteger();
    private volatile List<String> addresses;
    private volatile boolean broken;

    private StubDns(Vertx vertx, String name, List<String> addresses) {
        this.socket = vertx.createDatagramSocket().handler(this::answer);
        this.name = name;
        this.addresses = addresses;
    }

    /** Starts and waits until it listens. */
    public static StubDns start(Vertx vertx, String name, String... addresses) throws Exception {
        StubDns dns = new StubDns(vertx, name, List.of(addresses));
        dns.socket.listen(0, "127.0.0.1").await(5, TimeUnit.SECONDS);
        return dns;
    }

    /** A Vert.x that asks this server alone. */
    public Vertx client() {
        return Vertx.vertx(new VertxOptions()
                .setAddressResolverOptions(new AddressResolverOptions()
                        .addServer("127.0.0.1:" + socket.localAddress().port())
                        .setQueryTimeout(500)
                        .setHostsValue(Buffer.buffer("127.0.0.1 localhost\n"))));
    }

    /** From now on these are the name's addresses; none: there is no such name. */
    public void knows(String... next) {
        addresses = List.of(next);
        broken = false;
    }

    /** From now on it says that it has failed. */
    public void fails() {
        broken = true;
    }

    /** How often it was asked. */
    public int questions() {
        return questions.get();
    }

    private void answer(DatagramPacket packet) {
        questions.incrementAndGet();
        Buffer query = packet.data();
        StringBuilder asked = new StringBuilder();
        int end = HEAD_BYTES;
        for (int length = query.getByte(end); length > 0; length = query.getByte(end)) {
            asked.append(asked.length() == 0 ? "" : ".")
                    .append(query.getBuffer(end + 1, end + 1 + length).toString(US_ASCII));
            end += 1 + length;
        }
        int type = query.getUnsignedShort(end + 1);
        Buffer question = query.getBuffer(HEAD_BYTES, end + 5);
        boolean known = asked.toString().equalsIgnoreCase(name) && !addresses.isEmpty();
        List<byte[]> found = known && !broken ? found(type) : List.of();
        int code = broken ? SERVER_FAILURE : known ? OK : NO_SUCH_NAME;
        Buffer answer = Buffer.buffer()
                .appendUnsignedShort(query.getUnsignedShort(0))
                .appendUnsignedShort(0x8180 | code)
                .appendUnsignedShort(1)
                .appendUnsignedShort(found.size())
                .appendInt(0)
                .appendBuffer(question);
        for (byte[] address : found) {
            answer.appendUnsignedShort(0xc000 | HEAD_BYTES)
                    .appendUnsignedShort(type)
                    .appendUnsignedShort(1)
                    // It may be asked again at once.
                    .appendInt(0)
                    .appendUnsignedShort(address.length)
                    .appendBytes(address);
        }
        socket.send(answer, packet.sender().port(), packet.sender().host());
    }

    private List<byte[]> found(int type) {
        return addresses.stream()
                .map(StubDns::parsed)
                .filter(address -> type == (address instanceof Inet4Address ? A : AAAA))
                .map(InetAddress::getAddress)
                .toList();
    }

    private static InetAddress parsed(String address) {
        try {
            return InetAddress.getByName(address);
        } catch (java.net.UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
