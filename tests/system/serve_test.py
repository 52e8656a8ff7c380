#!/usr/bin/env python3
"""The HTTP interface through the real binary: sessions, events, requests, documents, streams, the ORS interface."""
import http.client
import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from server import Server, eventually  # noqa: E402

BINARY = str(pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/bin/fermata").resolve())

CHART = """<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript" name="chart" initial="a">
  <datamodel><data id="n" expr="0"/><data id="seen" expr="null"/></datamodel>
  <state id="a">
    <transition event="add"><assign location="n" expr="n + Number(_event.data.by || 1)"/></transition>
    <transition event="ask"><send event="answer" targetexpr="_event.origin"><param name="n" expr="n"/></send></transition>
    <transition event="silent"/>
    <transition event="HTTP.POST posted"><assign location="seen" expr="_event.name + ':' + JSON.stringify(_event.data)"/></transition>
    <transition event="note"><log label="note" expr="_event.data"/></transition>
    <transition event="end" target="f"/>
  </state>
  <final id="f"><donedata><param name="n" expr="n"/></donedata></final>
</scxml>"""


class ServeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(BINARY, "persistence.type=memory", "http.request-timeout=500ms",
                                                  "http.heartbeat-interval=100ms"))

    def start(self, **more):
        status, answer = self.server.call("POST", "/api/v1/sessions", {"document": CHART, **more})
        self.assertEqual(status, 201, answer)
        return answer["id"]

    def view(self, session):
        status, view = self.server.call("GET", f"/api/v1/sessions/{session}")
        self.assertEqual(status, 200, view)
        return view

    def send(self, session, name, data=None, **headers):
        return self.server.call("POST", f"/api/v1/sessions/{session}/events", {"name": name, "data": data or {}}, headers)

    def test_a_session_from_start_to_end(self):
        session = self.start(params={"n": 5})
        self.assertEqual(self.view(session)["configuration"], ["a"])
        status, answer = self.send(session, "add", {"by": 2})
        self.assertEqual((status, list(answer)), (200, ["seq"]))
        self.assertEqual(self.view(session)["data"]["n"], 7)
        self.assertEqual(self.send(session, "end")[0], 200)
        ended = self.view(session)
        self.assertEqual((ended["status"], ended["configuration"], ended["donedata"]), ("final", ["f"], {"n": 7}))

    def test_own_names_find_the_session_and_are_taken_once(self):
        session = self.start(id="order 17/b")
        self.assertEqual(self.view("order%2017%2Fb")["id"], session)
        status, problem = self.server.call("POST", "/api/v1/sessions", {"document": CHART, "id": "order 17/b"})
        self.assertEqual((status, problem["code"]), (409, "conflict"))

    def test_a_delayed_event_is_a_timer(self):
        session = self.start()
        self.server.call("POST", f"/api/v1/sessions/{session}/events", {"name": "add", "data": {}, "delay": 300})
        self.assertEqual(self.view(session)["timers"][0]["event"], "add")
        eventually(lambda: self.view(session)["data"]["n"] == 1)

    def test_delete_ends_a_session(self):
        session = self.start()
        self.assertEqual(self.server.call("DELETE", f"/api/v1/sessions/{session}")[0], 200)
        self.assertEqual(self.view(session)["status"], "cancelled")

    def test_requests_are_answered_by_the_chart_or_time_out(self):
        session = self.start(params={"n": 3})
        status, answer = self.server.call("POST", f"/api/v1/sessions/{session}/requests/ask", {"x": 1})
        self.assertEqual((status, answer), (200, {"event": "answer", "data": {"n": 3}}))
        status, problem = self.server.call("POST", f"/api/v1/sessions/{session}/requests/silent", {})
        self.assertEqual((status, problem["code"]), (504, "timeout"))

    def test_lists_go_page_by_page(self):
        started = {self.start() for _ in range(5)}
        seen, cursor = set(), ""
        while True:
            _, page = self.server.call("GET", f"/api/v1/sessions?limit=2&application=chart&state=active{cursor}")
            self.assertLessEqual(len(page["sessions"]), 2)
            seen |= {session["id"] for session in page["sessions"]}
            if "next" not in page:
                break
            cursor = f"&cursor={page['next']}"
        self.assertLessEqual(started, seen)

    def test_mistakes_are_named(self):
        cases = [
            ("POST", "/api/v1/sessions", {}, 400, "invalid-argument"),
            ("POST", "/api/v1/sessions", {"document": CHART, "parms": {}}, 400, "invalid-argument"),
            ("POST", "/api/v1/sessions", {"document": "<scxml"}, 422, "document-refused"),
            ("POST", "/api/v1/sessions", {"src": "file:///etc/passwd"}, 403, "forbidden"),
            ("POST", "/api/v1/sessions", "{", 400, "invalid-argument"),
            ("GET", "/api/v1/sessions/nobody", None, 404, "not-found"),
            ("GET", "/api/v1/sessions?limit=0", None, 400, "invalid-argument"),
            ("GET", "/api/v1/sessions?state=odd", None, 400, "invalid-argument"),
            ("POST", "/api/v1/sessions/nobody/events", {"name": "x"}, 404, "not-found"),
            ("POST", "/api/v1/sessions/nobody/events", {}, 400, "invalid-argument"),
            ("GET", "/nowhere", None, 404, "not-found"),
            ("PATCH", "/api/v1/sessions", None, 405, "method-not-allowed"),
        ]
        for method, path, body, status, code in cases:
            with self.subTest(method=method, path=path, body=body):
                got, problem = self.server.call(method, path, body)
                self.assertEqual((got, problem.get("code")), (status, code), problem)

    def test_documents_have_versions(self):
        headers = {"Content-Type": "application/scxml+xml"}
        status, first = self.server.call("PUT", "/api/v1/documents/chart", CHART, headers)
        self.assertEqual(status, 200, first)
        connection = self.server.connect()
        connection.request("GET", "/api/v1/documents/chart")
        answer = connection.getresponse()
        self.assertEqual(answer.read().decode(), CHART)
        tag = answer.getheader("ETag")
        self.assertEqual(tag, f'"{first["hash"]}"')
        changed = CHART.replace('expr="0"', 'expr="1"')
        self.assertEqual(self.server.call("PUT", "/api/v1/documents/chart", changed, {**headers, "If-Match": '"x"'})[0], 412)
        self.assertEqual(self.server.call("PUT", "/api/v1/documents/chart", changed, {**headers, "If-None-Match": "*"})[0], 412)
        status, second = self.server.call("PUT", "/api/v1/documents/chart", changed, {**headers, "If-Match": tag})
        self.assertEqual(status, 200, second)
        self.assertNotEqual(first["hash"], second["hash"])
        status, problem = self.server.call("PUT", "/api/v1/documents/bad", "<scxml", headers)
        self.assertEqual((status, problem["code"]), (422, "document-refused"))
        self.assertTrue(problem["findings"][0]["line"])
        _, started = self.server.call("POST", "/api/v1/sessions", {"src": "document:chart"})
        self.assertEqual(self.view(started["id"])["data"]["n"], 1)

    def events(self, answer, count):
        """The next events of a stream as (id, name, data), and how many comments came between."""
        found, comments, fields = [], 0, {}
        while len(found) < count:
            line = answer.readline().decode().rstrip("\n")
            if line.startswith(":"):
                comments += 1
            elif line:
                name, _, value = line.partition(":")
                fields[name] = value.strip()
            elif fields:
                found.append((fields.get("id"), fields.get("event"), json.loads(fields["data"])))
                fields = {}
        return found, comments

    def open_stream(self, path, **headers):
        connection = self.server.connect(timeout_s=20)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.getheader("Content-Type"), "text/event-stream")
        return answer

    def test_a_stream_shows_moments_and_resumes(self):
        session = self.start()
        path = f"/api/v1/sessions/{session}/events"
        stream = self.open_stream(path)
        self.send(session, "note", "one")
        first, _ = self.events(stream, 1)
        while first[-1][1] != "log":
            first += self.events(stream, 1)[0]
        self.assertEqual(first[-1][2]["value"], "one")
        stream.close()
        self.send(session, "note", "two")
        again = self.open_stream(path, **{"Last-Event-ID": first[-1][0]})
        resumed, _ = self.events(again, 1)
        while resumed[-1][1] != "log":
            resumed += self.events(again, 1)[0]
        self.assertEqual([event[2]["value"] for event in resumed if event[1] == "log"], ["two"])
        self.assertNotIn("gap", [event[1] for event in resumed])
        self.send(session, "end")
        while resumed[-1][1] != "session.ended":
            resumed += self.events(again, 1)[0]
        self.assertEqual(again.read(), b"")  # the stream ends with the session
        self.assertEqual(self.server.call("GET", path)[0], 204)

    def test_a_stream_of_another_run_starts_with_a_gap_and_hearts_beat(self):
        stream = self.open_stream("/api/v1/events", **{"Last-Event-ID": "1-5"})
        self.start()
        found, _ = self.events(stream, 1)
        self.assertEqual(found[0][1], "gap")
        eventually(lambda: stream.readline().startswith(b": heartbeat"), deadline_s=10)

    def test_the_ors_interface(self):
        source = {"Content-Type": "application/scxml+xml"}
        self.server.call("PUT", "/api/v1/documents/ors", CHART, source)
        connection = self.server.connect()
        connection.request("POST", "/scxml/session/start", "src=document:ors&n=4&seen=text",
                           {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        session = json.loads(answer.read())["sessionid"]
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.getheader("Set-Cookie").startswith(f"ORSSESSIONID={session}.node1"))
        _, view = self.server.call("GET", f"/scxml/session/{session}/query")
        self.assertEqual(view["data"], {"n": 4, "seen": "text"})
        self.assertEqual(self.server.call("POST", f"/scxml/session/{session}/event/add", {"by": 3})[0], 200)
        self.assertEqual(self.server.call("GET", f"/scxml/session/{session}/event/add?by=1")[0], 200)
        self.assertEqual(self.server.call("GET", f"/scxml/session/{session}/request/ask"), (200, {"n": 8}))
        self.assertEqual(self.server.call("POST", f"/scxml/session/{session}/terminate")[0], 200)
        self.assertEqual(self.view(session)["status"], "cancelled")
        self.assertEqual(self.server.call("POST", "/scxml/session/start", {})[0], 400)
        self.assertIn("idealtime", self.server.call("GET", "/ors/help")[1])

    def test_basic_http_messages_become_events(self):
        session = self.start()
        path = f"/scxml/session/{session}/basichttp"
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        self.assertEqual(self.server.call("POST", path, "_scxmleventname=posted&a=1", form)[0], 204)
        self.assertEqual(self.view(session)["data"]["seen"], 'posted:{"a":"1"}')
        self.assertEqual(self.server.call("POST", path, {"b": 2})[0], 204)
        self.assertEqual(self.view(session)["data"]["seen"], 'HTTP.POST:{"b":2}')

    def test_what_is_asked_often(self):
        self.assertEqual(self.server.call("GET", "/health/ready"), (200, {"status": "ready"}))
        status, metrics = self.server.call("GET", "/metrics")
        self.assertEqual(status, 200)
        self.assertIn("fermata_ready 1\n", metrics)
        self.assertEqual(self.server.call("GET", "/api/v1/openapi.json")[1]["openapi"], "3.1.0")


class LifeTest(unittest.TestCase):
    def test_the_journal_shows_what_a_session_did_also_after_a_crash(self):
        with Server(BINARY, "journal.length=2") as server:
            status, started = server.call("POST", "/api/v1/sessions", {"document": CHART})
            self.assertEqual(status, 201, started)
            path = f"/api/v1/sessions/{started['id']}"
            for name, data in (("add", {}), ("note", "hello"), ("end", {})):
                self.assertEqual(server.call("POST", f"{path}/events", {"name": name, "data": data})[0], 200)
            server.kill()
            server.start()
            status, journal = server.call("GET", f"{path}/journal")
            self.assertEqual((status, [entry["seq"] for entry in journal["entries"]]), (200, [4, 3]))
            note = journal["entries"][1]["steps"]
            self.assertIn({"kind": "event", "name": "note"}, note)
            self.assertIn({"kind": "log", "name": "note", "text": "hello"}, note)
            self.assertEqual(journal["entries"][0]["steps"][-1], {"kind": "session.ended", "name": "final"})
            self.assertEqual(len(server.call("GET", f"{path}/journal?limit=1")[1]["entries"]), 1)
            self.assertEqual(server.call("GET", f"{path}/journal?limit=0")[0], 400)
            self.assertEqual(server.call("GET", "/api/v1/sessions/nobody/journal")[0], 404)

    def test_a_repeated_request_gets_its_first_answer_also_after_a_crash(self):
        with Server(BINARY) as server:
            start = {"document": CHART}
            status, first = server.call("POST", "/api/v1/sessions", start, {"Idempotency-Key": "k1"})
            self.assertEqual(status, 201, first)
            path = f"/api/v1/sessions/{first['id']}/events"
            event = server.call("POST", path, {"name": "add", "data": {}}, {"Idempotency-Key": "k2"})
            server.kill()
            server.start()
            self.assertEqual(server.call("POST", "/api/v1/sessions", start, {"Idempotency-Key": "k1"}), (201, first))
            self.assertEqual(server.call("POST", path, {"name": "add", "data": {}}, {"Idempotency-Key": "k2"}), event)
            connection = server.connect()
            connection.request("POST", path, '{"name":"add","data":{}}', {"Idempotency-Key": "k2"})
            self.assertEqual(connection.getresponse().getheader("Idempotent-Replay"), "true")
            _, view = server.call("GET", f"/api/v1/sessions/{first['id']}")
            self.assertEqual(view["data"]["n"], 1)

    def test_sigterm_stops_and_sessions_go_on(self):
        with Server(BINARY) as server:
            _, started = server.call("POST", "/api/v1/sessions", {"document": CHART, "params": {"n": 9}})
            self.assertEqual(server.stop(), 0)
            server.start()
            _, view = server.call("GET", f"/api/v1/sessions/{started['id']}")
            self.assertEqual((view["status"], view["data"]["n"]), ("active", 9))

    def test_a_held_request_does_not_hold_up_the_stop(self):
        with Server(BINARY, "persistence.type=memory") as server:
            _, started = server.call("POST", "/api/v1/sessions", {"document": CHART})
            connection = server.connect()
            connection.request("POST", f"/api/v1/sessions/{started['id']}/requests/silent", "{}")
            eventually(lambda: server.call("GET", f"/api/v1/sessions/{started['id']}")[1]["seq"] > 1)
            self.assertEqual(server.stop(timeout_s=8), 0)
            self.assertEqual(connection.getresponse().status, 503)

    def test_a_second_server_on_the_same_folder_is_refused(self):
        with Server(BINARY) as server:
            second = subprocess.run([BINARY, "serve", "--http.port=0", f"--persistence.folder={server.folder}/data"],
                                    capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(second.returncode, 1)
            self.assertIn("fermata: ", second.stderr)
            self.assertEqual(server.call("GET", "/health/ready")[0], 200)

    def test_a_start_waits_for_a_store_that_is_away_and_can_be_stopped(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with tempfile.TemporaryFile("w+") as log:
            process = subprocess.Popen(
                [BINARY, "serve", f"--http.port={port}", "--persistence.type=redis", "--persistence.redis-nodes=127.0.0.1:1",
                 "--orchestration.sessionid-with-nodeid=true"], stdout=subprocess.PIPE, stderr=log, text=True)
            try:
                def ask(path):
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                    try:
                        connection.request("GET", path)
                        answer = connection.getresponse()
                        return answer.status, answer.read().decode()
                    except OSError:
                        return 0, ""
                    finally:
                        connection.close()
                eventually(lambda: ask("/health/live")[0] == 200)
                eventually(lambda: "127.0.0.1:1" in ask("/health/ready")[1], 60)
                self.assertEqual(ask("/health/ready")[0], 503)
                process.terminate()
                self.assertEqual(process.wait(timeout=20), 0)
                self.assertEqual(process.stdout.read(), "")  # it never said that it is ready
            finally:
                process.kill()
                process.wait()
                process.stdout.close()

    def test_a_second_signal_ends_at_once(self):
        with Server(BINARY, "persistence.type=memory") as server:
            server.process.send_signal(signal.SIGTERM)
            server.process.send_signal(signal.SIGINT)
            self.assertIn(server.process.wait(timeout=10), (0, 128 + signal.SIGINT, 128 + signal.SIGTERM))


if __name__ == "__main__":
    unittest.main(verbosity=2)
