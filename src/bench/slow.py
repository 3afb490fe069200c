"""What slow and idle connections cost other callers: python3 src/bench/slow.py [--quick] [--jdk HOME].

Prints a table in Markdown: the times of small calls with a key, at a fixed rate, alone and beside each of slowhttptest's
four modes and many idle connections, and the gateway's memory. Exit code 2: it could not measure.
"""

import argparse
import datetime
import os
import signal
import socket
import sys
import time
from statistics import median

from load import ARTIFACTS, KEY, SMALL, Loads
from processes import BenchError, Scope
from report import table
from stage import Stage
from tools import check_jar, compile_natives, find_java, find_tools, machine

NEEDED = {"slowhttptest": "slowhttptest", "nginx": "nginx", "h2load": "nghttp2-client", "cc": "gcc libc6-dev"}
RATE = 31
CONNECTIONS = 16
SETTLE = 3
SECONDS = 6
ROUNDS = 3
# A header field of slowhttptest's that is not its own: it writes the content type as it is given.
WITH_KEY = f"application/json\r\nAuthorization: Bearer {KEY}"


class Attacks:
    """What is done to the gateway while others call it; each runs until it is ended."""

    def __init__(self, scope, tools, port, size):
        self._scope, self._tools, self._port, self._size = scope, tools, port, size

    def _slow(self, path, *options, connections=None):
        command = [self._tools["slowhttptest"], "-c", connections or self._size, "-r", self._size // 5, "-l", 600]
        command += ["-p", 60, "-u", f"http://127.0.0.1:{self._port}{path}", *options]
        # As many new ones a second as in the example of slowhttptest's manual. It ends when the gateway has closed all
        # its connections, and then it starts over.
        return self._begin(["sh", "-c", 'while "$@"; do sleep 0.2; done', "sh", *command])

    def _begin(self, command):
        return self._scope.start(command, start_new_session=True)

    def headers(self):
        """Requests whose heads never end."""
        return self._slow(SMALL, "-H", "-i", 2, "-x", 24)

    def bodies(self):
        """Bodies that never end, without a key."""
        return self._slow(SMALL, "-B", "-i", 2, "-s", 8192, "-t", "POST")

    def bodies_with_key(self):
        """Bodies that never end, of somebody who has a key: fewer than the connections to MLflow."""
        return self._slow(SMALL, "-B", "-i", 2, "-s", 8192, "-t", "POST", "-f", WITH_KEY, connections=100)

    def ranges(self):
        """Heads that ask for a thousand ranges."""
        return self._slow("/live", "-R", "-t", "GET", "-a", 10, "-b", 3000)

    def reads(self):
        """Answers that are read by a few bytes a second."""
        return self._slow("/live", "-X", "-k", 10, "-n", 2, "-z", 8, "-w", 1, "-y", 8)

    def reads_with_key(self):
        """An artifact of many MiB that is read so by somebody who has a key."""
        options = ("-X", "-n", 2, "-z", 64, "-w", 1, "-y", 512, "-m", f"*/*\r\nAuthorization: Bearer {KEY}")
        return self._slow(ARTIFACTS + "jar", *options, connections=100)

    def idle(self):
        """Connections on which nothing is sent, opened again when the gateway closes them."""
        code = (
            "import socket,sys,time\nn,port=map(int,sys.argv[1:])\nheld=[]\n"
            "while True:\n"
            "  while len(held)<n: held.append(socket.create_connection(('127.0.0.1',port)));"
            " held[-1].send(b'GET /live HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n')\n"
            "  time.sleep(1)\n"
        )
        return self._begin([sys.executable, "-c", code, 5 * self._size, self._port])


def scrape(port, name):
    """The value of a series of the management listener's."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(b"GET /metrics HTTP/1.0\r\nHost: h\r\n\r\n")
        text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name + " "))


def measure(stage, loads, target, start, seconds):
    """The calls of others beside an attack, or alone."""
    management = stage.ports["torii Torii management"]
    attack = start and start()
    time.sleep(SETTLE if attack else 0)
    try:
        outcome = loads.fixed_rate(target.port, seconds, CONNECTIONS, RATE)
        if attack and attack.poll() is not None:
            raise BenchError(f"{attack.args[0]} ended too early, with {attack.returncode}")
        return outcome, scrape(management, "torii_connections"), target.memory()
    finally:
        if attack:
            os.killpg(attack.pid, signal.SIGKILL)
            attack.wait()


def row(name, alone, samples):
    """A row of the table: medians of the rounds, a ratio being that of one round."""
    times = [outcome for outcome, _, _ in samples]
    ratios = [outcome.p99 / base.p99 for outcome, (base, _, _) in zip(times, alone)]
    return [
        name,
        f"{median(connections for _, connections, _ in samples):.0f}",
        f"{median(outcome.p50 for outcome in times) / 1000:.2f}",
        f"{median(outcome.p99 for outcome in times) / 1000:.2f}",
        f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
        str(sum(outcome.errors for outcome in times)),
        f"{samples[0][2]:.0f}, {samples[-1][2]:.0f}",
    ]


def main():
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one round, with fewer connections")
    parser.add_argument("--jdk", metavar="HOME")
    options = parser.parse_args()
    rounds, size = (1, 200) if options.quick else (ROUNDS, 1000)
    check_jar()
    tools, java = find_tools(NEEDED), find_java(options.jdk)
    with Scope() as scope:
        natives = compile_natives(tools["cc"], scope.folder())
        loads = Loads(tools, natives, scope.folder())
        with Stage(tools, java, natives) as stage:
            target = stage.torii()
            attacks = Attacks(scope, tools, target.port, size)
            cases = {
                "nobody": None,
                f"slow headers (-H), {size}": attacks.headers,
                f"slow bodies (-B), {size}": attacks.bodies,
                "slow bodies (-B) with a key, 100": attacks.bodies_with_key,
                f"ranges (-R), {size}": attacks.ranges,
                f"slow reads (-X), {size}": attacks.reads,
                "slow reads (-X) of an artifact with a key, 100": attacks.reads_with_key,
                f"idle connections, {5 * size}": attacks.idle,
            }
            loads.fixed_rate(target.port, 2 * SECONDS, CONNECTIONS, 4 * RATE)
            samples = {name: [] for name in cases}
            for _ in range(rounds):
                for name, start in cases.items():
                    samples[name].append(measure(stage, loads, target, start, SECONDS))
    print(
        f"{datetime.date.today()}, {machine()}; {RATE * CONNECTIONS} calls a second over {CONNECTIONS} connections,"
        f" medians of {rounds} rounds.\n"
    )
    headings = ("beside", "connections", "p50 ms", "p99 ms", "p99 / alone", "errors", "MiB, first and last round")
    print(table(headings, [row(name, samples["nobody"], found) for name, found in samples.items()]))


if __name__ == "__main__":
    try:
        main()
    except BenchError as failure:
        print(failure, file=sys.stderr)
        sys.exit(2)
