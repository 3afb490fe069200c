package ai.hokus.torii.config;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What {@code conf/torii.yaml} says about each setting and section: the comment above it and its default. A comment also holds for
 * the lines that follow it without one of their own; a line {@code # name: value} is a setting without a default.
 */
final class SettingNotes {

    /**
     * About one setting or section.
     *
     * @param explanation the comment, in one line
     * @param value the default, or an example of what may be set
     * @param isDefault whether {@code value} is the default
     */
    record Note(String explanation, String value, boolean isDefault) {}

    private record Level(int indent, String path) {}

    private static final Pattern LINE = Pattern.compile("( *)(# )?([a-z][a-z0-9-]*):(?: +(.*))?");
    private static final Pattern COMMENT = Pattern.compile(" *# ?(.*)");
    private static final Pattern ENVIRONMENT = Pattern.compile(" ?Environment: [A-Z_, ]+\\.");
    private static final Pattern AN_ENVIRONMENT = Pattern.compile(" ?\\([A-Z]+(?:_[A-Z]+)+\\)");

    private final Map<String, Note> notes = new LinkedHashMap<>();
    private final Deque<Level> levels = new ArrayDeque<>();
    private final StringBuilder comment = new StringBuilder();
    private boolean inComment;

    private SettingNotes() {}

    /** Reads the text of such a file. */
    static Map<String, Note> read(List<String> lines) {
        SettingNotes reader = new SettingNotes();
        lines.forEach(reader::line);
        return reader.notes;
    }

    private void line(String line) {
        Matcher named = LINE.matcher(line);
        if (named.matches()) {
            boolean isCommentedOut = named.group(2) != null;
            String path = path(named.group(1).length(), named.group(3));
            if (!isCommentedOut && named.group(4) == null) {
                levels.push(new Level(named.group(1).length(), path));
                notes.put(path, new Note(explanation(), "", false));
                inComment = false;
                return;
            }
            if (Settings.isKnown(path)) {
                notes.put(path, new Note(explanation(), plain(named.group(4)), !isCommentedOut));
                inComment = false;
                return;
            }
        }
        Matcher words = COMMENT.matcher(line);
        if (words.matches()) {
            if (!inComment) {
                comment.setLength(0);
            }
            inComment = true;
            comment.append(comment.length() == 0 ? "" : " ").append(words.group(1));
        } else {
            comment.setLength(0);
            inComment = false;
        }
    }

    private String path(int indent, String name) {
        while (!levels.isEmpty() && levels.peek().indent() >= indent) {
            levels.pop();
        }
        return levels.isEmpty() ? name : levels.peek().path() + "." + name;
    }

    /** Names of environment variables have a column of their own. */
    private String explanation() {
        String text = ENVIRONMENT.matcher(comment).replaceAll("");
        return AN_ENVIRONMENT.matcher(text).replaceAll("").trim();
    }

    private static String plain(String value) {
        boolean quoted = value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
        return quoted ? value.substring(1, value.length() - 1) : value;
    }
}
