#!/usr/bin/env python3
"""What callers see when a session's owner goes away, and what an operator sees of it.

    handover_test.py --binary FERMATA

Held requests and event streams through another node end with a clear word; events for a session that nobody serves are kept and
happen once; nodes that do not fit are refused; a backup instance says what it is."""
import argparse
import json
import re
import socket
import subprocess
import threading
import time
import unittest

from cluster_of_servers import NAME, PARTITIONS, ClusterOfServers, skip_without_redis, start_redis
from instance import eventually

LIFE_S = 400
CHART = """<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript" name="patient">
  <datamodel><data id="count" expr="0"/><data id="asked" expr="0"/></datamodel>
  <state id="waiting">
    <transition event="count"><assign location="count" expr="count + 1"/></transition>
    <transition event="ask"><assign location="asked" expr="asked + 1"/></transition>
  </state>
</scxml>"""
# Hands whoever asks on to another session, which answers in its place.
ASKED = """<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript" name="asked">
  <state id="waiting">
    <transition event="ask"><send targetexpr="'#_scxml_' + _event.data.helper" event="work"><param name="to" expr="_event.origin"/></send></transition>
  </state>
</scxml>"""
HELPING = """<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript" name="helping">
  <datamodel><data id="worked" expr="0"/><data id="last"/></datamodel>
  <state id="waiting">
    <transition event="work">
      <assign location="worked" expr="worked + 1"/><assign location="last" expr="_event.data.to"/>
      <send targetexpr="last" event="done"><param name="worked" expr="worked"/></send>
      <send targetexpr="last" event="done.again"/>
    </transition>
    <transition event="late"><send targetexpr="last" event="too.late"/><assign location="worked" expr="-1"/></transition>
  </state>
</scxml>"""
options = None


class RawStream:
    """An event stream, byte for byte."""

    def __init__(self, instance, session):
        self.socket = socket.create_connection((instance.host, instance.port), 60)
        self.socket.sendall(f"GET /api/v1/sessions/{session}/events HTTP/1.1\r\nHost: test\r\n\r\n".encode())
        self.text = ""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while data := self.socket.recv(65536):
                self.text += data.decode()
        except OSError:
            pass

    def close(self):
        self.socket.close()


