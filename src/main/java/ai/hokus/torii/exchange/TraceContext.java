package ai.hokus.torii.exchange;

import ai.hokus.torii.identity.KeyMask;
import io.vertx.core.MultiMap;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Which trace an exchange belongs to, and the two fields that tell whoever is asked on its behalf (W3C Trace Context,
 * level 1). A caller's trace goes on under a parent id of ours; without a valid one a trace begins here, marked as
 * sampled: the access line is our record of it, and whoever samples as the parent does goes on as it would without us.
 *
 * @param parent the field {@code traceparent} as it is sent on, of version 00
 * @param state the field {@code tracestate} as it is sent on; empty: none
 */
public record TraceContext(String parent, String state) {

    /** Of the traceparent that is read and sent on; never a caller's. */
    public static final String PARENT = "traceparent";

    /** Of the tracestate that is read and sent on. */
    public static final String STATE = "tracestate";

    /** Version, trace id, parent id and flags with a dash between each two. */
    private static final int LENGTH = 55;

    private static final int ID_FROM = 3;
    private static final int ID_END = 35;
    private static final int PARENT_END = 52;
    private static final char[] HEX = "0123456789abcdef".toCharArray();

    /** The trace of a request with these fields: the caller's, or a new one. */
    static TraceContext of(MultiMap headers) {
        String theirs = headers.get(PARENT);
        if (theirs == null
                || !isValid(theirs)
                || headers.getAll(PARENT).size() > 1
                || repeatsCredential(headers, theirs)) {
            return created();
        }
        byte[] field = new byte[LENGTH];
        for (int i = ID_FROM; i < ID_END; i++) {
            field[i] = (byte) theirs.charAt(i);
        }
        boolean isSampled = (Character.digit(theirs.charAt(LENGTH - 1), 16) & 1) == 1;
        return new TraceContext(finish(field, isSampled), TraceState.of(headers.getAll(STATE)));
    }

    private static TraceContext created() {
        byte[] field = new byte[LENGTH];
        ThreadLocalRandom random = ThreadLocalRandom.current();
        hex(random.nextLong(), field, ID_FROM);
        hex(notZero(random), field, ID_FROM + 16);
        return new TraceContext(finish(field, true), "");
    }

    private static String finish(byte[] field, boolean isSampled) {
        hex(notZero(ThreadLocalRandom.current()), field, ID_END + 1);
        field[0] = '0';
        field[1] = '0';
        field[ID_FROM - 1] = '-';
        field[ID_END] = '-';
        field[PARENT_END] = '-';
        field[LENGTH - 2] = '0';
        field[LENGTH - 1] = (byte) (isSampled ? '1' : '0');
        return new String(field, StandardCharsets.ISO_8859_1);
    }

    /** Ids of zeros are invalid. */
    private static long notZero(ThreadLocalRandom random) {
        long id = random.nextLong();
        return id == 0 ? 1 : id;
    }

    private static void hex(long id, byte[] to, int from) {
        for (int i = 0; i < 16; i++) {
            to[from + i] = (byte) HEX[(int) (id >>> (60 - 4 * i)) & 15];
        }
    }

    /** Of a version that is not known yet, what stands where version 00 has it counts. */
    private static boolean isValid(String field) {
        boolean isLong = field.length() > LENGTH && field.charAt(LENGTH) == '-' && !field.startsWith("00");
        if (field.length() != LENGTH && !isLong || field.startsWith("ff")) {
            return false;
        }
        for (int i = 0; i < LENGTH; i++) {
            boolean isDash = i == ID_FROM - 1 || i == ID_END || i == PARENT_END;
            if (isDash ? field.charAt(i) != '-' : !isHex(field.charAt(i))) {
                return false;
            }
        }
        return !isZero(field, ID_FROM, ID_END) && !isZero(field, ID_END + 1, PARENT_END);
    }

    private static boolean isHex(char c) {
        return c >= '0' && c <= '9' || c >= 'a' && c <= 'f';
    }

    private static boolean isZero(String field, int from, int end) {
        for (int i = from; i < end; i++) {
            if (field.charAt(i) != '0') {
                return false;
            }
        }
        return true;
    }

    /** The id is logged and sent on; some keys are hexadecimal digits behind their mark. */
    private static boolean repeatsCredential(MultiMap headers, String field) {
        return CredentialFields.tell(headers, field, ID_FROM, ID_END);
    }

    /** The trace's id: 32 hexadecimal digits. */
    public String id() {
        return parent.substring(ID_FROM, ID_END);
    }

    /** Sets both fields of a request that is sent on behalf of the exchange. */
    public void writeTo(MultiMap headers) {
        headers.set(PARENT, parent);
        if (!state.isEmpty()) {
            headers.set(STATE, state);
        }
    }

    /** The rules of {@code tracestate}: what other tracing systems tell each other about one trace. */
    private static final class TraceState {

        private static final int MAX_MEMBERS = 32;
        private static final int MAX_LENGTH = 512;
        private static final int MAX_PART = 256;

        /** As it is sent on: whole members up to 512 characters; empty when anything in it is none. */
        static String of(List<String> fields) {
            StringBuilder kept = new StringBuilder();
            int members = 0;
            for (String field : fields) {
                for (String item : field.split(",", -1)) {
                    String member = item.strip();
                    if (member.isEmpty()) {
                        continue;
                    }
                    members++;
                    if (members > MAX_MEMBERS || !isMember(member)) {
                        return "";
                    }
                    if (kept.length() + member.length() < MAX_LENGTH) {
                        kept.append(kept.isEmpty() ? "" : ",").append(member);
                    }
                }
            }
            String state = kept.toString();
            return KeyMask.masked(state).equals(state) ? state : "";
        }

        private static boolean isMember(String member) {
            int equals = member.indexOf('=');
            if (equals < 1 || equals > MAX_PART || member.length() - equals - 1 > MAX_PART) {
                return false;
            }
            for (int i = 0; i < member.length(); i++) {
                char c = member.charAt(i);
                boolean fits = i < equals ? isOfKey(c) : i == equals || c >= ' ' && c < 0x7f && c != '=';
                if (!fits) {
                    return false;
                }
            }
            return equals < member.length() - 1;
        }

        private static boolean isOfKey(char c) {
            return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || "_-*/@".indexOf(c) >= 0;
        }
    }
}
