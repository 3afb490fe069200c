package ai.hokus.torii.cli;

import java.nio.file.Path;
import java.util.List;

/**
 * Says that no usable Python environment can be had on this machine. The message is written for the person at the
 * terminal: what was tried, what is wrong, and the exact command that mends it; it spans several lines.
 */
public final class PythonUnavailableException extends Exception {
    private static final long serialVersionUID = 1L;
    private static final String DOWNLOADS = "https://www.python.org/downloads/";

    private PythonUnavailableException(String message) {
        super(message);
    }

    private PythonUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }

    /** No command on the PATH is a Python that will do; {@code tried} tells each one and what is wrong with it. */
    static PythonUnavailableException noInterpreter(List<String> tried) {
        var text = """
                no usable Python: version 3.10 or newer with its venv module is needed, tried
                  %s
                on Debian and Ubuntu:
                  apt-get install python3-venv            (if only the venv module is missing)
                  apt-get install python3 python3-venv
                elsewhere, or if that is too old, take 3.10 to 3.14 from %s and put its python3 on the PATH""";
        return new PythonUnavailableException(text.formatted(String.join("\n  ", tried), DOWNLOADS));
    }

    /** {@code python -m venv} failed although its modules are there. */
    static PythonUnavailableException venvFailed(String command, Path log, String lastLines) {
        var text = """
                cannot make a virtual environment; the last lines of %s:
                %s
                on Debian and Ubuntu this mends it most often:
                  apt-get install --reinstall python3-venv
                see what it says, and when this works start again:
                  %s""";
        return new PythonUnavailableException(text.formatted(log, lastLines, command));
    }

    /** pip failed twice. */
    static PythonUnavailableException pipFailed(String command, Path log, String lastLines) {
        var text = """
                pip cannot install the packages (tried twice); the last lines of %s:
                %s
                pip needs the package index: without a direct way there, set HTTPS_PROXY or PIP_INDEX_URL
                see what it says, and when this works start again:
                  %s""";
        return new PythonUnavailableException(text.formatted(log, lastLines, command));
    }

    /** The cache folder cannot be read or written. */
    static PythonUnavailableException cacheUnusable(Path cache, Exception cause) {
        var text = """
                cannot use the cache folder %s: %s
                free space there, make it writable, or name another one and start again:
                  export XDG_CACHE_HOME=/a/folder/of/yours""";
        return new PythonUnavailableException(text.formatted(cache, cause), cause);
    }
}
