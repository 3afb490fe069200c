package ai.hokus.torii.config;

/**
 * What the text of a setting must look like.
 *
 * @param type text, secret, path, list, address, addresses, true or false, choice, number, time, size
 * @param unit for a time or a size those that the text must carry one of; for a number what it counts, and the text
 *     carries none; empty where nothing is measured
 * @param range what it may be, as a table shows it; empty: anything of its type
 */
record SettingForm(String type, String unit, String range) {

    static SettingForm plain(String type) {
        return new SettingForm(type, "", "");
    }
}
