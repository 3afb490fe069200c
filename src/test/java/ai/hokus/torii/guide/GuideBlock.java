package ai.hokus.torii.guide;

import java.nio.file.Path;

/**
 * A fenced block of an operator's page, with what its info string says is done with it.
 *
 * @param page where it stands
 * @param line the line of its fence, from 1
 * @param language the first word of the info string, such as {@code sh}; {@code hidden} in a comment
 * @param mark what is done with it
 * @param argument what stands behind the mark: an exit code, a file, a reason; empty for none
 * @param program a program that must be installed to run it; empty for none
 * @param text its lines
 */
record GuideBlock(Path page, int line, String language, Mark mark, String argument, String program, String text) {

    /** What is done with a block. */
    enum Mark {
        /** Its commands are run. */
        RUN,
        /** Its lines were printed by the block before, in this order; {@code …} stands for anything. */
        PRINTS,
        /** It is written to the file that is named. */
        FILE,
        /** Its commands are left out, because they need what the test does not have. */
        NEEDS,
        /** It holds no commands and is only looked at. */
        SHOWS,
        /** It says nothing of the kind. */
        UNMARKED
    }

    /** Page and line, for a person who looks for it. */
    String place() {
        return page + ":" + line;
    }

    /** Its first command, as a table names it. */
    String firstCommand() {
        return text.lines()
                .map(String::strip)
                .filter(command -> !command.isEmpty() && !command.startsWith("#"))
                .findFirst()
                .orElse("");
    }
}
