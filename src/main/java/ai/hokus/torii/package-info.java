/**
 * The gateway as a whole: {@link ai.hokus.torii.Pipeline} is what happens to a request, {@link ai.hokus.torii.Gateway}
 * is where the rooms meet, {@link ai.hokus.torii.Main} is the process.
 */
package ai.hokus.torii;
