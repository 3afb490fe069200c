package ai.hokus.torii.support;

import ai.hokus.torii.support.RawServer.Connection;
import java.io.IOException;

/** The ways in which a peer can break a message off. */
public enum Ending {
    FIN {
        @Override
        public void cut(RawClient caller) throws IOException {
            caller.close();
        }

        @Override
        public void cut(Connection upstream) throws IOException {
            upstream.close();
        }
    },
    RESET {
        @Override
        public void cut(RawClient caller) throws IOException {
            caller.reset();
        }

        @Override
        public void cut(Connection upstream) throws IOException {
            upstream.reset();
        }
    },
    /** A FIN by a peer that goes on reading. */
    HALF_CLOSE {
        @Override
        public void cut(RawClient caller) throws IOException {
            caller.finish();
        }

        @Override
        public void cut(Connection upstream) throws IOException {
            upstream.finish();
        }
    };

    public abstract void cut(RawClient caller) throws IOException;

    public abstract void cut(Connection upstream) throws IOException;
}
