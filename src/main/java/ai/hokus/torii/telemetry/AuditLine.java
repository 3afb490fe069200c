package ai.hokus.torii.telemetry;

/**
 * One entry of the audit log: who did or wanted what, and what came of it. What is null, or negative, is not known or was
 * not there.
 *
 * @param event what kind of entry it is
 * @param outcome done, refused, failed, or unknown where nobody can say whether MLflow has done it
 * @param operation the operation, or the order
 * @param target the key_id that an order is about
 */
record AuditLine(
        Event event,
        String outcome,
        String operation,
        String method,
        String path,
        String target,
        int status,
        String reason,
        String keyId,
        String user,
        String peer,
        String client,
        String request,
        String trace)
        implements LogLine {

    /** The kinds of entries. */
    enum Event {
        REFUSAL("refusal"),
        DELETION("deletion"),
        REGISTRY_CHANGE("registry_change"),
        ADMINISTRATION("administration"),
        ORDER("order");

        private final String text;

        Event(String text) {
            this.text = text;
        }
    }

    @Override
    public String message() {
        return event.text;
    }

    @Override
    public boolean isPrecious() {
        return event != Event.REFUSAL && !"refused".equals(outcome);
    }

    @Override
    public void writeTo(Fields to) {
        to.word("event", event.text)
                .word("outcome", outcome)
                .text("operation", operation)
                .text("method", method)
                .text("path", path)
                .text("target", target)
                .number("status", status)
                .word("reason", reason)
                .text("key_id", keyId)
                .text("user", user)
                .word("peer", peer)
                .word("client", client)
                .word("request", request)
                .word("trace", trace);
    }

    /** Its text. */
    @Override
    public String toString() {
        return TextFields.of(this);
    }
}
