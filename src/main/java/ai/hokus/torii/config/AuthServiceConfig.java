package ai.hokus.torii.config;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The auth service as the source of verdicts.
 *
 * @param url its http or https address
 * @param tls whom to believe, and what to show, at an https address
 * @param question how it is asked
 * @param answer where in its answer the facts stand
 * @param canaryKey a key that must be accepted whenever all is well; empty: none
 * @param timeout longest time for one look-up, connecting included
 * @param keepAlive how long an idle connection is kept
 * @param connections largest number of connections of one event loop
 */
public record AuthServiceConfig(
        URI url,
        PeerTls tls,
        Question question,
        AnswerPaths answer,
        Optional<Secret> canaryKey,
        Duration timeout,
        Duration keepAlive,
        int connections)
        implements AuthConfig.Source {

    /** How the key is handed over; three forms that callers of the platform's service have believed in. */
    public enum Form {
        /** The key in a header field, everything else in the JSON body. */
        HEADER,
        /** The key in the JSON body, no credential in the header. */
        BODY,
        /** The gateway's own credential as bearer token, the key in the JSON body. */
        SERVICE,
        /** Whichever of the three the service is found to understand. */
        AUTO
    }

    /** The request method; {@code GET} has no body and so takes the key in a header field only. */
    public enum Method {
        POST,
        PUT,
        GET
    }

    /**
     * How it is asked.
     *
     * @param method the request method
     * @param path the path of its validation route, with a leading slash
     * @param form how the key is handed over
     * @param serviceId the service on whose behalf it is asked
     * @param serviceCredential the gateway's own bearer credential, for {@link Form#SERVICE}
     * @param keyHeader the header field of {@link Form#HEADER}
     * @param keyScheme what stands before the key in it; empty: nothing
     * @param sendClientIp whether the caller's address is part of the question
     * @param fields the names of the JSON body's fields
     */
    public record Question(
            Method method,
            String path,
            Form form,
            String serviceId,
            Optional<Secret> serviceCredential,
            String keyHeader,
            String keyScheme,
            boolean sendClientIp,
            Fields fields) {}

    /**
     * The names of the JSON body's fields.
     *
     * @param apiKey holds the key in the forms body and service
     * @param serviceId holds the service id
     * @param clientIp holds the caller's address
     */
    public record Fields(String apiKey, String serviceId, String clientIp) {}

    /**
     * Where in the JSON answer a fact stands: dotted paths, the first that is there counts.
     *
     * @param valid a boolean, without which the answer is no verdict
     * @param keyId the key's public name
     * @param userId its owner
     * @param scopes a list of texts
     * @param roles a list of texts
     * @param isAdmin a boolean
     * @param rateLimit requests an hour, a number
     * @param expiresAt the key's end: a time in ISO 8601 (without zone: UTC), or seconds since 1970
     */
    public record AnswerPaths(
            List<String> valid,
            List<String> keyId,
            List<String> userId,
            List<String> scopes,
            List<String> roles,
            List<String> isAdmin,
            List<String> rateLimit,
            List<String> expiresAt) {}
}
