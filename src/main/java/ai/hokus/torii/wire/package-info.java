/**
 * What HTTP asks of a relay and Vert.x 5.2 does not offer: the only room that touches Netty's pipeline and internal
 * types of Vert.x.
 *
 * <p>Decides: where a request line is strictly one, which bytes from MLflow belong to an answer, when a connection to
 * MLflow is free again, how a connection or a stream ends. Never does: read a header for its meaning, know a route, write an answer.
 * It is ground, so that both the hallway and the rooms may use it. How to add something: a method here, a raw-socket
 * test in {@code wire}, so that an upgrade of Vert.x or Netty that breaks it is seen.
 */
package ai.hokus.torii.wire;
