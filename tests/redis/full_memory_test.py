#!/usr/bin/env python3
"""The real server on a Redis Cluster whose memory is full: with TLS, and with a user that has only the rights that the guide asks for.

    full_memory_test.py FERMATA [unittest arguments]"""
import concurrent.futures
import itertools
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from redis_cluster import RedisCluster  # noqa: E402
from server import Server, eventually  # noqa: E402

BINARY = None
SESSIONS = 40
FILLER_BYTES = 16 << 20
CHART = ('<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" name="order" datamodel="ecmascript">'
         '<datamodel><data id="n" expr="0"/></datamodel>'
         '<state id="open">'
         '<transition event="add"><assign location="n" expr="n + 1"/></transition>'
         '<transition event="end" target="closed"/></state>'
         '<final id="closed"/></scxml>')


class FullMemory(unittest.TestCase):
    def setUp(self):
        self.cluster = RedisCluster.start(tls=True, acl=True, life_s=280)
        self.addCleanup(self.cluster.down)
        options = {**self.cluster.persistence_options}
        environment = {"FERMATA_PERSISTENCE_PASSWORD": options.pop("password")}
        words = [f"persistence.{name}={str(value).lower() if isinstance(value, bool) else value}" for name, value in options.items()]
        self.server = self.enterContext(Server(BINARY, *words, "orchestration.sessionid-with-nodeid=true",
                                               "persistence.partitions=16", "http.answer-timeout=3s", environment=environment))
        self.turns = itertools.count()
        self.acknowledged = {f"order-{number}": 0 for number in range(SESSIONS)}
        for name in self.acknowledged:
            self.assertEqual(self.start(name)[0], 201)
        # Some memory that is easily measured, on each primary, and made by Redis itself.
        for primary in self.cluster.primaries():
            with self.cluster.connect(primary) as connection:
                connection.call("SETRANGE", self.key_on(primary), FILLER_BYTES, "x")

    def key_on(self, primary):
        with self.cluster.connect(primary) as connection:
            return next(key for key in (f"filler:{{{number}}}" for number in range(100))
                        if self.cluster.primary_of(connection.call("CLUSTER", "KEYSLOT", key)) is primary)

    def limit_memory(self, part):
        """maxmemory becomes this part of what is used, 0: no limit; as Redis counts, without its replicas' buffers."""
        for primary in self.cluster.primaries():
            with self.cluster.connect(primary) as connection:
                text = connection.text("INFO", "memory")
                used, not_counted = (int(re.search(rf"^{name}:(\d+)", text, re.MULTILINE)[1])
                                     for name in ("used_memory", "mem_not_counted_for_evict"))
                connection.call("CONFIG", "SET", "maxmemory", int((used - not_counted) * part))

    def start(self, name):
        return self.server.call("POST", "/api/v1/sessions", {"document": CHART, "id": name})

    def send(self, session, event, key):
        status, answer = self.server.call("POST", f"/api/v1/sessions/{session}/events", {"name": event}, {"Idempotency-Key": key})
        if status == 200 and event == "add":
            self.acknowledged[session] += 1
        return status, answer

    def add_to_all(self, key):
        """Statuses of one event to each session, at the same time."""
        with concurrent.futures.ThreadPoolExecutor(len(self.acknowledged)) as pool:
            return [run.result()[0] for run in [pool.submit(self.send, name, "add", f"{name}-{key}") for name in self.acknowledged]]

    def wait_until_ready(self):
        eventually(lambda: self.server.call("GET", "/health/ready")[0] == 200)

    def assert_becomes_refused(self, call):
        """What running sessions are refused tells the server, for three seconds; on a slow machine those may be over."""
        def is_refused():
            turn = next(self.turns)
            self.assertEqual(set(self.add_to_all(f"turn-{turn}")), {200})
            status, problem = call(turn)
            return status == 503 and "memory" in str(problem)
        eventually(is_refused)

    def assert_nothing_is_lost_or_doubled(self):
        for name, count in self.acknowledged.items():
            self.assertEqual(self.server.call("GET", f"/api/v1/sessions/{name}")[1]["data"]["n"], count, name)

    def test_running_sessions_go_on_from_the_reserve_and_new_work_is_refused(self):
        self.limit_memory(0.98)
        self.assert_becomes_refused(lambda turn: self.start(f"more-{turn}"))
        self.assert_becomes_refused(lambda turn: self.server.call("PUT", "/api/v1/documents/order", CHART))
        self.assert_becomes_refused(lambda turn: self.server.call("GET", "/health/ready"))

        self.limit_memory(0)
        self.wait_until_ready()
        self.assertEqual(self.start("one-more")[0], 201)
        self.assert_nothing_is_lost_or_doubled()

    def test_sessions_end_when_the_reserve_is_used_up_too(self):
        self.limit_memory(0.5)
        names = list(self.acknowledged)
        running, ending = names[:SESSIONS // 2], names[SESSIONS // 2:]
        # The first one on each primary waits in vain; then the server knows, and refuses at once.
        statuses = [self.send(name, "add", f"{name}-first")[0] for name in running]
        self.assertEqual(set(statuses), {503, 504})
        self.assertLessEqual(statuses.count(504), 2 * len(self.cluster.primaries()), statuses)

        with concurrent.futures.ThreadPoolExecutor(len(ending)) as pool:
            ended = [run.result()[0] for run in [pool.submit(self.end, name) for name in ending]]
        # Those of a partition where a commit waits come behind it.
        self.assertLessEqual(set(ended), {200, 504})
        self.assertIn(200, ended)

        self.limit_memory(0)
        self.wait_until_ready()
        # A repetition tells what became of it: it has happened, once.
        self.assertEqual({self.send(name, "add", f"{name}-first")[0] for name in running}, {200})
        self.assertEqual({self.end(name)[0] for name in ending}, {200})
        for name in ending:
            del self.acknowledged[name]
        self.assert_nothing_is_lost_or_doubled()

    def end(self, session):
        return self.server.call("DELETE", f"/api/v1/sessions/{session}", headers={"Idempotency-Key": f"{session}-end"})


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    unittest.main(verbosity=2)
