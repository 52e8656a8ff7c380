"""Clients as applications have them, behind one face: curl, and got (npm) with tough-cookie. Both follow redirects and keep
cookies; neither repeats a request."""
import collections
import json
import pathlib
import queue
import shutil
import subprocess
import threading

HERE = pathlib.Path(__file__).resolve().parent
ANSWER_S = 60

# `url`: where the answer came from after redirects; `cookies`: what the client holds for it.
Answer = collections.namedtuple("Answer", "status body url cookies")


class CurlClient:
    name = "curl"

    def __init__(self, folder):
        self.jar = pathlib.Path(folder) / "cookies.txt"

    def call(self, method, url, json_body=None, form=None, text=None):
        command = ["curl", "-sS", "-L", "-b", self.jar, "-c", self.jar, "--max-time", str(ANSWER_S),
                   "-w", "\n%{http_code} %{url_effective}"]
        if method != "GET":
            command += ["-X", method]
        if json_body is not None:
            command += ["-H", "Content-Type: application/json", "--data-binary", json.dumps(json_body)]
        for name, value in (form or {}).items():
            command += ["--data-urlencode", f"{name}={value}"]
        if text is not None:
            command += ["-H", "Content-Type: text/plain", "--data-binary", text]
        done = subprocess.run([*map(str, command), url], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"curl {method} {url}: {done.stderr.strip()}")
        body, _, last = done.stdout.rpartition("\n")
        status, where = last.split(" ", 1)
        return Answer(int(status), body, where, self._cookies())

    def _cookies(self):
        fields = [line.removeprefix("#HttpOnly_").split("\t") for line in self.jar.read_text().splitlines()] if self.jar.exists() else []
        return {line[5]: line[6] for line in fields if len(line) == 7}

    def stream(self, url):
        return Stream(["curl", "-sS", "-N", "-L", "-b", str(self.jar), url])

    def close(self):
        pass


class GotClient:
    name = "got (npm)"

    @staticmethod
    def unavailable():
        """Why it cannot be used; empty when it can. Installs what its lock file names at the first call."""
        if not shutil.which("node") or not shutil.which("npm"):
            return "node and npm are not installed"
        folder = HERE / "npm_client"
        if not (folder / "node_modules" / "got").exists():
            done = subprocess.run(["npm", "ci", "--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder,
                                  capture_output=True, text=True, check=False)
            if done.returncode != 0:
                return f"npm ci failed: {done.stderr.strip()[-500:]}"
        return ""

    def __init__(self, folder):
        self.process = subprocess.Popen(["node", "client.js"], cwd=HERE / "npm_client", stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        del folder

    def call(self, method, url, json_body=None, form=None, text=None):
        asked = {"method": method, "url": url}
        asked.update({name: value for name, value in (("json", json_body), ("form", form), ("text", text)) if value is not None})
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        told = json.loads(self.process.stdout.readline())
        if "error" in told:
            raise AssertionError(f"got {method} {url}: {told['error']}")
        return Answer(told["status"], told["body"], told["url"], told["cookies"])

    def stream(self, url):
        return Stream(["node", str(HERE / "npm_client" / "client.js"), "stream", url])

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(ANSWER_S)


class Stream:
    """An open event stream of a client that is a process of its own."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        self.seen = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with self.process.stdout as output:
            for line in output:
                self.lines.put(line.rstrip())
        self.lines.put(None)

    def wait_for(self, wanted):
        """Until a line contains it."""
        if not self.comes(wanted, ANSWER_S):
            raise AssertionError(f"no {wanted!r} within {ANSWER_S} s; seen: {self.seen}")

    def comes(self, wanted, within_s):
        """Whether such a line comes within that time of the last one."""
        while True:
            try:
                line = self.lines.get(timeout=within_s)
            except queue.Empty:
                return False
            if line is None:
                raise AssertionError(f"the stream ended before {wanted!r}; seen: {self.seen}")
            self.seen.append(line)
            if wanted in line:
                return True

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()
