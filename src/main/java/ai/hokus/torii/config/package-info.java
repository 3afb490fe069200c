/**
 * What the operator said: typed records, one a section, and the loader that merges the layers into them.
 *
 * <p>Decides which settings exist, what they are called in the file and in the environment, and what values they may
 * have; the only package that reads the environment. Never opens a connection and never guesses an address. To add a
 * setting: a line in {@link ai.hokus.torii.config.Settings}, its default and explanation in {@code conf/torii.yaml}, a
 * component of the section's record.
 */
package ai.hokus.torii.config;
