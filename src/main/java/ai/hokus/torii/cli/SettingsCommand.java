package ai.hokus.torii.cli;

import ai.hokus.torii.config.SettingsTable;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Prints the table of all settings, as {@code src/docs/settings.md} holds it. */
@Command(
        name = "settings",
        mixinStandardHelpOptions = true,
        description = "Prints every setting with its names, default, range and explanation, as Markdown.")
final class SettingsCommand implements Callable<Integer> {

    @Override
    public Integer call() {
        System.out.print(SettingsTable.markdown());
        return ToriiCommand.OK;
    }
}
