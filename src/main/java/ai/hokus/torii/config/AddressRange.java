package ai.hokus.torii.config;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A range of IP addresses in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3), such as {@code 10.0.0.0/8} or {@code ::1}.
 *
 * <p>An IPv4 address written as IPv6 ({@code ::ffff:10.0.0.1}) is that IPv4 address. No name is ever looked up.
 */
public final class AddressRange {

    private static final String OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
    private static final Pattern IPV4 = Pattern.compile(OCTET + "(?:\\." + OCTET + "){3}");
    private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:]*:[0-9a-fA-F:.]*");

    private final byte[] network;
    private final int prefix;

    private AddressRange(byte[] network, int prefix) {
        this.network = network;
        this.prefix = prefix;
    }

    /** The range in this text, or empty when it is none. Bits beyond the prefix must be zero. */
    public static Optional<AddressRange> parse(String text) {
        int slash = text.indexOf('/');
        Optional<byte[]> address = address(slash < 0 ? text : text.substring(0, slash));
        if (address.isEmpty()) {
            return Optional.empty();
        }
        int bits = address.get().length * Byte.SIZE;
        int prefix = slash < 0 ? bits : prefix(text.substring(slash + 1));
        if (prefix < 0 || prefix > bits) {
            return Optional.empty();
        }
        AddressRange range = new AddressRange(address.get(), prefix);
        for (int bit = prefix; bit < bits; bit++) {
            if (range.bit(range.network, bit) != 0) {
                return Optional.empty();
            }
        }
        return Optional.of(range);
    }

    private static int prefix(String digits) {
        return digits.matches("\\d{1,3}") ? Integer.parseInt(digits) : -1;
    }

    /** The bytes of an address literal, 4 or 16, or empty when it is none. */
    public static Optional<byte[]> address(String literal) {
        if (!IPV4.matcher(literal).matches() && !IPV6.matcher(literal).matches()) {
            return Optional.empty();
        }
        try {
            // Of a whole IPv4 address, and of anything with a colon, the JDK reads the address and asks no resolver.
            return Optional.of(InetAddress.getByName(literal).getAddress());
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
    }

    /** Whether this address lies in the range; {@code address} as {@link #address} gives it. */
    public boolean contains(byte[] address) {
        if (address.length != network.length) {
            return false;
        }
        for (int bit = 0; bit < prefix; bit++) {
            if (bit(network, bit) != bit(address, bit)) {
                return false;
            }
        }
        return true;
    }

    private int bit(byte[] bytes, int index) {
        return bytes[index / Byte.SIZE] >> (Byte.SIZE - 1 - index % Byte.SIZE) & 1;
    }
}
