"""One `fermata serve` of a cluster: an address that outlives its process, a folder of its own, a bounded life."""
import http.client
import json
import os
import pathlib
import signal
import subprocess
import threading
import time

POLL_S = 0.02


class Instance:
    """Start it from the main thread: the process ends with the thread that started it, whatever way that one ends."""

    def __init__(self, name, command, address, folder, environment=None, token=None, life_s=900):
        self.name = name
        self.command = command
        self.host, self.port = address
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "server.log"
        self.environment = {**os.environ, **(environment or {})}
        self.token = token
        self.life_s = life_s
        self.process = None
        self.reaper = None

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    # --- its life

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *self.command], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, cwd=self.folder, env=self.environment)
        self.reaper = threading.Timer(self.life_s, self.process.kill)
        self.reaper.daemon = True
        self.reaper.start()

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """kill -9"""
        self.process.kill()
        self._forget()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def terminate(self):
        self.process.terminate()

    def wait_ended(self, timeout_s=60):
        """The exit code after terminate()."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end within {timeout_s} s of SIGTERM\n{self.last_words()}") from None
        self._forget()
        return code

    def end(self):
        """However it is; for leaving a test."""
        if self.is_running():
            self.kill()

    def _forget(self):
        self.process.wait()
        self.reaper.cancel()

    def last_words(self, lines=15):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "".join(text.splitlines(True)[-lines:])

    # --- what it says

    def connect(self, timeout_s=60):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout_s)

    def call(self, method, path, body=None, headers=None, connection=None, timeout_s=60):
        """Status, decoded JSON (or text), headers in lower case. OSError when there is no answer."""
        own = connection or self.connect(timeout_s)
        try:
            payload = json.dumps(body) if isinstance(body, (dict, list)) else body
            sent = {"Content-Type": "application/json", **(headers or {})}
            if self.token:
                sent["Authorization"] = f"Bearer {self.token}"
            own.request(method, path, payload, sent)
            answer = own.getresponse()
            text = answer.read().decode()
        except http.client.HTTPException as error:
            raise ConnectionError(f"{self.name}: {error!r}") from error
        finally:
            if not connection:
                own.close()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        try:
            return answer.status, json.loads(text), fields
        except json.JSONDecodeError:
            return answer.status, text, fields

    def view(self, timeout_s=2):
        """What it knows of its cluster; None when it does not say."""
        try:
            status, view, _ = self.call("GET", "/api/v1/cluster", timeout_s=timeout_s)
        except OSError:
            return None
        return view if status == 200 else None


def eventually(condition, deadline_s=30, what="", every_s=POLL_S):
    """Polls until `condition()` gives something true, and returns that; raises at the deadline. `what` may be a function
    that says how things are then."""
    end = time.monotonic() + deadline_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {what() if callable(what) else what}")
        time.sleep(every_s)
