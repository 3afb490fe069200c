#!/usr/bin/env python3
"""Uploads over HTTP/2 beside uploads over HTTP/1.1, both by h2load over TLS, in turn, to an upstream that throws them away.

    python3 src/bench/http2.py [--mib 512] [--rounds 7]
"""

import argparse
import pathlib
import re
import statistics

from processes import Scope, run, wait_for_port
from tools import JAR, PROJECT, check_jar, compile_natives, find_java

VERSIONS = {"HTTP/1.1": ["--h1"], "HTTP/2": []}
ARTIFACT = "/api/2.0/mlflow-artifacts/artifacts/1/r/big"


def _certificate(folder):
    """A key and the certificate that signs itself with it."""
    key, certificate = folder / "tls.key", folder / "tls.crt"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    run([*command.split(), "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate], 20)
    return key, certificate


def _gateway(scope, java, folder):
    """A gateway with TLS, HTTP/2 and one key, before the sink; returns its address and the key."""
    sink = scope.start([compile_natives("cc", folder) / "sink", scope.ports["sink"], 10_000_000])
    wait_for_port(scope.ports["sink"], sink)
    keys = folder / "keys.yaml"
    made = run([java, "-jar", JAR, "keys", "create", "--file", keys, "--user", "bench"], 60)
    key = next(word for word in made.split() if word.startswith("hk_"))
    tls_key, certificate = _certificate(folder)
    environment = {
        "API_HOST": "127.0.0.1",
        "API_PORT": scope.ports["torii"],
        "TORII_MANAGEMENT_PORT": scope.ports["management"],
        "TORII_DRAIN_DELAY": "0s",
        "MLFLOW_SERVER_URL": f"http://127.0.0.1:{scope.ports['sink']}",
        "TORII_AUTH_FILE_PATH": keys,
        "TORII_LISTENER_TLS_CERT_PATH": certificate,
        "TORII_LISTENER_TLS_KEY_PATH": tls_key,
        "TORII_LISTENER_HTTP2": "true",
    }
    command = [java, "@conf/jvm.options", "-jar", JAR.relative_to(PROJECT)]
    output = folder / "torii.out"
    process = scope.start(command, output, cwd=PROJECT, env={name: str(value) for name, value in environment.items()})
    wait_for_port(scope.ports["torii"], process, output, seconds=30)
    return f"https://localhost:{scope.ports['torii']}", key


def _upload(address, key, version, body, mib):
    """MiB/s of one upload; fails unless it was answered with 200."""
    command = ["h2load", *version, "-n", "1", "-c", "1", "-m", "1", "-d", body]
    fields = ["-H", ":method: PUT", "-H", f"authorization: Bearer {key}"]
    printed = run([*command, *fields, address + ARTIFACT], 300)
    taken = re.search(r"finished in ([\d.]+)(m?s).*status codes: 1 2xx", printed, re.DOTALL)
    if not taken:
        raise SystemExit(printed)
    return mib / (float(taken.group(1)) / (1000 if taken.group(2) == "ms" else 1))


def main():
    """Prints every speed, the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    check_jar()
    with Scope() as scope:
        folder = scope.folder("/dev/shm" if pathlib.Path("/dev/shm").is_dir() else None)
        body = folder / "body"
        with open(body, "wb") as file:
            file.truncate(asked.mib << 20)
        gateway = _gateway(scope, find_java(), folder)
        speeds = {version: [] for version in VERSIONS}
        for number in range(asked.rounds + 1):
            for version, option in VERSIONS.items():
                speed = _upload(*gateway, option, body, asked.mib)
                # The first of each warms the JVM up.
                speeds[version] += [speed] if number else []
    medians = {version: statistics.median(speeds[version]) for version in VERSIONS}
    for version in VERSIONS:
        print(version, " ".join(f"{speed:.0f}" for speed in speeds[version]), f"median {medians[version]:.0f} MiB/s")
    print(f"HTTP/2 is {medians['HTTP/2'] / medians['HTTP/1.1']:.2f} times as fast")


if __name__ == "__main__":
    main()
