package ai.hokus.torii.wire;

import io.netty.util.internal.PlatformDependent;

/** The memory outside the heap that buffers of connections are made of; what Netty counts itself. From any thread. */
public final class DirectMemory {

    private DirectMemory() {}

    /** Bytes that are reserved now, in use or kept for the next buffers. */
    public static long reservedBytes() {
        return Math.max(0, PlatformDependent.usedDirectMemory());
    }

    /** How many there may be, {@code -XX:MaxDirectMemorySize} or Netty's own limit. */
    public static long capacityBytes() {
        return PlatformDependent.maxDirectMemory();
    }
}
