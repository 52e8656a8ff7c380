"""A `fermata serve` of a test's own: free port, temporary folder, bounded life, ended by its process handle."""
import http.client
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import time

SANITIZER_MARKS = ["WARNING: ThreadSanitizer", "ERROR: AddressSanitizer", "ERROR: LeakSanitizer", ": runtime error: "]


class Server:
    """Starts on entering, ends on leaving. Options are passed as `section.option=value`."""

    LIFE_S = 600

    def __init__(self, binary, *options, folder=None, environment=None):
        self.binary = str(pathlib.Path(binary).resolve())  # the server runs in a folder of its own
        self.options = list(options)
        self.own_folder = None if folder else tempfile.TemporaryDirectory(prefix="fermata-test-")
        self.folder = pathlib.Path(folder or self.own_folder.name)
        self.environment = {**os.environ, **(environment or {})}
        self.process = None
        self.port = 0
        self.log = self.folder / "server.log"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        ended_before = self.process.poll() is not None  # by the test, which looks at the code itself
        code = self.stop()
        if code != 0 and not ended_before:
            raise AssertionError(f"the server ended with {code}\n{self.log.read_text(errors='replace')[-8000:]}")
        self.look_for_reports()
        if self.own_folder:
            self.own_folder.cleanup()

    def look_for_reports(self):
        """What a sanitizer found is told at the end only; a process that was killed has no end."""
        log = self.log.read_text(errors="replace")
        found = min((at for at in map(log.find, SANITIZER_MARKS) if at >= 0), default=-1)
        if found >= 0:
            raise AssertionError(f"a sanitizer reports\n{log[found:found + 8000]}")

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", "--http.port=0", f"--persistence.folder={self.folder}/data",
                 *(f"--{option}" for option in self.options)],
                stdout=subprocess.PIPE, stderr=log, text=True, cwd=self.folder, env=self.environment)
        # Whatever the test forgets, the process does not outlive it for long.
        self.reaper = threading.Timer(self.LIFE_S, self.process.kill)
        self.reaper.daemon = True
        self.reaper.start()
        line = self.process.stdout.readline().split()
        if line[:1] != ["ready"]:
            raise RuntimeError(f"the server did not get ready: {line}\n{self.log.read_text()[-2000:]}")
        self.port = int(line[1].rsplit(":", 1)[1])

    def kill(self):
        """kill -9"""
        self.process.kill()
        self.process.wait()
        self.forget()

    def stop(self, timeout_s=30):
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(timeout=timeout_s)
        self.forget()
        return code

    def forget(self):
        self.process.stdout.close()
        self.reaper.cancel()

    def connect(self, timeout_s=60):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)

    def call(self, method, path, body=None, headers=None, connection=None, timeout_s=60):
        """Status and decoded JSON (or text)."""
        own = connection or self.connect(timeout_s)
        payload = json.dumps(body) if isinstance(body, (dict, list)) else body
        own.request(method, path, payload, {"Content-Type": "application/json", **(headers or {})})
        answer = own.getresponse()
        text = answer.read().decode()
        if not connection:
            own.close()
        try:
            return answer.status, json.loads(text)
        except json.JSONDecodeError:
            return answer.status, text


def eventually(condition, deadline_s=30, every_s=0.02):
    """Polls until `condition()` gives something true, and returns that; raises at the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not true within {deadline_s} s")
        time.sleep(every_s)
