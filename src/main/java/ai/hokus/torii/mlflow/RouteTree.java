package ai.hokus.torii.mlflow;

import ai.hokus.torii.exchange.Operation;
import java.util.ArrayList;
import java.util.List;

/**
 * The path templates of one method, compiled to a tree of segments. In a segment {@code <name>} stands for one that is
 * not empty, {@code <name>:word} for one that ends in {@code :word}, and {@code <path:name>} for one or more.
 *
 * <p>A literal is tried before {@code <name>}, and that before {@code <path:name>}; where a first choice leads nowhere the
 * next is tried, as Werkzeug and Starlette do. Built once, then read by all event loops. A look-up allocates nothing.
 */
final class RouteTree {

    /** How far a {@code <path:name>} with more behind it may reach: bounds what a hostile path can cost. */
    private static final int MAX_REACH = 16;

    private static final String PATH = "<path:";

    private final Node root = new Node("");

    /** One segment, and what may follow it. */
    private static final class Node {

        private final String text;
        private final List<Node> suffixes = new ArrayList<>();
        private Node[] literals = new Node[4];
        private int literalCount;
        private Node parameter;
        private Node path;
        private Operation operation;

        private Node(String text) {
            this.text = text;
        }

        private boolean isLeaf() {
            return literalCount == 0 && suffixes.isEmpty() && parameter == null && path == null;
        }

        private Node literal(String target, int from, int end) {
            int mask = literals.length - 1;
            for (int slot = hash(target, from, end) & mask; literals[slot] != null; slot = slot + 1 & mask) {
                String name = literals[slot].text;
                if (name.length() == end - from && target.startsWith(name, from)) {
                    return literals[slot];
                }
            }
            return null;
        }

        private Node addLiteral(String name) {
            Node known = literal(name, 0, name.length());
            if (known != null) {
                return known;
            }
            if (++literalCount * 2 > literals.length) {
                Node[] old = literals;
                literals = new Node[old.length * 2];
                for (Node node : old) {
                    place(node);
                }
            }
            Node added = new Node(name);
            place(added);
            return added;
        }

        private void place(Node node) {
            if (node != null) {
                int mask = literals.length - 1;
                int slot = hash(node.text, 0, node.text.length()) & mask;
                while (literals[slot] != null) {
                    slot = slot + 1 & mask;
                }
                literals[slot] = node;
            }
        }

        private static int hash(String text, int from, int end) {
            int hash = 0;
            for (int i = from; i < end; i++) {
                hash = 31 * hash + text.charAt(i);
            }
            return hash ^ hash >>> 16;
        }

        private Node child(String segment) {
            int end = segment.startsWith("<") ? segment.indexOf('>') : -1;
            if (end < 0) {
                return addLiteral(segment);
            }
            if (segment.startsWith(PATH)) {
                path = path == null ? new Node(segment) : path;
                return path;
            }
            if (end == segment.length() - 1) {
                parameter = parameter == null ? new Node(segment) : parameter;
                return parameter;
            }
            String suffix = segment.substring(end + 1);
            return suffixes.stream()
                    .filter(node -> node.text.equals(suffix))
                    .findFirst()
                    .orElseGet(() -> {
                        Node added = new Node(suffix);
                        suffixes.add(added);
                        return added;
                    });
        }
    }

    /**
     * Adds a template.
     *
     * @throws IllegalArgumentException when one of its shape is there already
     */
    void add(String template, Operation operation) {
        Node node = root;
        for (String segment : template.substring(1).split("/", -1)) {
            node = node.child(segment);
        }
        if (node.operation != null) {
            throw new IllegalArgumentException("two routes of one shape: " + node.operation.row() + ", " + template);
        }
        node.operation = operation;
    }

    /** The operation of the one template that takes this path; null when none does. */
    Operation find(String path) {
        return find(root, path, 1);
    }

    private static Operation find(Node node, String path, int from) {
        if (from > path.length()) {
            return node.operation;
        }
        int end = end(path, from);
        Node literal = node.literal(path, from, end);
        Operation found = literal == null ? null : find(literal, path, end + 1);
        if (found != null || end == from) {
            return found;
        }
        for (int i = 0; found == null && i < node.suffixes.size(); i++) {
            Node suffix = node.suffixes.get(i);
            int start = end - suffix.text.length();
            found = start > from && path.startsWith(suffix.text, start) ? find(suffix, path, end + 1) : null;
        }
        if (found == null && node.parameter != null) {
            found = find(node.parameter, path, end + 1);
        }
        return found == null && node.path != null ? findBehind(node.path, path, end) : found;
    }

    private static Operation findBehind(Node node, String path, int firstEnd) {
        Operation found = null;
        int end = firstEnd;
        for (int i = 0; found == null && !node.isLeaf() && i < MAX_REACH && end < path.length(); i++) {
            found = find(node, path, end + 1);
            end = end(path, end + 1);
        }
        return found == null ? node.operation : found;
    }

    /** Whether there is a path that both templates take; what has a suffix counts as taking any segment. */
    static boolean overlap(String one, String other) {
        return overlap(one.substring(1).split("/", -1), 0, other.substring(1).split("/", -1), 0);
    }

    private static boolean overlap(String[] one, int i, String[] other, int j) {
        if (i == one.length || j == other.length) {
            return i == one.length && j == other.length;
        }
        boolean open = one[i].startsWith("<") || other[j].startsWith("<");
        if (!open && !one[i].equals(other[j])) {
            return false;
        }
        return overlap(one, i + 1, other, j + 1)
                || one[i].startsWith(PATH) && overlap(one, i, other, j + 1)
                || other[j].startsWith(PATH) && overlap(one, i + 1, other, j);
    }

    private static int end(String path, int from) {
        int slash = path.indexOf('/', from);
        return slash < 0 ? path.length() : slash;
    }
}
