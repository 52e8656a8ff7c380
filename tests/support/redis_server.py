"""One Redis (or Valkey) server process of a test cluster: its settings, its start, its end."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

# What docs/guide/redis.md recommends, and beside it what only tests want (a short node time-out).
RECOMMENDED = {
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": '""',
    "maxmemory-policy": "noeviction",
    "hash-max-listpack-value": "1024",
    "repl-backlog-size": "32mb",
    "repl-diskless-sync": "yes",
    "repl-diskless-sync-delay": "0",
}
RECOMMENDED_IN_CLUSTERS = {
    "cluster-enabled": "yes",
    "cluster-config-file": "nodes.conf",
    "cluster-require-full-coverage": "no",
    "cluster-allow-reads-when-down": "no",
}
NODE_TIMEOUT_MS = 2000

DEPS = pathlib.Path(__file__).resolve().parents[2] / "build" / "deps"


def find_program(name, folder):
    """A path that ends in NAME (redis-server, valkey-server) and starts it; made in FOLDER where Debian has none.

    Debian's redis-tools carries the server as well: redis-check-rdb is the same file and acts by the name it is called
    with. The package redis-server adds a service on port 6379, which a test machine does not need."""
    places = [str(DEPS / "valkey" / "usr" / "bin"), None]
    for place in places:
        program = shutil.which(name, path=place)
        if program:
            return program
    for place in places:
        program = shutil.which(name.replace("-server", "-check-rdb"), path=place)
        if program:
            link = pathlib.Path(folder) / name
            link.symlink_to(program)
            return str(link)
    raise RuntimeError(f"{name} is not installed; `scripts/dev deps` installs it")


class RedisServer:
    """A server with a folder of its own. `description` is the JSON-able state that another process attaches with."""

    def __init__(self, folder, number, host, port, bus_port, program, namespace=None, preload=None):
        self.folder = pathlib.Path(folder) / str(number)
        self.number = number
        self.host = host
        self.port = port
        self.bus_port = bus_port
        self.program = program
        self.namespace = namespace
        self.preload = preload
        self.process = None

    def description(self):
        return {"number": self.number, "host": self.host, "port": self.port, "bus_port": self.bus_port,
                "program": self.program, "namespace": self.namespace, "preload": self.preload}

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    @property
    def settings_file(self):
        return self.folder / "redis.conf"

    @property
    def log(self):
        return self.folder / "redis.log"

    def write_settings(self, settings):
        """`settings`: a list of (name, value)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        own = [("dir", self.folder), ("logfile", self.log), ("set-proc-title", "no"), ("daemonize", "no")]
        lines = [f"{name} {value}\n" for name, value in own + settings]
        self.settings_file.write_text("".join(lines))
        self.settings_file.chmod(0o600)

    def start(self):
        inside = ["ip", "netns", "exec", self.namespace] if self.namespace else []
        environment = {**os.environ, "LD_PRELOAD": self.preload} if self.preload else None
        self.process = subprocess.Popen([*inside, self.program, str(self.settings_file)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                                        env=environment)
        (self.folder / "pid").write_text(str(self.process.pid))

    def pid(self):
        """Of the running server; None when it does not run. Another process that got its number is not taken for it."""
        if self.process and self.process.poll() is None:
            return self.process.pid
        try:
            pid = int((self.folder / "pid").read_text())
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if str(self.settings_file).encode() in command else None

    def is_running(self):
        return self.pid() is not None

    def send(self, number):
        pid = self.pid()
        if pid is None:
            return False
        os.kill(pid, number)
        return True

    def end(self, number=signal.SIGKILL, timeout_s=20):
        """Sends the signal and waits until the process is gone and its port free; kill -9 after the time-out."""
        pid = self.pid()
        if not self.send(number):
            return
        deadline = time.monotonic() + timeout_s
        while self.is_running() or is_closing(pid):
            if time.monotonic() > deadline:
                self.send(signal.SIGKILL)
                deadline += 5
            time.sleep(0.005)

    def answers_on(self, host):
        try:
            socket.create_connection((host, self.port), 1).close()
        except OSError:
            return False
        return True

    def last_words(self):
        try:
            return "".join(self.log.read_text(errors="replace").splitlines(True)[-5:])
        except OSError:
            return "(no log)"


def is_closing(pid):
    """A process gives its memory (and with it its command line) back before its files, so its sockets still listen for a
    moment; they are closed when its last thread is gone. Then nothing of it is left, or what its starter has to ask for."""
    try:
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        threads = len(os.listdir(f"/proc/{pid}/task"))
    except (OSError, IndexError):
        return False
    return not command and (state not in "ZX" or threads > 1)
