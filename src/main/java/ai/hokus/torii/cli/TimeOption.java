package ai.hokus.torii.cli;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Reads the times that options name: a number with its unit ({@code s}, {@code m}, {@code h}, {@code d}), a day, which
 * starts in UTC, or an instant. What is none of these is a wrong argument; the message names option, value and remedy.
 *
 * @param command whose option it is
 * @param name the option
 */
record TimeOption(CommandSpec command, String name) {

    private static final Pattern SPAN = Pattern.compile("(\\d{1,9})([smhd])");
    private static final Map<String, Duration> UNITS = Map.of(
            "s", Duration.ofSeconds(1), "m", Duration.ofMinutes(1), "h", Duration.ofHours(1), "d", Duration.ofDays(1));
    /** Later ones have five digits for the year, which other readers of the file need not take. */
    private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59Z");

    /** The instant named, which must lie behind {@code now}. */
    Instant end(String text, Instant now) {
        Instant end = span(text)
                .map(now::plus)
                .or(() -> instant(text))
                .orElseThrow(
                        () -> wrong(text, "is no time; write it like 30d, 12h, 2027-01-31 or 2027-01-31T00:00:00Z"));
        if (!end.isAfter(now)) {
            throw wrong(text, "is past; name a time to come, like 30d, 12h, 2027-01-31 or 2027-01-31T00:00:00Z");
        }
        if (end.isAfter(LATEST)) {
            throw wrong(text, "is after the year 9999; leave the option out for a key that never ends");
        }
        return end;
    }

    /** The length of time named; zero is one. */
    Duration length(String text) {
        return span(text)
                .orElseThrow(
                        () -> wrong(text, "is no length of time; write a number with its unit, like 24h, 7d or 0s"));
    }

    private CommandLine.ParameterException wrong(String text, String what) {
        return new CommandLine.ParameterException(command.commandLine(), name + " '" + text + "' " + what);
    }

    private static Optional<Duration> span(String text) {
        Matcher matcher = SPAN.matcher(text);
        return matcher.matches()
                ? Optional.of(UNITS.get(matcher.group(2)).multipliedBy(Long.parseLong(matcher.group(1))))
                : Optional.empty();
    }

    private static Optional<Instant> instant(String text) {
        try {
            return Optional.of(
                    text.length() == "2027-01-31".length()
                            ? LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant()
                            : OffsetDateTime.parse(text).toInstant());
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }
}