class HandoverTest(unittest.TestCase):
    def setUp(self):
        self.redis = start_redis(LIFE_S)
        self.addCleanup(self.redis.down)

    def start(self, nodes=2, backups=(), **more):
        servers = ClusterOfServers(options.binary, self.redis, nodes=nodes, backups=backups, life_s=LIFE_S, **more)
        self.addCleanup(servers.__exit__, None)
        servers.start()
        servers.wait_whole()
        self.assertIn(servers["1"].call("PUT", "/api/v1/documents/patient", CHART)[0], (200, 201))
        return servers

    def start_at(self, instance, document="patient"):
        """A session that lives there."""
        status, answer, _ = instance.call("POST", "/api/v1/sessions", {"src": f"document:{document}"})
        self.assertEqual(status, 201, answer)
        return answer["id"]

    def view(self, instance, session):
        status, view, _ = instance.call("GET", f"/api/v1/sessions/{session}")
        self.assertEqual(status, 200, view)
        return view

    def count_soon(self, instance, session, expected):
        eventually(lambda: self.view(instance, session)["data"]["count"] == expected, 30, lambda: self.view(instance, session))

    def stream_of(self, instance, session):
        stream = RawStream(instance, session)
        self.addCleanup(stream.close)
        eventually(lambda: ": fermata" in stream.text, 30, lambda: f"the stream begins: {stream.text!r}")
        return stream

    def check_callers_through_a_peer(self, take_away):
        servers = self.start()
        session = self.start_at(servers["1"])
        stream = self.stream_of(servers["2"], session)
        answers = []
        asking = threading.Thread(target=lambda: answers.append(
            servers["2"].call("POST", f"/api/v1/sessions/{session}/requests/ask", {})))
        asking.start()
        eventually(lambda: self.view(servers["1"], session)["data"]["asked"] == 1, 30, "the chart is asked")

        take_away(servers["1"])

        asking.join(60)
        self.assertFalse(asking.is_alive(), "the held request is answered")
        status, answer, fields = answers[0]
        self.assertEqual(status, 503, answer)
        self.assertIn("retry-after", fields)
        eventually(lambda: stream.text.endswith("\r\n0\r\n\r\n"), 30, lambda: f"the stream ends: {stream.text!r}")
        self.assertIn("retry:", stream.text)
        # Both are welcome again, at the same node, once the session has a new owner.
        eventually(lambda: servers["2"].call("POST", f"/api/v1/sessions/{session}/events", {"name": "count"})[0] == 200, 30,
                   "an event is served by the new owner")
        again = self.stream_of(servers["2"], session)

        def is_told():
            servers["2"].call("POST", f"/api/v1/sessions/{session}/events", {"name": "count"})
            return "event: transition" in again.text

        eventually(is_told, 30, lambda: f"the new stream tells of a transition: {again.text!r}", 0.2)

    def test_callers_are_told_when_the_owner_is_killed(self):
        self.check_callers_through_a_peer(lambda owner: owner.kill())

    def test_callers_are_told_when_the_owner_is_stopped(self):
        def stop(owner):
            owner.terminate()
            self.assertEqual(owner.wait_ended(), 0)

        self.check_callers_through_a_peer(stop)

    def test_a_restarted_node_hands_over_what_its_former_life_owned(self):
        servers = ClusterOfServers(options.binary, self.redis, nodes=2, life_s=LIFE_S)
        self.addCleanup(servers.__exit__, None)
        servers["1"].start()
        servers.wait_until_acting("1")
        self.assertIn(servers["1"].call("PUT", "/api/v1/documents/patient", CHART)[0], (200, 201))
        sessions = [self.start_at(servers["1"]) for _ in range(PARTITIONS)]

        servers["1"].kill()
        servers["1"].start()
        time.sleep(0.5)  # pause: whoever watches the old record longer has the verdict first, and that shall be node 1
        servers["2"].start()
        servers.wait_whole()

        owners = {owner["node"] for owner in servers["1"].view()["partitions"]}
        self.assertEqual(owners, {1, 2})
        for session in sessions:
            self.assertEqual(servers["2"].call("POST", f"/api/v1/sessions/{session}/events", {"name": "count"})[0], 200)
            self.assertEqual(self.view(servers["1"], session)["data"]["count"], 1)

    def keys_on(self, primary, pattern):
        with self.redis.connect(primary) as connection:
            return [key.decode() for key in connection.call("KEYS", pattern)]

    def test_a_primary_that_is_away_holds_up_its_own_partitions_only(self):
        servers = self.start()
        needed = [f"ORS:{NAME}:nodes", f"ORS:{NAME}:store"]
        away = next(primary for primary in self.redis.primaries() if not any(self.keys_on(primary, key) for key in needed))
        beyond = {int(re.search(r"\{(\d+)", key)[1]) for key in self.keys_on(away, f"ORS:{NAME}:{{*:owner")}
        owner_of = {number: owner["node"] for number, owner in enumerate(servers["2"].view()["partitions"])}
        before = {number for number in owner_of if owner_of[number] == 1 and number not in beyond}
        self.assertTrue(beyond and before, "there are partitions of that primary, and node 1 has some of others")
        stopped = [away, *self.redis.replicas_of(away)]  # so that nobody takes its place
        for server in stopped:
            self.redis.pause(server)
        servers["1"].kill()
        servers["1"].start()

        def has_them_again():
            view = servers["1"].view()
            return view and {number for number, owner in enumerate(view["partitions"]) if owner["node"] == 1} >= before

        eventually(has_them_again, 60, lambda: f"{before} should be node 1's: {servers['1'].view()}")
        self.assertEqual(servers["1"].call("POST", "/api/v1/sessions", {"src": "document:patient"})[0], 201)
        for server in stopped:
            self.redis.resume(server)
        servers.wait_whole()

    def test_events_for_nobody_are_kept_and_happen_once(self):
        servers = self.start(nodes=2)
        session = self.start_at(servers["1"])
        key = {"Idempotency-Key": "once"}
        path = f"/api/v1/sessions/{session}/events"
        for name in ("2", "1"):
            self.assertEqual(servers[name].call("POST", "/api/v1/cluster/drain")[0], 202)
        for name in ("1", "2"):
            eventually(lambda name=name: servers[name].view()["drained"], 30, lambda name=name: servers[name].view())

        status, answer, fields = servers["2"].call("POST", path, {"name": "count"}, key)
        self.assertEqual(status, 202, answer)
        receipt = fields["location"]
        self.assertEqual(receipt, f"/api/v1/receipts/{answer['receipt']}")
        self.assertEqual(servers["1"].call("GET", receipt)[1], {"state": "waiting"})
        self.assertEqual(servers["1"].call("POST", path, {"name": "count"}, key)[0], 202, "a repetition")
        self.assertEqual(servers["1"].call("POST", path, {"name": "count", "delay": 1000})[0], 503, "a delayed event")
        self.assertEqual(servers["1"].call("POST", "/api/v1/sessions/no-such-session/events", {"name": "count"})[0], 404)

        self.assertEqual(servers.restart("2"), 0)
        eventually(lambda: servers["2"].view(), 60, "node 2 answers again")
        eventually(lambda: servers["2"].call("GET", receipt)[1] == {"state": "taken"}, 60,
                   lambda: servers["2"].call("GET", receipt))
        self.count_soon(servers["2"], session, 1)
        self.assertEqual(servers["2"].call("POST", path, {"name": "count"}, key)[0], 200, "a repetition, answered by the owner")
        self.assertEqual(servers["2"].call("POST", path, {"name": "count"})[0], 200)
        self.count_soon(servers["2"], session, 2)

    def test_a_session_of_another_node_answers_a_held_request(self):
        servers = self.start(nodes=2)
        for name, chart in (("asked", ASKED), ("helping", HELPING)):
            self.assertIn(servers["1"].call("PUT", f"/api/v1/documents/{name}", chart)[0], (200, 201))
        asked = self.start_at(servers["1"], "asked")
        helper = self.start_at(servers["2"], "helping")
        path = f"/api/v1/sessions/{asked}/requests/ask"

        for worked, through in enumerate(("1", "2", "1"), 1):
            answer = servers[through].call("POST", path, {"helper": helper})
            self.assertEqual(answer[:2], (200, {"event": "done", "data": {"worked": worked}}))

        # The process that held the request is gone; so is the request, and that is no error.
        last = self.view(servers["2"], helper)["data"]["last"]
        self.assertTrue(last.startswith("#_request_1x"), last)
        servers["1"].kill()
        servers["1"].start()
        servers.wait_whole()
        # Node 2 reads the nodes' records ten times a lease, so it may not have seen the new process yet.
        eventually(lambda: [instance["alive"] for instance in servers["2"].view()["instances"]] == [True, True], 30,
                   lambda: servers["2"].view())
        self.assertEqual(servers["2"].call("POST", f"/api/v1/sessions/{helper}/events", {"name": "late"})[0], 200)
        eventually(lambda: self.view(servers["2"], helper)["data"]["worked"] == -1, 30, lambda: self.view(servers["2"], helper))
        self.assertEqual(self.view(servers["2"], helper)["status"], "active")
        answer = servers["1"].call("POST", path, {"helper": helper})
        self.assertEqual(answer[:2], (200, {"event": "done", "data": {"worked": 0}}))

    def test_the_drain_command_hands_everything_over(self):
        servers = self.start()
        session = self.start_at(servers["1"])

        done = subprocess.run([servers.binary, "drain", "--url", servers["1"].url], capture_output=True, text=True, timeout=120,
                              check=False)

        self.assertEqual(done.returncode, 0, done)
        view = servers["2"].view()
        self.assertEqual({owner["node"] for owner in view["partitions"]}, {2})
        self.assertEqual(servers["1"].call("POST", f"/api/v1/sessions/{session}/events", {"name": "count"})[0], 200,
                         "a drained instance passes requests on")
        self.assertEqual(servers["1"].call("GET", "/health/ready")[0], 503)

    def test_a_backup_is_alive_but_not_ready_until_it_is_needed(self):
        servers = self.start(nodes=1, backups=[1])
        standby = next(instance for instance in servers if instance.view()["role"] == "standby")
        acting = next(instance for instance in servers if instance is not standby)
        session = self.start_at(acting)

        self.assertEqual(standby.call("GET", "/health/live")[0], 200)
        status, answer, _ = standby.call("GET", "/health/ready")
        self.assertEqual(status, 503)
        self.assertIn("standby", json.dumps(answer))
        acting.kill()

        eventually(lambda: standby.call("GET", "/health/ready")[0] == 200, 30, lambda: standby.call("GET", "/health/ready"))
        self.assertEqual(standby.view()["node"], 1)
        self.assertEqual(standby.call("POST", f"/api/v1/sessions/{session}/events", {"name": "count"})[0], 200)

    def test_who_does_not_fit_is_refused_with_a_reason(self):
        servers = self.start(nodes=1)
        command = [word.replace(f"persistence.partitions={PARTITIONS}", "persistence.partitions=32") for word in servers["1"].command]
        command = [word.replace("node-id=1", "node-id=9").replace(f":{servers['1'].port}", ":0") for word in command]
        command = [word.replace(f"http.port={servers['1'].port}", "http.port=0") for word in command]

        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=servers.folder)

        self.assertNotEqual(done.returncode, 0)
        self.assertIn("partitions", done.stderr)
        self.assertEqual(servers.what_is_wrong(), "")

    def test_rebalance_brings_partitions_where_they_should_be(self):
        servers = ClusterOfServers(options.binary, self.redis, nodes=2, life_s=LIFE_S, options=["cluster.auto-rebalance=false"])
        self.addCleanup(servers.__exit__, None)
        servers["1"].start()
        servers.wait_until_acting("1")
        servers["2"].start()
        servers.wait_whole_but_for_balance()
        self.assertEqual({owner["node"] for owner in servers["2"].view()["partitions"]}, {1}, "nothing moves by itself")

        status, answer, _ = servers["2"].call("POST", "/api/v1/cluster/rebalance")

        self.assertIn(status, (200, 202), answer)
        eventually(lambda: {owner["node"] for owner in servers["1"].view()["partitions"]} == {1, 2}, 60, "both own some")
        servers.wait_whole()


def main():
    global options
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    options, others = parser.parse_known_args()
    skip_without_redis()
    unittest.main(argv=["handover_test.py", *others])


if __name__ == "__main__":
    main()
