package ai.hokus.torii.telemetry;

import ai.hokus.torii.config.LogConfig.Format;
import ai.hokus.torii.identity.KeyMask;
import ch.qos.logback.classic.pattern.Abbreviator;
import ch.qos.logback.classic.pattern.TargetLengthBasedClassNameAbbreviator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.encoder.EncoderBase;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * Writes one event as one line in UTF-8, an exception with it: as text, or as a JSON object. Keys are masked in whatever
 * anybody logs. Safe for all threads.
 *
 * <p>Follows {@code log.format} unless the file that configures logback names a {@code <format>}.
 */
public final class LineEncoder extends EncoderBase<ILoggingEvent> {

    private static final int LINE_CHARS = 768;
    private static final int MAX_MESSAGE = 16 * 1024;
    private static final int MAX_EXCEPTION = 32 * 1024;
    private static final int LOGGER_CHARS = 20;
    private static final Pattern LINE_END = Pattern.compile("[\\r\\n]+\\t*");
    private static final byte[] NOTHING = {};

    private final Abbreviator abbreviator = new TargetLengthBasedClassNameAbbreviator(LOGGER_CHARS);
    private final Map<String, String> shortNames = new ConcurrentHashMap<>();
    private volatile Format format = Format.TEXT;
    private volatile Second second = new Second(Long.MIN_VALUE, "");
    private boolean isFixed;

    /** A time down to its second, which many lines have in common. */
    private record Second(long number, String text) {}

    /** Writes so and no other way: {@code text} or {@code json}. */
    public void setFormat(String name) {
        format = Format.valueOf(name.toUpperCase(Locale.ROOT));
        isFixed = true;
    }

    /** Writes so from now on, unless its own configuration says how. */
    void follow(Format wanted) {
        if (!isFixed) {
            format = wanted;
        }
    }

    @Override
    public byte[] headerBytes() {
        return NOTHING;
    }

    @Override
    public byte[] footerBytes() {
        return NOTHING;
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
        StringBuilder out = new StringBuilder(LINE_CHARS);
        if (format == Format.JSON) {
            json(out, event);
        } else {
            text(out, event);
        }
        return out.append('\n').toString().getBytes(StandardCharsets.UTF_8);
    }

    /** The line that an event is about; null: it is a message. */
    static LogLine line(ILoggingEvent event) {
        Object[] arguments = event.getArgumentArray();
        return arguments != null && arguments.length == 1 && arguments[0] instanceof LogLine line ? line : null;
    }

    private void text(StringBuilder out, ILoggingEvent event) {
        time(out, event.getTimeStamp());
        String level = event.getLevel().toString();
        out.append(' ').append(level).append(level.length() < 5 ? "  " : " ");
        String name = event.getLoggerName();
        out.append(shortNames.computeIfAbsent(name, abbreviator::abbreviate)).append(' ');
        LogLine line = line(event);
        if (line == null) {
            SafeText.message(out, message(event));
        } else {
            line.writeTo(new TextFields(out));
        }
        if (event.getThrowableProxy() != null) {
            out.append(" | ");
            SafeText.message(
                    out, LINE_END.matcher(exception(event.getThrowableProxy())).replaceAll(" | "));
        }
    }

    private void json(StringBuilder out, ILoggingEvent event) {
        out.append("{\"timestamp\":\"");
        time(out, event.getTimeStamp());
        out.append("\",\"level\":\"").append(event.getLevel()).append("\",\"logger\":");
        SafeText.json(out, event.getLoggerName());
        out.append(",\"message\":");
        LogLine line = line(event);
        if (line == null) {
            SafeText.json(out, message(event));
        } else {
            out.append('"').append(line.message()).append('"');
            line.writeTo(new JsonFields(out));
        }
        if (event.getThrowableProxy() != null) {
            out.append(",\"exception\":");
            SafeText.json(out, exception(event.getThrowableProxy()));
        }
        out.append('}');
    }

    private static String message(ILoggingEvent event) {
        String message = event.getFormattedMessage();
        return message == null ? "null" : KeyMask.masked(cut(message, MAX_MESSAGE));
    }

    private static String exception(IThrowableProxy exception) {
        return KeyMask.masked(
                cut(ThrowableProxyUtil.asString(exception), MAX_EXCEPTION).stripTrailing());
    }

    private static String cut(String text, int length) {
        return text.length() <= length ? text : text.substring(0, length) + '…';
    }

    private void time(StringBuilder out, long millis) {
        long number = Math.floorDiv(millis, 1000L);
        Second current = second;
        if (current.number() != number) {
            String whole = Instant.ofEpochSecond(number).toString();
            current = new Second(number, whole.substring(0, whole.length() - 1));
            second = current;
        }
        int rest = (int) Math.floorMod(millis, 1000L);
        out.append(current.text())
                .append('.')
                .append((char) ('0' + rest / 100))
                .append((char) ('0' + rest / 10 % 10))
                .append((char) ('0' + rest % 10))
                .append('Z');
    }
}
