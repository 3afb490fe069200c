package ai.hokus.torii.exchange;

/** Whose side a failure is on. */
public enum Blame {
    /** The one who asked. */
    CALLER("caller", "caller"),
    /** Torii itself or its settings. */
    GATEWAY("gateway", "gateway"),
    /** The service that knows the keys. */
    AUTH_SERVICE("auth service", "auth_service"),
    /** MLflow. */
    UPSTREAM("MLflow", "mlflow");

    private final String text;
    private final String code;

    Blame(String text, String code) {
        this.text = text;
        this.code = code;
    }

    /** As it stands in metrics. */
    public String code() {
        return code;
    }

    /** As it stands in error bodies, logs and documents. */
    public String text() {
        return text;
    }
}
