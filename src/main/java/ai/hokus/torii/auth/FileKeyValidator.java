package ai.hokus.torii.auth;

import ai.hokus.torii.auth.KeyFile.InvalidKeyFileException;
import ai.hokus.torii.auth.KeyFile.Key;
import ai.hokus.torii.auth.Verdict.Accepted;
import ai.hokus.torii.auth.Verdict.Refusal;
import ai.hokus.torii.auth.Verdict.Rejected;
import ai.hokus.torii.config.AuthConfig;
import ai.hokus.torii.exchange.VerdictSource;
import ai.hokus.torii.identity.Principal;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows keys by a {@link KeyFile} and reads it anew when it changes; a file that cannot be read, is empty or is cut off
 * leaves the last good one in force. One instance serves all event loops.
 */
public final class FileKeyValidator implements KeyValidator {

    private static final Logger LOG = LoggerFactory.getLogger(FileKeyValidator.class);

    private final Vertx vertx;
    private final AuthConfig.KeyFile config;
    private final Clock clock;
    private final Runnable onChange;
    private final WatchedFile file;
    private volatile Map<String, Key> byDigest = Map.of();
    private String complaint = "";
    private long timer = -1;
    private volatile boolean stopped;

    /** Reads nothing yet; {@code onChange} runs after each new version of the file is in force. */
    public FileKeyValidator(Vertx vertx, AuthConfig.KeyFile config, Clock clock, Runnable onChange) {
        this.vertx = vertx;
        this.config = config;
        this.clock = clock;
        this.onChange = onChange;
        this.file = new WatchedFile(config.path(), clock, KeyFile::isWhole);
    }

    /** Reads the file for the first time; fails with an {@link InvalidKeyFileException} or the file's own error. */
    public Future<Void> start() {
        return vertx.executeBlocking(() -> KeyFile.parse(file.first()))
                .map(this::takeOver)
                .onSuccess(v -> lookLater());
    }

    /** Looks at the file no more. */
    public void stop() {
        stopped = true;
        vertx.cancelTimer(timer);
    }

    private void lookLater() {
        if (!stopped) {
            timer = vertx.setTimer(config.reloadInterval().toMillis(), id -> look());
        }
    }

    private void look() {
        // Reading blocks, and thousands of entries take longer to parse than an event loop may be held up.
        vertx.executeBlocking(() -> {
                    Optional<String> text = file.next();
                    return text.isPresent() ? Optional.of(KeyFile.parseNext(text.get())) : Optional.<KeyFile>empty();
                })
                .onSuccess(next -> {
                    complaint = "";
                    next.ifPresent(this::takeOver);
                })
                .onFailure(this::complain)
                .onComplete(result -> lookLater());
    }

    /** Once for each new trouble, not at every look. */
    private void complain(Throwable cause) {
        String next = String.valueOf(cause.getMessage());
        if (!next.equals(complaint)) {
            complaint = next;
            LOG.error("the key file is not taken over, the last good one stays: {}", next);
        }
    }

    private Void takeOver(KeyFile next) {
        Map<String, Key> keys = new HashMap<>();
        next.keys().forEach(key -> keys.put(key.sha256(), key));
        byDigest = Map.copyOf(keys);
        LOG.info("{} keys in force", keys.size());
        onChange.run();
        return null;
    }

    @Override
    public Future<Answer> validate(Inquiry inquiry) {
        return Future.succeededFuture(answer(inquiry));
    }

    @Override
    public boolean isKnown(Inquiry inquiry) {
        return answer(inquiry).verdict() instanceof Accepted;
    }

    private Answer answer(Inquiry inquiry) {
        String digest = KeyFile.digest(inquiry.key());
        Key key = byDigest.get(digest);
        boolean same = key != null
                && MessageDigest.isEqual(
                        key.sha256().getBytes(StandardCharsets.US_ASCII), digest.getBytes(StandardCharsets.US_ASCII));
        return same ? answer(key) : new Answer(new Rejected(Refusal.REFUSED), VerdictSource.CALL);
    }

    /** What would be said about the key of this name; empty when the file has none. Safe on any thread. */
    public Optional<Answer> known(String keyId) {
        return byDigest.values().stream()
                .filter(key -> key.keyId().equals(keyId))
                .findFirst()
                .map(this::answer);
    }

    private Answer answer(Key key) {
        Instant now = clock.instant();
        boolean good =
                key.revokedAt().isEmpty() && key.expiresAt().map(now::isBefore).orElse(true);
        return new Answer(good ? new Accepted(principal(key)) : new Rejected(Refusal.REFUSED), VerdictSource.CALL);
    }

    private static Principal principal(Key key) {
        return new Principal(key.keyId(), key.userId(), key.scopes(), Set.of(), key.requestsPerHour(), key.expiresAt());
    }
}
