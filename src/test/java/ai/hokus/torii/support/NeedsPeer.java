package ai.hokus.torii.support;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * These tests talk to another real server, which must be installed. Where it is not they are left out, and a line at the
 * end says so; with {@code TORII_PEERS=required} its absence fails.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(PeerCondition.class)
public @interface NeedsPeer {

    /** The server's program, found on the path. */
    String program();

    /** The command that installs it. */
    String install();
}
