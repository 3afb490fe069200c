"""Starts programs, and ends every one of them, whatever happens."""

import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from measure import family


class BenchError(Exception):
    """Why nothing can be measured, in words for the person who started the benchmark."""


class Ports(dict):
    """Names of listeners to free loopback ports, each chosen when it is first asked for.

    They lie below the ports that the kernel gives to clients, so that no connection takes one meanwhile.
    """

    RANGE = range(20000, 32000)

    def __missing__(self, name):
        for port in random.sample(self.RANGE, 1000):
            if port not in self.values() and _is_free(port):
                self[name] = port
                return port
        raise BenchError(f"no free port on 127.0.0.1 between {self.RANGE.start} and {self.RANGE.stop}")


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Scope:
    """Processes and scratch folders that end and go together."""

    def __init__(self):
        self._processes = []
        self._folders = []
        self.ports = Ports()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            for process in reversed(self._processes):
                end(process)
            for folder in self._folders:
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def folder(self, parent=None):
        """A new folder that goes with the scope."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="torii-bench-", dir=parent))
        self._folders.append(folder)
        return folder

    def start(self, command, output=None, **options):
        """Starts a program whose output goes to a file, or nowhere."""
        command = [str(part) for part in command]
        with open(output or os.devnull, "wb") as sink:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT, **options
            )
        self._processes.append(process)
        return process


def end(process, patience=10):
    """Ends a process and its children: it is asked to, and killed when it takes too long."""
    if process.poll() is not None:
        return
    pids = family(process.pid)
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        for pid in pids:
            _kill(pid)
        process.wait()


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def wait_for_port(port, process, output=os.devnull, seconds=20):
    """Waits until somebody listens; says what the process printed when nobody will."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    printed = pathlib.Path(output).read_text(errors="replace")[-2000:]
    raise BenchError(f"`{process.args[0]}` does not listen on port {port}; it printed:\n{printed}")


def run(command, timeout, **options):
    """Runs a program to its end and returns what it printed; a failure names the command and its output."""
    command = [str(part) for part in command]
    shown = " ".join(command)
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, **options
        )
    except subprocess.TimeoutExpired as late:
        raise BenchError(f"`{shown}` did not end within {timeout:.0f} s; it printed:\n{late.stdout}") from late
    except OSError as missing:
        raise BenchError(f"`{shown}` cannot be started: {missing}") from missing
    if done.returncode != 0:
        printed = (done.stdout + done.stderr)[-2000:]
        raise BenchError(f"`{shown}` ended with {done.returncode}; it printed:\n{printed}")
    return done.stdout
