"""Puts up the stubs, the peers and the gateway for one workload, on ports of its own."""

import dataclasses
import http.client
import os
import re
import subprocess
import time

from load import KEY, SMALL, SMALL_BODY
from measure import family, memory
from processes import BenchError, Scope, run, wait_for_port
from tools import BENCH, JAR, PROJECT

ANSWER = (
    '{"run":{"info":{"run_id":"0123456789abcdef0123456789abcdef","run_uuid":"0123456789abcdef0123456789abcdef",'
    '"experiment_id":"1","user_id":"mlflow","status":"RUNNING","start_time":1700000000000,'
    '"artifact_uri":"mlflow-artifacts:/1/0123456789abcdef0123456789abcdef/artifacts","lifecycle_stage":"active"},'
    '"data":{"metrics":[{"key":"rmse","value":0.123,"timestamp":1700000000001,"step":1}],"params":[]}}}'
)
VERDICT = (
    '{"is_valid":true,"key_id":"k1","user_id":"u1","scopes":["mlflow:read","mlflow:write"],'
    '"rate_limit_per_hour":100000}'
)
SLOW_BYTES_PER_SECOND = 10_000_000
LATE_MICROSECONDS = 5_000
POLL = 0.005
OWN_SETTINGS = ("TORII_", "API_", "MLFLOW_", "HOKUSAI_", "AUTH_SERVICE_", "REDIS_", "CORS_", "JAVA_TOOL", "JDK_JAVA")

AS_SHIPPED = ("@conf/jvm.options",)
PLAIN_JAVA = ()
WITHOUT_LOG = AS_SHIPPED + (f"-Dlogback.configurationFile={BENCH / 'conf' / 'quiet-logback.xml'}",)
# Every request asks the auth service. The budget for unknown keys would refuse most of them, so it is lifted; and as
# requests with one key at one time share one look-up, the load carries more keys than it has connections.
UNCACHED = {
    "TORII_AUTH_CACHE_TTL": "0s",
    "TORII_AUTH_CACHE_REFUSED_TTL": "0s",
    "TORII_AUTH_UNKNOWN_KEYS_RATE": "0",
    "TORII_AUTH_UNKNOWN_KEYS_AT_ONCE": "256",
}


@dataclasses.dataclass
class Target:
    """Something that requests can be sent to; direct is one without a process of its own."""

    name: str
    port: int
    process: subprocess.Popen = None
    is_java: bool = False

    @property
    def pid(self):
        """The process to watch."""
        return self.process.pid if self.process else None

    def memory(self):
        """Resident memory now, in MiB."""
        return memory(family(self.pid)) if self.process else 0


class Stage(Scope):
    """The stubs run from the start; peers and gateways are started when a workload asks for them."""

    def __init__(self, tools, java, natives):
        super().__init__()
        self._tools, self._java, self._natives = tools, java, natives
        self._peers = {}

    def __enter__(self):
        try:
            self._put_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _put_up(self):
        self.scratch = self.folder()
        in_memory = self.folder("/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        self._values = {
            "ANSWER": ANSWER,
            "VERDICT": VERDICT,
            "SCRATCH": self.scratch,
            "JAR": JAR,
            "MEMORY": in_memory,
            "CORES": os.cpu_count(),
            "USER": "user root;" if os.geteuid() == 0 else "",
        }
        self._daemon("sink", [self._natives / "sink", self.ports["sink"], SLOW_BYTES_PER_SECOND], "sink")
        self._daemon("late", [self._natives / "late", self.ports["late"], LATE_MICROSECONDS, VERDICT], "late")
        self._daemon("upstream", self._nginx("upstream.conf"), "upstream")

    def run_java(self, arguments, timeout=120):
        """Runs the gateway's JDK to its end."""
        run([self._java, *arguments], timeout)

    def _daemon(self, name, command, port, **options):
        output = self.scratch / f"{name}.out"
        process = self.start(command, output, **options)
        wait_for_port(self.ports[port], process, output)
        return process

    def _render(self, template):
        """Fills a configuration in: @NAME@ is a value, @name@ a port."""
        text = (BENCH / "conf" / template).read_text()
        path = self.scratch / template
        path.write_text(re.sub(r"@(\w+)@", lambda found: str(self._value(found.group(1))), text))
        return path

    def _value(self, name):
        return self._values[name] if name.isupper() else self.ports[name]

    def _nginx(self, template):
        path = self._render(template)
        return [self._tools["nginx"], "-p", self.scratch, "-e", self.scratch / "nginx-start.log", "-c", path]

    def direct(self, port="upstream"):
        """A stub without a proxy before it."""
        return Target("direct", self.ports[port])

    def nginx(self, name, port):
        """nginx by one of its listeners."""
        return self._peer(name, port, lambda: self._nginx("nginx.conf"))

    def haproxy(self, name, port):
        """HAProxy by one of its listeners."""
        return self._peer(name, port, lambda: [self._tools["haproxy"], "-db", "-f", self._render("haproxy.cfg")])

    def caddy(self, name, port):
        """Caddy by one of its listeners; what it wants to keep stays in the scratch folder."""
        home = {"HOME": self.scratch, "XDG_CONFIG_HOME": self.scratch, "XDG_DATA_HOME": self.scratch}
        command = [self._tools["caddy"], "run", "--adapter", "caddyfile", "--config"]
        return self._peer(name, port, lambda: command + [self._render("Caddyfile")], env={**os.environ, **home})

    def _peer(self, name, port, command, **options):
        program = port.split("_")[0]
        if program not in self._peers:
            self._peers[program] = self._daemon(program, command(), port, **options)
        return Target(name, self.ports[port], self._peers[program])

    def torii(self, name="Torii", **options):
        """A gateway that has answered its first proxied request with 200."""
        target = self.new_torii(name, **options)
        wait_for_answer(target)
        return target

    def new_torii(self, name="Torii", mlflow="upstream", auth="auth", settings=None, java=AS_SHIPPED, jar=None):
        """A gateway that has just been started; but for addresses and the end of the process it is as shipped."""
        jar = jar or JAR.relative_to(PROJECT)
        port = self.ports[f"torii {name}"]
        environment = {key: value for key, value in os.environ.items() if not key.startswith(OWN_SETTINGS)}
        environment.update(
            API_HOST="127.0.0.1",
            API_PORT=str(port),
            TORII_MANAGEMENT_PORT=str(self.ports[f"torii {name} management"]),
            TORII_DRAIN_DELAY="0s",
            MLFLOW_SERVER_URL=f"http://127.0.0.1:{self.ports[mlflow]}",
            HOKUSAI_AUTH_SERVICE_URL=f"http://127.0.0.1:{self.ports[auth]}",
            **(settings or {}),
        )
        process = self.start([self._java, *java, "-jar", jar], cwd=PROJECT, env=environment)
        return Target(name, port, process, is_java=True)


def wait_for_answer(target, seconds=30):
    """Asks until a gateway has answered 200."""
    deadline = time.monotonic() + seconds
    seen = "nothing"
    while time.monotonic() < deadline and target.process.poll() is None:
        seen = ask(target.port)
        if seen == 200:
            return
        time.sleep(POLL)
    ended = target.process.poll()
    state = f"answered {seen}" if ended is None else f"ended with {ended}"
    raise BenchError(f"`{' '.join(target.process.args)}` ({target.name}) did not serve within {seconds} s: it {state}")


def ask(port, key=KEY):
    """The status of one small request, or the reason why there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    try:
        connection.request("POST", SMALL, SMALL_BODY.read_bytes(), headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as failure:
        return f"{type(failure).__name__}: {failure}"
    finally:
        connection.close()
