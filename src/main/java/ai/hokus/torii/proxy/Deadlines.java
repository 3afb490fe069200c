package ai.hokus.torii.proxy;

import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * The deadlines of one event loop, used there alone. An exchange starts several and cancels nearly all, so a timer is
 * not set for each, but for each length of time: the few that are configured.
 */
final class Deadlines {

    private final Vertx vertx;
    private final Map<Duration, Line> lines = new HashMap<>();

    /** None yet; the timers will be this Vert.x'. */
    Deadlines(Vertx vertx) {
        this.vertx = vertx;
    }

    void enter(Duration limit, Deadline deadline) {
        lines.computeIfAbsent(limit, length -> new Line()).enter(deadline);
    }

    /** Those of one length, as a ring in the order in which they are due. */
    private final class Line {

        private final Deadline ends = new Deadline(Deadlines.this);
        private boolean armed;

        Line() {
            ends.previous = ends;
            ends.next = ends;
        }

        void enter(Deadline deadline) {
            Deadline before = ends.previous;
            while (before != ends && before.due() - deadline.due() > 0) {
                before = before.previous;
            }
            deadline.linkBehind(before);
            arm();
        }

        /** Sets the timer for the first, unless it is set; then it fires early enough, if only to be set again. */
        private void arm() {
            if (!armed && ends.next != ends) {
                armed = true;
                long nanos = ends.next.due() - System.nanoTime();
                vertx.setTimer(Math.max(1, (nanos + 999_999) / 1_000_000), id -> fire());
            }
        }

        private void fire() {
            try {
                for (Deadline first = ends.next; first != ends && isOver(first); first = ends.next) {
                    first.unlink();
                    if (first.isTouched()) {
                        first.postpone();
                        enter(first);
                    } else {
                        first.run();
                    }
                }
            } finally {
                // Whatever one of them threw, the others are not forgotten.
                armed = false;
                arm();
            }
        }

        private static boolean isOver(Deadline deadline) {
            return deadline.due() - System.nanoTime() <= 0;
        }
    }
}
