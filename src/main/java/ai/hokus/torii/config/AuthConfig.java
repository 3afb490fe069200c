package ai.hokus.torii.config;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Whom to ask about a key, and how long the answer is remembered.
 *
 * @param source exactly one: the auth service or a key file
 * @param cache how long verdicts live
 */
public record AuthConfig(Source source, Cache cache) {

    /** Where verdicts come from. */
    public sealed interface Source {}

    /**
     * The platform's auth service.
     *
     * @param url http or https address of the service
     * @param path the path of its validation route, with a leading slash
     * @param form how the key is handed over
     * @param serviceId the service on whose behalf it is asked
     * @param serviceCredential the gateway's own bearer credential, present exactly for {@link Form#SERVICE}
     * @param timeout longest time for one look-up, connecting included
     * @param sendClientIp whether the caller's address is part of the question
     * @param connections largest number of connections of one event loop
     */
    public record Http(
            URI url,
            String path,
            Form form,
            String serviceId,
            Optional<Secret> serviceCredential,
            Duration timeout,
            boolean sendClientIp,
            int connections)
            implements Source {}

    /**
     * A file of key digests.
     *
     * @param path the YAML file
     * @param reloadInterval how often it is looked at for a change
     */
    public record KeyFile(Path path, Duration reloadInterval) implements Source {}

    /** How the question is put to the auth service; the three forms that its callers have believed in. */
    public enum Form {
        /** The key as bearer token, everything else in the JSON body. */
        HEADER,
        /** The key in the JSON body, no credential in the header. */
        BODY,
        /** The gateway's own credential as bearer token, the key in the JSON body. */
        SERVICE
    }

    /**
     * How long a verdict is believed.
     *
     * @param ttl life of an acceptance; zero: every request asks
     * @param refusedTtl life of a refusal; zero: every request asks
     * @param maxEntries largest number of verdicts held
     */
    public record Cache(Duration ttl, Duration refusedTtl, long maxEntries) {}
}
