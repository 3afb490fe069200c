/**
 * Streams a request to MLflow and its answer back, in constant memory.
 *
 * <p>Decides which header fields travel, how a body without a length gets one, and how an exchange with MLflow can end:
 * whole, refused, or visibly broken, never cut and looking complete; and which of several MLflow servers is asked
 * ({@code src/docs/upstreams.md}). Never decides whether a request may be made, and
 * never holds a whole body. To add a header rule: {@link ai.hokus.torii.proxy.RequestHeaders}; to add a way to fail:
 * {@link ai.hokus.torii.proxy.UpstreamFault}.
 */
package ai.hokus.torii.proxy;
