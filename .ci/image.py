#!/usr/bin/env python3
"""Builds the real Dockerfile and holds the image to what src/docs/image.md says of it: python3 .ci/image.py JDK_HOME

Podman and runc of Debian do both, as root, with base images made of this machine (base_images.py), because no registry
is asked. --again builds a second commit as well, and shows which layers it changes; --keep leaves the images behind, in
target/image-store. Exit code 0: all of it holds, or the machine lets nobody build images (then it says so); with
TORII_PEERS=required a program that is missing is a failure.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import base_images
import image_run

PROJECT = pathlib.Path(__file__).resolve().parents[1]
STORE = PROJECT / "target" / "image-store"
REPOSITORY = pathlib.Path.home() / ".m2" / "repository"
# The base images are made of this machine, and with them root's home.
ROOT = pathlib.Path("~root").expanduser()


class Podman:
    """Podman with a store of its own."""

    def __init__(self, store):
        self._options = ["--root", store / "root", "--runroot", store / "run", "--storage-driver", "overlay"]
        self._options += ["--cgroup-manager", "cgroupfs", "--events-backend", "none", "--runtime", "runc"]

    def command(self, *arguments):
        """The whole command line."""
        return ["podman", *map(str, self._options), *map(str, arguments)]

    def __call__(self, *arguments, **options):
        options = {"check": True, "stdout": subprocess.PIPE, "text": True, **options}
        return subprocess.run(self.command(*arguments), **options).stdout

    def run(self, *arguments):
        """What every container gets here: no capability, no way to more, a read-only root without any tmpfs."""
        limits = [f"--ulimit=nofile={_allowed(resource.RLIMIT_NOFILE)}", f"--ulimit=nproc={_allowed(resource.RLIMIT_NPROC)}"]
        hardened = ["--network=host", "--read-only", "--read-only-tmpfs=false", "--cap-drop=all"]
        return self.command("run", *limits, *hardened, "--security-opt=no-new-privileges", *arguments)


def _allowed(limit):
    """Podman's own defaults are more than root may give itself on some machines."""
    hard = resource.getrlimit(limit)[1]
    allowed = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
    return f"{allowed}:{allowed}"


def why_not(store):
    """Why no image can be built here, or nothing."""
    missing = [program for program in ("podman", "runc", "mvn") if not shutil.which(program)]
    if missing and os.environ.get("TORII_PEERS") == "required":
        raise SystemExit(f"not installed: {', '.join(missing)}")
    if missing:
        return f"not installed: {', '.join(missing)}"
    if os.geteuid() != 0:
        return "it takes root"
    probe = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True, check=False)
    probe = probe if probe.returncode else subprocess.run(Podman(store).command("info"), capture_output=True, text=True)
    return probe.stderr.strip().splitlines()[-1] if probe.returncode else None


def build(podman, name, commit):
    """The Dockerfile as it is; Maven finds the machine's own repository, so that nothing is loaded twice."""
    REPOSITORY.mkdir(parents=True, exist_ok=True)
    options = ["--isolation=chroot", "--network=host", "--pull-never", "-v", f"{REPOSITORY}:{ROOT}/.m2/repository"]
    with tempfile.TemporaryFile("w+") as log:
        built = podman.command("build", *options, f"--build-arg=COMMIT={commit}", "-t", name, PROJECT)
        if subprocess.run(built, stdout=log, stderr=subprocess.STDOUT, check=False).returncode:
            log.seek(0)
            raise SystemExit(f"{log.read()[-6000:]}\nthe Dockerfile does not build")


def layers(podman, name):
    """Digest and instruction of every layer, the lowest first."""
    image = json.loads(podman("image", "inspect", name))[0]
    steps = [step for step in image["History"] if not step.get("empty_layer")]
    return [(digest, step["created_by"].split("#(nop) ")[-1]) for digest, step in zip(image["RootFS"]["Layers"], steps)]


