/**
 * Whose key is it? Finds the key in a request, asks the auth source, remembers the verdict.
 *
 * <p>Decides between accepted, refused and "nobody could tell", and keeps the three apart by type: a refusal is a
 * {@link ai.hokus.torii.auth.Verdict}, an outage is a failed future and can never be remembered. Never decides what a
 * key may do.
 *
 * <p>In the order in which a request meets them: {@link ai.hokus.torii.auth.AuthenticateStage}, {@link
 * ai.hokus.torii.auth.Credentials}, {@link ai.hokus.torii.auth.CachingKeyValidator} (its list of invariants is the
 * room's promise) over {@link ai.hokus.torii.auth.VerdictMemory} and {@link ai.hokus.torii.auth.LookUpGate}, then
 * {@link ai.hokus.torii.auth.HttpKeyValidator} in the form of {@link ai.hokus.torii.auth.AuthContract}; or, alone,
 * {@link ai.hokus.torii.auth.FileKeyValidator}.
 *
 * <p>To add a place for the key: a line in {@link ai.hokus.torii.auth.Credentials}; an auth source: a {@link
 * ai.hokus.torii.auth.KeyValidator}, its configuration record and one line in {@code AuthSource}; another form of the
 * contract: a value of {@code Form} and its case in {@code AuthQuestion}.
 */
package ai.hokus.torii.auth;
