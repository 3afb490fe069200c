package ai.hokus.torii.auth;

import ai.hokus.torii.auth.VerdictMemory.Ask;
import ai.hokus.torii.auth.VerdictMemory.Entry;
import ai.hokus.torii.exchange.GatewayFailure;
import ai.hokus.torii.exchange.Reason;
import ai.hokus.torii.exchange.VerdictSource;
import io.vertx.core.Future;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Remembers the verdicts of another validator, asks once for many, and lets an old acceptance serve while nobody can
 * tell.
 *
 * <ol>
 *   <li>Only a {@link Verdict} is remembered; a failed look-up never is.
 *   <li>No key is held: a verdict is found by a keyed hash of the whole key, and of the caller's address where the
 *       auth source is told it.
 *   <li>An acceptance is believed for the configured time from the asking on, but never beyond the key's own expiry.
 *       What the auth source says about a key that is past it is told, for it knows best, and forgotten.
 *   <li>A refusal is believed for its own, shorter time, and replaces an acceptance at once.
 *   <li>A zero time means that every request asks.
 *   <li>Of requests that need the same verdict at the same time one asks; each gets its answer, a failure too.
 *   <li>An acceptance in use is renewed in the last quarter of its time, and nobody waits for that.
 *   <li>While the auth source cannot answer, an acceptance serves on within its grace, which is one for reads and one
 *       for everything else; a refusal never does.
 *   <li>Nobody is given an old acceptance before asking failed, for itself, a moment ago.
 *   <li>What was asked for before a revocation or a purge is not told to anybody after it, also when it was on its way.
 *   <li>A bad key never pushes out a good one.
 *   <li>A 429 of the auth source on a renewal is an outage; on a first look-up it is the caller's answer.
 *   <li>A key that was accepted lately is a known key to the gate, from any address and after any purge.
 * </ol>
 *
 * <p>One instance an event loop, used there alone; what they share is in {@link Shared}.
 */
public final class CachingKeyValidator implements KeyValidator {

    private final KeyValidator delegate;
    private final Shared shared;
    private final KeyHasher hasher;

    /** What the validators of all event loops of a process have in common; safe for concurrent use. */
    public static final class Shared {

        private final VerdictMemory memory;
        private final LookUpGate gate;
        private final KeyHasher hasher;
        private final Consumer<String> outcomes;
        private final Map<KeyHash, Flight> flights = new ConcurrentHashMap<>();

        /**
         * Nothing is under way; {@code outcomes} hears of every look-up how it ended: a verdict's outcome or a failure's
         * code, also when the gate turned it away.
         */
        public Shared(VerdictMemory memory, LookUpGate gate, KeyHasher hasher, Consumer<String> outcomes) {
            this.memory = memory;
            this.gate = gate;
            this.hasher = hasher;
            this.outcomes = outcomes;
        }

        /** How many look-ups are under way. */
        public int underWay() {
            return flights.size();
        }
    }

    /** Stands before the delegate, on the event loop of both. */
    public CachingKeyValidator(KeyValidator delegate, Shared shared) {
        this.delegate = delegate;
        this.shared = shared;
        this.hasher = shared.hasher.sibling();
    }

    @Override
    public Future<Answer> validate(Inquiry inquiry) {
        return answer(hasher.hash(inquiry), inquiry);
    }

    @Override
    public boolean isKnown(Inquiry inquiry) {
        return shared.memory.isVouchedFor(hasher.hashWithoutAddress(inquiry));
    }

    private Future<Answer> answer(KeyHash hash, Inquiry inquiry) {
        VerdictMemory memory = shared.memory;
        Entry known = memory.find(hash);
        if (known != null && memory.isFresh(known)) {
            if (memory.isDueForRenewal(known)) {
                renew(hash, inquiry, known);
            }
            return Future.succeededFuture(new Answer(known.verdict(), VerdictSource.CACHE));
        }
        if (known != null && memory.hasJustFailed(known) && memory.maySpeakForAnOutage(known, inquiry.isRead())) {
            if (memory.isDueForRenewal(known)) {
                renew(hash, inquiry, known);
            }
            return Future.succeededFuture(new Answer(known.verdict(), VerdictSource.STALE));
        }
        return ask(hash, inquiry, known).recover(cause -> insteadOf(cause, hash, inquiry));
    }

