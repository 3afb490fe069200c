package ai.hokus.torii.auth;

import ai.hokus.torii.config.AuthServiceConfig.Form;
import ai.hokus.torii.config.AuthServiceConfig.Method;
import ai.hokus.torii.config.AuthServiceConfig.Question;
import ai.hokus.torii.identity.ApiKey;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.json.JsonObject;

/** The question about one key as the auth service is asked it, in one form. */
record AuthQuestion(MultiMap headers, Buffer content) {

    private static final String BEARER = "Bearer ";

    /** In this form, which is not {@code AUTO}. */
    static AuthQuestion of(Question config, Form form, Inquiry inquiry) {
        ApiKey key = inquiry.key();
        MultiMap headers = HttpHeaders.headers().set(HttpHeaders.USER_AGENT, "torii");
        inquiry.trace().ifPresent(trace -> trace.writeTo(headers));
        JsonObject json = new JsonObject().put(config.fields().serviceId(), config.serviceId());
        if (config.sendClientIp()) {
            json.put(config.fields().clientIp(), inquiry.clientIp());
        }
        if (form == Form.HEADER) {
            String scheme = config.keyScheme();
            headers.set(config.keyHeader(), scheme.isEmpty() ? key.reveal() : scheme + " " + key.reveal());
        } else {
            json.put(config.fields().apiKey(), key.reveal());
        }
        if (form == Form.SERVICE) {
            headers.set(
                    HttpHeaders.AUTHORIZATION,
                    BEARER + config.serviceCredential().orElseThrow().reveal());
        }
        return new AuthQuestion(headers, config.method() == Method.GET ? null : json.toBuffer());
    }

    /** Not the question: it holds the key. */
    @Override
    public String toString() {
        return "AuthQuestion";
    }
}
