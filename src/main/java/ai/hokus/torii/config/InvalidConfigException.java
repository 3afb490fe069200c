package ai.hokus.torii.config;

import java.util.List;

/** The configuration cannot be used; carries every problem found, not the first alone. */
public final class InvalidConfigException extends Exception {

    private static final long serialVersionUID = 1L;

    private final transient List<Problem> problems;

    /** For one or more problems. */
    public InvalidConfigException(List<Problem> problems) {
        super(render(problems));
        this.problems = List.copyOf(problems);
    }

    /** All that is wrong, in the order of the settings. */
    public List<Problem> problems() {
        return problems;
    }

    private static String render(List<Problem> problems) {
        int width = problems.stream().mapToInt(p -> p.setting().length()).max().orElse(0);
        StringBuilder text = new StringBuilder("cannot start: ")
                .append(problems.size())
                .append(problems.size() == 1 ? " problem" : " problems")
                .append(" in the configuration");
        for (Problem problem : problems) {
            text.append("\n  ")
                    .append(problem.setting())
                    .append(" ".repeat(width - problem.setting().length() + 3))
                    .append(problem.message());
        }
        return text.toString();
    }
}
