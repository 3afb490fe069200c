package ai.hokus.torii.exchange;

/** Whose side a failure is on. */
public enum Blame {
    /** The one who asked. */
    CALLER("caller"),
    /** Torii itself or its settings. */
    GATEWAY("gateway"),
    /** The service that knows the keys. */
    AUTH_SERVICE("auth service"),
    /** MLflow. */
    UPSTREAM("MLflow");

    private final String text;

    Blame(String text) {
        this.text = text;
    }

    /** As it stands in error bodies, logs and documents. */
    public String text() {
        return text;
    }
}
