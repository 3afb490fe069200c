/**
 * Who is asking: the key a caller showed and the principal behind it.
 *
 * <p>Decides nothing; these are values that every room may pass on. Never imports Vert.x or Netty, and never prints a
 * key. To add a fact about a principal: a component of {@link ai.hokus.torii.identity.Principal}, filled by the
 * validators of {@code auth}.
 */
package ai.hokus.torii.identity;
