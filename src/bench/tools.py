"""Finds what the benchmark needs on this machine, and says what is missing all at once."""

import os
import pathlib
import platform
import re
import shutil

from processes import BenchError, run

PROJECT = pathlib.Path(__file__).resolve().parents[2]
BENCH = PROJECT / "src" / "bench"
JAR = PROJECT / "target" / "torii.jar"
PACKAGES = {
    "nginx": "nginx",
    "haproxy": "haproxy",
    "caddy": "caddy",
    "wrk": "wrk",
    "h2load": "nghttp2-client",
    "cc": "gcc libc6-dev",
}
OLDEST_JDK = 17


def find_tools(packages=None):
    """Paths of programs by the Debian packages that hold them, all of run.py's if not told; daemons may live outside PATH."""
    packages = packages or PACKAGES
    places = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
    found = {name: shutil.which(name, path=places) for name in packages}
    missing = [name for name, path in found.items() if not path]
    if missing:
        wanted = " ".join(packages[name] for name in missing)
        raise BenchError(f"not found: {', '.join(missing)}. Install: apt-get install -y {wanted}")
    return found


def check_jar():
    """The gateway must have been built."""
    if not JAR.is_file():
        raise BenchError("target/torii.jar is not there. Build it: mvn -B -ntp -DskipTests package")


def _java_version(home):
    """The version in a JDK's release file, newest first when compared; None where there is no JDK."""
    try:
        version = re.search(r'JAVA_VERSION="([^"]+)"', (home / "release").read_text())
    except OSError:
        return None
    return version and tuple(int(part) for part in re.findall(r"\d+", version.group(1)))


def find_java(wanted=None):
    """The java command of the wanted JDK, or of the newest one on this machine."""
    homes = [pathlib.Path(wanted)] if wanted else list(pathlib.Path("/usr/lib/jvm").glob("*"))
    on_path = shutil.which("java")
    if not wanted and os.environ.get("JAVA_HOME"):
        homes.append(pathlib.Path(os.environ["JAVA_HOME"]))
    if not wanted and on_path:
        homes.append(pathlib.Path(on_path).resolve().parents[1])
    usable = [(_java_version(home), home) for home in homes if (home / "bin" / "java").is_file()]
    usable = [(version, home) for version, home in usable if version and version[0] >= OLDEST_JDK]
    if not usable:
        raise BenchError(f"no JDK {OLDEST_JDK} or newer {'in ' + wanted if wanted else 'found; try --jdk HOME'}")
    return max(usable)[1] / "bin" / "java"


def compile_natives(compiler, folder):
    """Compiles every C program of the benchmark into the folder."""
    for source in sorted((BENCH / "native").glob("*.c")):
        run([compiler, "-O2", "-pthread", "-o", folder / source.stem, source], timeout=60)
    return folder


def versions(tools, java):
    """Names and versions of everything that takes part."""
    asked = {
        "nginx": [tools["nginx"], "-v"],
        "HAProxy": [tools["haproxy"], "-v"],
        "Caddy": [tools["caddy"], "version"],
        "wrk": [tools["wrk"], "-v"],
        "h2load": [tools["h2load"], "--version"],
        "JDK": [java, "-version"],
    }
    numbers = {name: _find(r"\d+\.\d+[\w.+-]*", command) for name, command in asked.items()}
    return {"Torii": _find(r"\S+", ["git", "-C", PROJECT, "describe", "--always", "--dirty"]), **numbers}


def _find(pattern, command):
    """What a program says about itself; some say it as an error or end with a failure."""
    found = re.search(pattern, run(["sh", "-c", '"$@" 2>&1 || true', "sh", *command], timeout=20))
    return found.group(0) if found else "unknown"


def machine():
    """The machine in words."""
    model = re.search(r"model name\s*:\s*(.+)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())
    return (
        f"{os.cpu_count()} cores ({model.group(1) if model else platform.machine()}), "
        f"{int(memory.group(1)) / 2**20:.0f} GiB, Linux {platform.release()}"
    )
