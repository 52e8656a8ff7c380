#!/usr/bin/env python3
"""Who may do what, and how much: tokens, listening addresses, bodies, slow clients, streams, pending events."""
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from server import Server, eventually  # noqa: E402

BINARY = str(pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/bin/fermata").resolve())
IDLE = """<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript" name="idle">
  <datamodel><data id="got" expr="0"/></datamodel>
  <state id="a"><transition event="ping"><assign location="got" expr="got + 1"/></transition>
  <transition event="self"><send event="ping" type="http://www.w3.org/TR/scxml/#BasicHTTPEventProcessor"
    targetexpr="_ioprocessors['http://www.w3.org/TR/scxml/#BasicHTTPEventProcessor'].location"/></transition></state>
</scxml>"""


class TokenTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.tokens = pathlib.Path(folder) / "tokens"
        cls.tokens.write_text("r-token reader someone who looks\no-token operator a service\na-token admin somebody\n")
        cls.server = cls.enterClassContext(Server(BINARY, "persistence.type=memory", f"http.tokens-file={cls.tokens}"))

    def status(self, method, path, token=None, body=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.server.call(method, path, body, headers)[0]

    def test_roles_decide(self):
        cases = [
            ("GET", "/api/v1/sessions", None, {None: 401, "wrong": 401, "r-token": 200, "o-token": 200, "a-token": 200}),
            ("POST", "/api/v1/sessions", {"document": IDLE}, {None: 401, "r-token": 403, "o-token": 201, "a-token": 201}),
            ("PUT", "/api/v1/documents/idle", IDLE, {None: 401, "r-token": 403, "o-token": 403, "a-token": 200}),
            ("GET", "/metrics", None, {None: 401, "r-token": 200}),
            ("POST", "/scxml/session/x/basichttp", {}, {None: 401, "r-token": 403, "o-token": 404}),
            ("GET", "/health/ready", None, {None: 200}),
            ("GET", "/api/v1/openapi.json", None, {None: 200}),
        ]
        for method, path, body, expected in cases:
            for token, status in expected.items():
                with self.subTest(method=method, path=path, token=token):
                    self.assertEqual(self.status(method, path, token, body), status)

    def test_who_is_refused_is_told_how(self):
        connection = self.server.connect()
        connection.request("GET", "/api/v1/sessions")
        self.assertIn("Bearer", connection.getresponse().getheader("WWW-Authenticate"))

    def test_a_chart_may_send_to_itself_without_a_token(self):
        headers = {"Authorization": "Bearer o-token"}
        _, started = self.server.call("POST", "/api/v1/sessions", {"document": IDLE}, headers)
        path = f"/api/v1/sessions/{started['id']}"
        self.server.call("POST", f"{path}/events", {"name": "self"}, headers)
        eventually(lambda: self.server.call("GET", path, headers=headers)[1]["data"]["got"] == 1)

    def test_a_new_token_is_seen(self):
        with open(self.tokens, "a", encoding="utf-8") as file:
            file.write("late-token reader late\n")
        eventually(lambda: self.status("GET", "/api/v1/sessions", "late-token") == 200, deadline_s=10)


class RefusalTest(unittest.TestCase):
    def serve(self, *options):
        with tempfile.TemporaryDirectory() as folder:
            return subprocess.run([BINARY, "serve", "--http.port=0", f"--persistence.folder={folder}/data", *options],
                                  capture_output=True, text=True, timeout=30, check=False)

    def test_only_loopback_without_tokens(self):
        done = self.serve("--http.address=0.0.0.0")
        self.assertEqual(done.returncode, 1)
        self.assertIn("tokens-file", done.stderr)

    def test_stores_that_cannot_be_opened_are_refused_with_a_sentence(self):
        for kind, advice in (("redis", "sessionid-with-nodeid=true"), ("cassandra", "use type=redis")):
            done = self.serve(f"--persistence.type={kind}")
            self.assertEqual(done.returncode, 1)
            self.assertIn(advice, done.stderr)

    def test_mistyped_options_are_refused(self):
        done = self.serve("--http.prot=1")
        self.assertEqual(done.returncode, 64)
        self.assertIn("did you mean http.port?", done.stderr)


class BoundTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(
            BINARY, "persistence.type=memory", "http.header-timeout=500ms", "http.body-timeout=1s", "http.max-streams=1",
            "http.max-body-size=64KiB", "scxml.max-event-size=8KiB"))

    def raw(self, request):
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as connection:
            connection.sendall(request)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
            return received.split(b"\r\n")[0]

    def test_a_gigabyte_is_refused_before_it_is_sent(self):
        self.assertIn(b" 413 ", self.raw(b"POST /api/v1/sessions/x/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n"))

    def test_a_slow_header_is_cut(self):
        self.assertIn(b" 408 ", self.raw(b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: "))

    def test_a_slow_body_is_cut(self):
        self.assertIn(b" 408 ", self.raw(b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"))

    def test_one_stream_more_than_allowed_is_refused(self):
        connection = self.server.connect()
        connection.request("GET", "/api/v1/events")
        first = connection.getresponse()
        self.assertEqual(first.status, 200)
        status, problem = self.server.call("GET", "/api/v1/events")
        self.assertEqual((status, problem["code"]), (429, "overloaded"))
        first.close()
        connection.close()

    def test_an_event_that_is_too_large_is_refused(self):
        _, started = self.server.call("POST", "/api/v1/sessions", {"document": IDLE})
        status, problem = self.server.call("POST", f"/api/v1/sessions/{started['id']}/events",
                                           {"name": "ping", "data": "x" * 10000})
        self.assertEqual((status, problem["code"]), (413, "too-large"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