    /** An old acceptance where nobody could tell, or the failure. */
    private Future<Answer> insteadOf(Throwable failure, KeyHash hash, Inquiry inquiry) {
        Entry known = shared.memory.find(hash);
        boolean speaks = known != null
                && cannotTell(GatewayFailure.from(failure))
                && shared.memory.maySpeakForAnOutage(known, inquiry.isRead());
        return speaks
                ? Future.succeededFuture(new Answer(known.verdict(), VerdictSource.STALE))
                : Future.failedFuture(failure);
    }

    /** Of a key that was accepted before, a 429 tells nothing either. */
    private static boolean cannotTell(GatewayFailure failure) {
        return LookUpGate.isOutage(failure) || failure.reason() == Reason.AUTH_RATE_LIMITED;
    }

    private Future<Answer> ask(KeyHash hash, Inquiry inquiry, Entry known) {
        Flight own = new Flight();
        Flight flight = shared.flights.putIfAbsent(hash, own);
        if (flight == null) {
            Future<Verdict> landing = own.join().orElseThrow();
            depart(own, hash, inquiry, known);
            return landing.map(verdict -> new Answer(verdict, VerdictSource.CALL));
        }
        Optional<Future<Verdict>> landing = flight.join();
        return landing.isPresent()
                ? landing.get().map(verdict -> new Answer(verdict, VerdictSource.SHARED))
                : answer(hash, inquiry);
    }

    private void renew(KeyHash hash, Inquiry inquiry, Entry known) {
        Flight own = new Flight();
        if (shared.flights.putIfAbsent(hash, own) == null) {
            depart(own, hash, inquiry, known);
        }
    }

    private void depart(Flight flight, KeyHash hash, Inquiry inquiry, Entry known) {
        Entry now = shared.memory.find(hash);
        if (now != null && now != known && shared.memory.isFresh(now)) {
            // Another flight landed between the look into the memory and this one's entry in the list.
            land(flight, hash, Future.succeededFuture(now.verdict()));
            return;
        }
        Ask ask = shared.memory.ask();
        KeyHash keyAlone = hasher.hashWithoutAddress(inquiry);
        boolean isKnown = shared.memory.isVouchedFor(keyAlone);
        LookUpGate.Pass pass;
        Future<Answer> answer;
        try {
            pass = shared.gate.enter(isKnown);
        } catch (GatewayFailure turnedAway) {
            failed(flight, hash, turnedAway, turnedAway);
            return;
        }
        try {
            answer = delegate.validate(inquiry);
        } catch (RuntimeException e) {
            answer = Future.failedFuture(e);
        }
        answer.onComplete(
                found -> {
                    pass.succeeded();
                    try {
                        shared.memory.vouch(keyAlone, found.verdict());
                        found(flight, hash, inquiry, ask, found.verdict());
                    } catch (RuntimeException e) {
                        // Whatever it is, nobody may wait for ever.
                        land(flight, hash, Future.failedFuture(e));
                    }
                },
                cause -> {
                    GatewayFailure failure = GatewayFailure.from(cause);
                    pass.failed(failure, isKnown && shared.memory.isRepeatedFailure(keyAlone));
                    failed(flight, hash, failure, cause);
                });
    }

    private void found(Flight flight, KeyHash hash, Inquiry inquiry, Ask ask, Verdict verdict) {
        shared.outcomes.accept(verdict.outcome());
        if (shared.memory.remember(hash, verdict, ask)) {
            land(flight, hash, Future.succeededFuture(verdict));
        } else {
            // Revoked while it was on its way: whoever waits may have come after that.
            depart(flight, hash, inquiry, null);
        }
    }

    /** The cause itself is told, so that a fault of ours is found by its trace. */
    private void failed(Flight flight, KeyHash hash, GatewayFailure failure, Throwable cause) {
        shared.outcomes.accept(failure.reason().code());
        if (cannotTell(failure)) {
            shared.memory.renewalFailed(hash);
        }
        land(flight, hash, Future.failedFuture(cause));
    }

    /** Out of the list first, so that nobody can join what has landed. */
    private void land(Flight flight, KeyHash hash, Future<Verdict> result) {
        shared.flights.remove(hash, flight);
        flight.land(result);
    }
}
