package ai.hokus.torii.cli;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The signals that ask a process to end: SIGTERM, SIGINT (Ctrl-C) and SIGHUP (the terminal has gone).
 *
 * <p>The JVM's own way is to run its shutdown hooks at the first one, deaf to a second. {@code sun.misc.Signal}, of the
 * supported module jdk.unsupported, hears them all; it is called by reflection, because javac warns of it in a way that
 * cannot be switched off for a class, and so that a JVM without it has the JVM's own way.
 */
final class Signals {

    private static final Logger LOG = LoggerFactory.getLogger(Signals.class);
    private static final List<String> ENDING = List.of("TERM", "INT", "HUP");

    private Signals() {}

    /**
     * Has every one of these signals call this, in place of what the JVM does. A signal that the process was started to
     * ignore, as by nohup, stays ignored.
     *
     * @param heard gets the signal's name, such as SIGTERM; on a thread of its own for each signal, so that it may block
     * @return whether SIGTERM will be heard; if not, as with {@code -Xrs}, the JVM does with it what it does
     */
    static boolean hear(Consumer<String> heard) {
        boolean hearsTerm = false;
        for (String name : ENDING) {
            boolean isHeard = hear(name, heard);
            hearsTerm |= isHeard && name.equals("TERM");
        }
        return hearsTerm;
    }

    private static boolean hear(String name, Consumer<String> heard) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object calling = Proxy.newProxyInstance(
                    handler.getClassLoader() == null ? Signals.class.getClassLoader() : handler.getClassLoader(),
                    new Class<?>[] {handler},
                    (proxy, method, arguments) -> called(proxy, method, arguments, () -> heard.accept("SIG" + name)));
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), calling);
            return true;
        } catch (InvocationTargetException e) {
            // Unknown to this system, or kept by the JVM for itself (-Xrs).
            LOG.debug("SIG{} is not heard: {}", name, e.getCause().getMessage());
            return false;
        } catch (ReflectiveOperationException e) {
            LOG.debug("signals are not heard in this JVM", e);
            return false;
        }
    }

    private static Object called(Object proxy, Method method, Object[] arguments, Runnable heard) {
        return switch (method.getName()) {
            case "handle" -> {
                heard.run();
                yield null;
            }
            case "equals" -> proxy == arguments[0];
            case "hashCode" -> System.identityHashCode(proxy);
            default -> "the handler of signals";
        };
    }
}
