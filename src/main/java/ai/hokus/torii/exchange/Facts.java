package ai.hokus.torii.exchange;

import ai.hokus.torii.identity.Access;
import ai.hokus.torii.identity.Principal;
import io.vertx.core.buffer.Buffer;
import java.util.Optional;

/** What the stages find out about an {@link Exchange}: each is written by the stage that knows, and read by who comes after. */
public sealed class Facts permits Exchange {

    private static final Operation UNRESOLVED = Operation.own("unresolved", Access.NONE);

    private Operation operation = UNRESOLVED;
    private Route route;
    private Principal principal;
    private KeyCheck keyCheck;
    private Long keyMark;
    private Decision decision;
    private Buffer heldBody;
    private BodyLimit bodyLimit;
    private GatewayFailure failure;
    private String upstream = "";
    private long upstreamNanos = -1;
    private long waitNanos = -1;
    private long limitNanos = -1;

    /** Nothing known yet. */
    Facts() {}

    /** What it is about; {@code unresolved} until that is known. */
    public Operation operation() {
        return operation;
    }

    /** Fact: what it is about. */
    public void operation(Operation found) {
        operation = found;
    }

    /** Where it goes in MLflow; empty for the gateway's own routes. */
    public Optional<Route> route() {
        return Optional.ofNullable(route);
    }

    /** Fact: where it goes in MLflow. */
    public void route(Route found) {
        route = found;
        operation = found.operation();
    }

    /** Who asks; empty before the key was accepted and on open routes. */
    public Optional<Principal> principal() {
        return Optional.ofNullable(principal);
    }

    /** Fact: who asks. */
    public void principal(Principal found) {
        principal = found;
    }

    /** What the check of the key came to; empty when there was none. */
    public Optional<KeyCheck> keyCheck() {
        return Optional.ofNullable(keyCheck);
    }

    /** Fact: what the check of the key came to. */
    public void keyCheck(KeyCheck found) {
        keyCheck = found;
    }

    /** What stands for the key where its check failed and nobody may know its name: a keyed hash; empty otherwise. */
    public Optional<Long> keyMark() {
        return Optional.ofNullable(keyMark);
    }

    /** Fact: what stands for the key. */
    public void keyMark(long mark) {
        keyMark = mark;
    }

    /** What was decided about the operation; empty when that was not asked. */
    public Optional<Decision> decision() {
        return Optional.ofNullable(decision);
    }

    /** Fact: what was decided about the operation. */
    public void decision(Decision found) {
        decision = found;
    }

    /** The whole body, where it had to be read before it could be decided about; empty otherwise. */
    public Optional<Buffer> heldBody() {
        return Optional.ofNullable(heldBody);
    }

    /** Fact: the whole body, read to its end. */
    public void heldBody(Buffer body) {
        heldBody = body;
    }

    /**
     * Refuses a body that has come to more than it may have.
     *
     * @throws GatewayFailure body_too_large
     */
    public void checkBody(long bytesSoFar) {
        if (bodyLimit != null) {
            bodyLimit.check(bytesSoFar);
        }
    }

    /** Fact: how large the body may become, where its length is not known yet. */
    public void bodyLimit(BodyLimit limit) {
        bodyLimit = limit;
    }

    /** Fact: which replica of MLflow's is asked, by address and port. */
    public void upstream(String name) {
        upstream = name;
    }

    /** Address and port of the replica that was asked last; empty when none was. */
    public String upstream() {
        return upstream;
    }

    /** Fact: nanoseconds from the request's going out until the head of MLflow's answer. */
    public void upstreamNanos(long nanos) {
        upstreamNanos = nanos;
    }

    /** Nanoseconds until the head of MLflow's answer; -1 when there was none. */
    public long upstreamNanos() {
        return upstreamNanos;
    }

    /** Fact: nanoseconds that the request waited for the store of the limits. */
    public void limitNanos(long nanos) {
        limitNanos = nanos;
    }

    /** Nanoseconds that the request waited for the store of the limits; -1 when it did not have to. */
    public long limitNanos() {
        return limitNanos;
    }

    /** Fact: nanoseconds that the request waited for a connection to MLflow. */
    public void waitNanos(long nanos) {
        waitNanos = nanos;
    }

    /** Nanoseconds that the request waited for a connection to MLflow; -1 when it did not come to that. */
    public long waitNanos() {
        return waitNanos;
    }

    /** Fact: it failed. */
    public void failure(GatewayFailure found) {
        failure = found;
    }

    /** Why it failed; empty when it did not, or when MLflow itself said no. */
    public Optional<GatewayFailure> failure() {
        return Optional.ofNullable(failure);
    }
}
