package ai.hokus.torii.config;

/**
 * One thing that is wrong with the configuration.
 *
 * @param setting the setting as the operator wrote it: an environment name or a dotted key
 * @param message what is wrong and what to write instead, continuing the sentence that the setting's name began
 */
public record Problem(String setting, String message) {}
