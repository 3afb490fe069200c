package ai.hokus.torii.support;

import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;

/** A request as a stub server saw it, whole. */
public record RecordedRequest(String method, String uri, MultiMap headers, Buffer body) {}
