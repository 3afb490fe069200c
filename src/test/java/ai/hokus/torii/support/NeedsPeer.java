package ai.hokus.torii.support;

import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * These tests talk to another real server or ask another real program, which must be installed; repeated, to several.
 * Where one is not they are left out, and a line at the end says so; with {@code TORII_PEERS=required} its absence fails.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Repeatable(NeedsPeer.Several.class)
@ExtendWith(PeerCondition.class)
public @interface NeedsPeer {

    /** The program, found on the path or where {@code .ci/run} puts what Debian does not have. */
    String program();

    /** The command that installs it. */
    String install();

    /** What the compiler puts several of them into. */
    @Target(ElementType.TYPE)
    @Retention(RetentionPolicy.RUNTIME)
    @ExtendWith(PeerCondition.class)
    @interface Several {
        NeedsPeer[] value();
    }
}
