package ai.hokus.torii.exchange;

import java.util.List;
import java.util.stream.Stream;

/**
 * How the check of a key went.
 *
 * @param outcome accepted, or a reason's code
 * @param source who said so
 * @param nanos how long it took
 */
public record KeyCheck(String outcome, VerdictSource source, long nanos) {

    /** The key is good. */
    public static final String ACCEPTED = "accepted";

    /** What is said about a key, other than that it is good. */
    public static final List<Reason> REFUSALS = List.of(Reason.KEY_REFUSED, Reason.KEY_NOT_ALLOWED);

    /** Why nobody could tell. */
    public static final List<Reason> FAILURES = List.of(
            Reason.AUTH_CONTRACT,
            Reason.AUTH_UNAVAILABLE,
            Reason.AUTH_TIMEOUT,
            Reason.AUTH_ANSWER_UNREADABLE,
            Reason.AUTH_RATE_LIMITED,
            Reason.AUTH_BUDGET);

    /** Everything that a check comes to as a rule, so that numbers can begin at 0. */
    public static List<String> outcomes() {
        return Stream.concat(
                        Stream.of(ACCEPTED),
                        Stream.concat(REFUSALS.stream(), FAILURES.stream()).map(Reason::code))
                .toList();
    }
}
