/**
 * The hallway: what the rooms may say to each other about one request.
 *
 * <p>Decides how a failure is worded and written ({@link ai.hokus.torii.exchange.GatewayFailure},
 * {@link ai.hokus.torii.exchange.FailureHandler}) and which facts an {@link ai.hokus.torii.exchange.Exchange} carries.
 * Never imports a room. To add a refusal: a reason and a factory in {@code GatewayFailure}, and the line in
 * {@code Pipeline} beside the stage that fails with it.
 */
package ai.hokus.torii.exchange;
