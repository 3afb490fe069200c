"""Runs the image as a cluster would: another user than root, nothing writable but the spool, a limit for its memory."""

import concurrent.futures
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

MEMORY_MIB = 512
HEAP_PERCENT = 35
USER = 10001
KEY = "image-proof-abcdefghijklmnopqrstuvwxyz0123456789"
ARTIFACT = "/api/2.0/mlflow-artifacts/artifacts/1/2/artifacts/model.bin"
BODY_MIB = 16
TRANSFERS = 24


class Peer(http.server.BaseHTTPRequestHandler):
    """MLflow and the auth service in one; it looks at what the gateway has in the spool when it gets a body."""

    protocol_version = "HTTP/1.1"
    gateway = None
    spooled = set()

    def do_GET(self):
        """A large artifact, or a small answer."""
        self._answer(bytes(BODY_MIB << 20) if "artifacts" in self.path else b'{"experiments":[]}')

    def do_PUT(self):
        """An upload: counted and thrown away."""
        left = int(self.headers["Content-Length"])
        Peer.spooled |= _spooled(Peer.gateway)
        while left:
            left -= len(self.rfile.read(min(left, 1 << 20)))
        self._answer(b"{}")

    def do_POST(self):
        """A call of MLflow's, or a question about a key."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        good = self.headers.get("Authorization") == f"Bearer {KEY}"
        if self.path.endswith("/validate") and not good:
            self._answer(b'{"detail":"Invalid or expired API key"}', 401)
        else:
            self._answer(b'{"is_valid":true,"key_id":"k","user_id":"u","scopes":["mlflow:write"]}')

    def _answer(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing."""


def _free_ports(count):
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


