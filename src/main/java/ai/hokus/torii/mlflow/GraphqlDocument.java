package ai.hokus.torii.mlflow;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * Whether a GraphQL request certainly changes nothing: its document holds no mutation but those that only search.
 *
 * <p>MLflow 3.17 puts two searches under {@code Mutation}; a test asks the real server for its mutations. What is not
 * understood here, or could be understood differently by MLflow, counts as changing something: an encoding other than
 * UTF-8, a body that is no JSON object, a fragment at the root of a mutation.
 */
public final class GraphqlDocument {

    private static final Set<String> SEARCHES = Set.of("mlflowSearchRuns", "mlflowSearchDatasets");
    private static final String TRIPLE = "\"\"\"";

    private final String text;
    private int at;

    private GraphqlDocument(String text) {
        this.text = text;
    }

    /** Reads the body of a request to {@code /graphql}; an empty one does nothing. */
    public static boolean onlyReads(Buffer body) {
        if (body.length() == 0) {
            return true;
        }
        try {
            String json = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(body.getBytes()))
                    .toString();
            return new JsonObject(json).getValue("query") instanceof String query
                    && new GraphqlDocument(query).onlyReads();
        } catch (CharacterCodingException | DecodeException | ClassCastException e) {
            return false;
        }
    }

    /**
     * Goes over the definitions (GraphQL, October 2021, §2.2). A keyword counts only where a definition begins: an
     * operation may itself be called "query".
     */
    private boolean onlyReads() {
        for (String token = next(); !token.isEmpty(); token = next()) {
            boolean harmless = switch (token) {
                case "{" -> skipTo("}");
                case "query", "fragment" -> skipHead() && skipTo("}");
                case "mutation" -> skipHead() && hasOnlySearches();
                default -> false;
            };
            if (!harmless) {
                return false;
            }
        }
        return true;
    }

    /** Skips name, variables and directives of a definition and the brace behind them; false when there is none. */
    private boolean skipHead() {
        String token = next();
        while (!token.equals("{")) {
            boolean closed = switch (token) {
                case "(" -> skipTo(")");
                case "", "}", ")" -> false;
                default -> true;
            };
            if (!closed) {
                return false;
            }
            token = next();
        }
        return true;
    }

    /** Behind the opening brace of a mutation: only fields, each a search, an alias before it or not. */
    private boolean hasOnlySearches() {
        String token = next();
        while (!token.equals("}")) {
            String field = token;
            token = next();
            if (token.equals(":")) {
                field = next();
                token = next();
            }
            if (!SEARCHES.contains(field)) {
                return false;
            }
            while (token.equals("(") || token.equals("{") || token.equals("@")) {
                if (token.equals("@")) {
                    next();
                } else if (!skipTo(token.equals("(") ? ")" : "}")) {
                    return false;
                }
                token = next();
            }
        }
        return true;
    }

    /** Skips to the closing bracket that belongs to the one just read; false when it is missing or crossed. */
    private boolean skipTo(String closing) {
        StringBuilder open = new StringBuilder(closing);
        while (!open.isEmpty()) {
            String token = next();
            switch (token) {
                case "" -> {
                    return false;
                }
                case "{" -> open.append('}');
                case "(" -> open.append(')');
                case "[" -> open.append(']');
                case "}", ")", "]" -> {
                    if (open.charAt(open.length() - 1) != token.charAt(0)) {
                        return false;
                    }
                    open.setLength(open.length() - 1);
                }
                default -> {
                    // Whatever else stands in brackets.
                }
            }
        }
        return true;
    }

    /** The next token: a name or one character; strings and comments are left out; empty at the end. */
    private String next() {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '#') {
                skipComment();
            } else if (c == '"') {
                skipString();
            } else if (Character.isWhitespace(c) || c == ',' || c == '\ufeff') {
                at++;
            } else if (isNamePart(c)) {
                int start = at;
                while (at < text.length() && isNamePart(text.charAt(at))) {
                    at++;
                }
                return text.substring(start, at);
            } else {
                at++;
                return String.valueOf(c);
            }
        }
        return "";
    }

    private void skipComment() {
        while (at < text.length() && text.charAt(at) != '\n' && text.charAt(at) != '\r') {
            at++;
        }
    }

    private void skipString() {
        boolean block = text.startsWith(TRIPLE, at);
        int quotes = block ? TRIPLE.length() : 1;
        at += quotes;
        while (at < text.length() && !text.startsWith(block ? TRIPLE : "\"", at)) {
            boolean escaped = block ? text.startsWith("\\" + TRIPLE, at) : text.charAt(at) == '\\';
            at += escaped ? block ? 1 + TRIPLE.length() : 2 : 1;
        }
        at = Math.min(text.length(), at + quotes);
    }

    private static boolean isNamePart(char c) {
        return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
    }
}