def check_contract(config):
    """What the manifests and operators build on."""
    entry = config["Entrypoint"]
    held = {
        "a numeric user that is not root": re.fullmatch(r"[1-9]\d*:[1-9]\d*", config["User"]),
        "java itself is the first process": entry[0] == "java" and entry[-2:] == ["-jar", "/opt/torii/torii.jar"],
        "serve is what it does": config["Cmd"] == ["serve"],
        "it ends by SIGTERM": config.get("StopSignal") in ("SIGTERM", "15"),
        "the working directory": config["WorkingDir"] == "/opt/torii",
        "no volume and no health check of its own": not config.get("Volumes") and not config.get("Healthcheck"),
        "the ports": sorted(config["ExposedPorts"]) == ["8080/tcp", "8081/tcp"],
        "no setting and no secret in its environment": not [e for e in config["Env"] if re.match("TORII|MLFLOW|HOK", e)],
        "labels": config["Labels"]["org.opencontainers.image.revision"] == "first",
    }
    for claim, is_so in held.items():
        require(is_so, claim)


def require(is_so, claim):
    """One line for each claim; the first that does not hold ends it."""
    if not is_so:
        raise SystemExit(f"does not hold: {claim}")
    print(f"  {claim}", flush=True)


@contextlib.contextmanager
def timed(what):
    """Says how long it took."""
    started = time.monotonic()
    print(f"{what} ...", flush=True)
    yield
    print(f"  {time.monotonic() - started:.0f} s", flush=True)


def check_layers(podman, is_again):
    """Libraries lie in a layer of their own, which another commit does not change."""
    first = layers(podman, "torii:first")
    require([step for _, step in first if step.strip().endswith("in lib/")], "libraries are a layer of their own")
    if is_again:
        with timed("building another commit"):
            build(podman, "torii:second", "second")
        second = layers(podman, "torii:second")
        changed = [step for (old, _), (new, step) in zip(first, second) if old != new]
        print("  changed:", *changed, sep="\n    ")
        require(len(changed) == 2, "another commit changes the layers of torii.jar and of the archive only")


def sizes(podman):
    """The files of the image by layer, in MiB, as they are and compressed as registries keep them."""
    mount = pathlib.Path(podman("image", "mount", "torii:first").strip())
    for part in ("opt/torii/lib", "opt/torii/torii.jar", "opt/torii/torii.aot", "opt/torii/torii.cdx.json"):
        tar = subprocess.run(["tar", "-C", mount, "-c", part], stdout=subprocess.PIPE, check=True).stdout
        packed = subprocess.run(["gzip", "-6"], input=tar, stdout=subprocess.PIPE, check=True).stdout
        print(f"  /{part}: {len(tar) / 2**20:.1f} MiB, {len(packed) / 2**20:.1f} MiB compressed")
    podman("image", "unmount", "torii:first")


def prove(options, podman, scratch):
    """Everything, in order."""
    with timed("base images of this machine"):
        base_images.make(podman, (PROJECT / "Dockerfile").read_text(), options.jdk, scratch)
    with timed("building the Dockerfile"):
        build(podman, "torii:first", "first")
    config = json.loads(podman("image", "inspect", "torii:first"))[0]["Config"]
    check_contract(config)
    check_layers(podman, options.again)
    sizes(podman)
    with timed("running the image"):
        image_run.check(podman, config, require, scratch)


def remove(podman):
    """Ends its own containers and takes the store away."""
    for arguments in (("rm", "-af", "-t", "0"), ("rmi", "-af")):
        subprocess.run(podman.command(*arguments), capture_output=True, check=False)
    subprocess.run(["umount", STORE / "root" / "overlay"], capture_output=True, check=False)
    shutil.rmtree(STORE, ignore_errors=True)


def main():
    """Proves, and cleans up whatever happens."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("jdk", metavar="JDK_HOME", type=pathlib.Path)
    parser.add_argument("--again", action="store_true", help="also build another commit")
    parser.add_argument("--keep", action="store_true", help="leave the store behind")
    options = parser.parse_args()
    reason = why_not(STORE)
    if reason:
        print(f"image left out: {reason}")
        return 0
    podman = Podman(STORE)
    remove(podman)
    STORE.mkdir(parents=True)
    try:
        with tempfile.TemporaryDirectory(prefix="torii-image-") as scratch:
            prove(options, podman, pathlib.Path(scratch))
    finally:
        if not options.keep:
            remove(podman)
    return 0


if __name__ == "__main__":
    sys.exit(main())
