/**
 * Whose key is it? Finds the key in a request, asks the auth source, remembers the verdict.
 *
 * <p>Decides between accepted, refused and "nobody could tell", and keeps the three apart by type: a refusal is a
 * {@link ai.hokus.torii.auth.Verdict}, an outage is a failed future and can never be remembered. Never decides what a
 * key may do. To add a place for the key: a line in {@link ai.hokus.torii.auth.Credentials}; to add an auth source: a
 * {@link ai.hokus.torii.auth.KeyValidator}, its configuration record and one line in {@code Gateway}.
 */
package ai.hokus.torii.auth;
