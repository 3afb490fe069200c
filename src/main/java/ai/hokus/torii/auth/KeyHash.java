package ai.hokus.torii.auth;

/** 256 bits by which a verdict is found; what they were made of cannot be told from them. */
record KeyHash(long first, long second, long third, long fourth) {

    @Override
    public int hashCode() {
        // Any bits of a keyed hash are as good as any others.
        return Long.hashCode(first);
    }

    /** Not even these: who knows the process' secret could try keys against them. */
    @Override
    public String toString() {
        return "KeyHash";
    }
}