def _ask(port, method, path, body=None):
    """Status and body, or None where nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, {"Authorization": f"Bearer {KEY}"}, encode_chunked=body is not None)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except OSError:
        return None
    finally:
        connection.close()


def _until(what, condition, process, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise SystemExit(f"never came true: {what}")


def _upload(port):
    """A body without a length, which has to be spooled."""
    pieces = (bytes(1 << 20) for _ in range(BODY_MIB))
    return _ask(port, "PUT", ARTIFACT, pieces)


def _spooled(pid):
    """Owner and mode of the files without a name that are open in the spool."""
    found = set()
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if re.fullmatch(r"/var/spool/torii/\S+ \(deleted\)", os.readlink(descriptor)):
                found.add((descriptor.stat().st_uid, descriptor.stat().st_mode & 0o777))
    return found


def _status(pid, field):
    return re.search(rf"^{field}:\s*(.*)$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE).group(1)


def _check_process(pid, require):
    require(os.readlink(f"/proc/{pid}/exe").endswith("/bin/java"), "the container's first process is java, by no shell")
    require(set(_status(pid, "Uid").split() + _status(pid, "Gid").split()) == {str(USER)}, f"it runs as {USER}:{USER}")
    require(int(_status(pid, "CapEff"), 16) == 0, "it holds no capability")
    require(_status(pid, "NoNewPrivs") == "1", "it can get no privileges")
    require("/opt/torii/torii.aot" in pathlib.Path(f"/proc/{pid}/maps").read_text(), "the archive is in use")
    mounts = [line.split() for line in pathlib.Path(f"/proc/{pid}/mountinfo").read_text().splitlines()]
    roots = [mount[5] for mount in mounts if mount[4] == "/"]
    require(all("ro" in root.split(",") for root in roots), "its root is read-only")


def _check_answers(port, management, process, require):
    _until("/live answers", lambda: _ask(port, "GET", "/live"), process)
    for path in ("/live", "/health"):
        require(_ask(port, "GET", path)[0] == 200, f"{path} is 200")
    _until("/ready is 200", lambda: _ask(port, "GET", "/ready")[0] == 200, process)
    require(_ask(port, "POST", "/api/2.0/mlflow/runs/log-metric", b"{}")[0] == 200, "a call reaches MLflow")
    total = _sum(management, r'jvm_memory_max_bytes\{area="heap".*\}')
    wanted = MEMORY_MIB * HEAP_PERCENT / 100
    require(wanted * 0.9 < total <= wanted * 1.02, f"its heap follows the limit of {MEMORY_MIB} MiB: {total:.0f} MiB")


def _sum(management, series):
    """The values of these series together, in MiB."""
    page = _ask(management, "GET", "/metrics")[1].decode()
    return sum(map(float, re.findall(rf"^{series} (\S+)$", page, re.MULTILINE))) / 2**20


def _check_load(port, management, pid, spool, require):
    Peer.gateway = pid
    idle = int(_status(pid, "VmRSS").split()[0]) / 1024
    with concurrent.futures.ThreadPoolExecutor(TRANSFERS) as pool:
        up = [pool.submit(_upload, port) for _ in range(TRANSFERS)]
        down = [pool.submit(_ask, port, "GET", ARTIFACT) for _ in range(TRANSFERS)]
        statuses = {answer.result() and answer.result()[0] for answer in up + down}
    require(statuses == {200}, f"{TRANSFERS} up- and {TRANSFERS} downloads at once, {BODY_MIB} MiB each, all 200")
    peak = int(_status(pid, "VmHWM").split()[0]) / 1024
    require(peak < MEMORY_MIB, f"memory: {idle:.0f} MiB before, {peak:.0f} MiB at most, limit {MEMORY_MIB} MiB")
    own = int(_status(pid, "VmRSS").split()[0]) / 1024
    own -= _sum(management, r'jvm_memory_committed_bytes\{area="heap".*\}') + _sum(management, "torii_direct_memory_bytes")
    left = MEMORY_MIB * (100 - 2 * HEAP_PERCENT) // 100
    require(0 < own < left, f"the JVM's own memory, heap and buffers aside: {own:.0f} of {left} MiB")
    require(Peer.spooled == {(USER, 0o600)}, "bodies wait in the spool, in files of its own without a name")
    require(not list(spool.iterdir()), "nothing is left in the spool")


@contextlib.contextmanager
def _peer():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Peer)
    # The gateway drops connections that it needs no more.
    server.handle_error = lambda *_: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def _serve(podman, require, scratch):
    spool = scratch / "spool"
    spool.mkdir(mode=0o700)
    os.chown(spool, USER, USER)
    port, management = _free_ports(2)
    with _peer() as peer:
        settings = dict(API_HOST="127.0.0.1", API_PORT=port, TORII_MANAGEMENT_PORT=management, TORII_DRAIN_DELAY="0s")
        settings.update(MLFLOW_SERVER_URL=peer, HOKUSAI_AUTH_SERVICE_URL=peer)
        given = [f"--env={name}={value}" for name, value in settings.items()]
        given += [f"--memory={MEMORY_MIB}m", f"--memory-swap={MEMORY_MIB}m", f"--volume={spool}:/var/spool/torii"]
        with open(scratch / "output", "wb") as output:
            command = podman.run("--name=proof", *given, "torii:first")
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
            try:
                _check_answers(port, management, process, require)
                pid = int(podman("inspect", "--format", "{{.State.Pid}}", "proof"))
                _check_process(pid, require)
                _check_load(port, management, pid, spool, require)
                # Podman's own mount points lie in /etc.
                written = set(podman("diff", "proof").splitlines()) - {"C /etc"}
                require(not written, f"it has written nowhere else{''.join(written)}")
                os.kill(pid, signal.SIGTERM)
                require(process.wait(30) == 0, "SIGTERM ends it with 0")
            except BaseException:
                print((scratch / "output").read_text()[-1500:])
                raise
            finally:
                podman("rm", "-f", "-t", "0", "proof", stderr=subprocess.DEVNULL)


def _ends(podman, *arguments):
    """Exit code and output of a container that ends by itself."""
    ended = subprocess.run(podman.run("--rm", *arguments), capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def check(podman, config, require, scratch):
    """Serves, then the other commands."""
    _serve(podman, require, scratch)
    for memory in (MEMORY_MIB, 4096):
        entry = config["Entrypoint"]
        strict = json.dumps([*entry[:-2], "-XX:AOTMode=on", *entry[-2:]])
        code, output = _ends(podman, f"--memory={memory}m", f"--entrypoint={strict}", "torii:first", "--version")
        require(code == 0 and "(first)" in output, f"the archive fits, or the JVM would not start, at {memory} MiB")
    code, output = _ends(podman, "torii:first", "check-config")
    require(code == 78 and "MLFLOW_SERVER_URL" in output, "check-config says what is missing, and ends with 78")
    wanted = ["--env=MLFLOW_SERVER_URL=http://mlflow:5000", "--env=HOKUSAI_AUTH_SERVICE_URL=http://auth:8000"]
    require(_ends(podman, *wanted, "torii:first", "check-config")[0] == 0, "and with 0 when all is there")
    code, output = _ends(podman, "--volume=" + str(_mine(scratch)) + ":/keys", "torii:first", *_KEYS)
    require(code == 0 and (scratch / "keys/keys.yaml").exists(), "keys create makes a key file on a volume")


_KEYS = ("keys", "create", "--file", "/keys/keys.yaml", "--user", "ada")


def _mine(scratch):
    folder = scratch / "keys"
    folder.mkdir()
    os.chown(folder, USER, USER)
    return folder
