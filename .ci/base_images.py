"""Base images by the names of the Dockerfile's FROM lines, made of this machine's own JDK, Maven and programs.

A registry has the real ones. What stands in for them has the same paths: JAVA_HOME is /opt/java/openjdk, and the JRE is
linked from the modules that Temurin's has, so that a step which needs a tool of the JDK at run time is found out.
"""

import os
import pathlib
import re
import shutil
import subprocess

PROGRAMS = ["bash", "sh", "env", "cp", "install", "find", "touch", "rm", "ls", "cat", "tail", "chmod", "uname", "dirname"]
PROGRAMS += ["basename", "expr", "readlink", "tput"]
# The modules of the JDK that Temurin leaves out of its JRE.
TOOLS = re.compile(
    r"jdk\.(attach|compiler|editpad|graal.*|hotspot\.agent|internal\.(ed|jvmstat|le|md|opt)|jartool|javadoc|jcmd"
    r"|jconsole|jdeps|jdi|jlink|jpackage|jshell|jstatd|unsupported\.desktop)"
)
HOME = "/opt/java/openjdk"
PATH = f"{HOME}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def _output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _system(tree, java):
    """The programs that the Dockerfile's steps and mvn call, with their libraries, and those that the JVM loads."""
    for folder in ("usr/bin", "usr/lib", "usr/lib64", "etc", "tmp", "root", "var/spool", "opt/java"):
        (tree / folder).mkdir(parents=True)
    for link in ("bin", "lib", "lib64"):
        (tree / link).symlink_to(f"usr/{link}")
    (tree / "tmp").chmod(0o1777)
    (tree / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (tree / "etc/group").write_text("root:x:0:\n")
    shutil.copy("/etc/nsswitch.conf", tree / "etc")
    programs = [shutil.which(program) for program in PROGRAMS]
    loaded = [java / "bin/java", java / "lib/server/libjvm.so", *programs]
    needed = set(re.findall(r"(/\S*lib\S*/[^\s/]+\.so\S*)", _output("ldd", *map(str, loaded))))
    needed.update(str(path) for path in pathlib.Path("/lib/x86_64-linux-gnu").glob("libnss_*.so.2"))
    for path in [*programs, *sorted(needed)]:
        if not path.startswith(str(java)):
            target = tree / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)


def _jre(tree, java):
    """A run-time image as Temurin's, with the JDK's own archive of classes, as Temurin's Dockerfile makes it."""
    modules = [line.split("@")[0] for line in _output(str(java / "bin/java"), "--list-modules").splitlines()]
    kept = [module for module in modules if not TOOLS.fullmatch(module)]
    home = tree / HOME.lstrip("/")
    _output(str(java / "bin/jlink"), "--add-modules", ",".join(kept), "--output", str(home))
    _output(str(home / "bin/java"), "-Xshare:dump")


def _jdk(tree, java):
    shutil.copytree(java, tree / HOME.lstrip("/"), symlinks=True, ignore=shutil.ignore_patterns("src.zip", "jmods"))


def _maven(tree):
    home = pathlib.Path(os.path.realpath(shutil.which("mvn"))).parents[1]
    shutil.copytree(home, tree / "usr/share/maven", symlinks=False)
    (tree / "usr/bin/mvn").symlink_to("../share/maven/bin/mvn")


def _import(podman, tree, name):
    with subprocess.Popen(["tar", "-C", tree, "-c", "."], stdout=subprocess.PIPE) as tar:
        environment = [f"--change=ENV {setting}" for setting in (f"JAVA_HOME={HOME}", f"PATH={PATH}", "LANG=C.UTF-8")]
        podman("import", "-q", *environment, "-", name, stdin=tar.stdout)
    if tar.returncode != 0:
        raise SystemExit(f"tar of {tree} ended with {tar.returncode}")
    shutil.rmtree(tree)


def make(podman, dockerfile, java, scratch):
    """One image for each base that the Dockerfile names; java is the home of a JDK of the right version."""
    for name in sorted(set(re.findall(r"^FROM (\S+:\S+)", dockerfile, re.MULTILINE))):
        if str(_version(java)) not in name:
            raise SystemExit(f"the Dockerfile wants {name}, but the JDK at hand is {_version(java)}")
        tree = scratch / re.sub(r"\W", "-", name)
        _system(tree, java)
        if "jre" in name:
            _jre(tree, java)
        else:
            _jdk(tree, java)
        if name.startswith("maven:"):
            _maven(tree)
        _import(podman, tree, name)


def _version(java):
    return re.search(r'JAVA_VERSION="(\d+)', (java / "release").read_text()).group(1)
