#!/usr/bin/env python3
"""`fermata store` with the real binary: what `check` finds in a cluster and advises, what `info`, `list` and `show` tell, and
sessions that move between the embedded store and Redis, both ways, and go on there.

    store_tools_test.py FERMATA [unittest arguments]"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import redis_rights  # noqa: E402
from redis_cluster import RedisCluster  # noqa: E402
from server import Server, eventually  # noqa: E402

BINARY = None
SOURCE = pathlib.Path(__file__).resolve().parents[2]
CHART = ('<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" name="order" datamodel="ecmascript">'
         '<datamodel><data id="n" expr="0"/></datamodel>'
         '<state id="open"><onentry><send event="late" delay="%s" id="t"/></onentry>'
         '<transition event="add"><assign location="n" expr="n + 1"/></transition>'
         '<transition event="late" target="overdue"/><transition event="end" target="closed"/></state>'
         '<state id="overdue"/>'
         '<final id="closed"><donedata><param name="n" expr="n"/></donedata></final></scxml>')


class StoreTools(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = RedisCluster.start(tls=True, acl=True, spare=1, life_s=280)
        cls.password = cls.cluster.options["passwords"]["fermata"]

    @classmethod
    def tearDownClass(cls):
        cls.cluster.down()

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.data = self.folder / "data"
        # Each test has keys of its own.
        self.cluster_name = self._testMethodName
        self.redis = {**self.cluster.persistence_options}
        self.environment = {"FERMATA_PERSISTENCE_PASSWORD": self.redis.pop("password")}

    def options(self, **more):
        """Words for one configuration that describes both stores."""
        words = ["--orchestration.sessionid-with-nodeid=true", f"--cluster.name={self.cluster_name}",
                 f"--persistence.folder={self.data}", "--persistence.partitions=16"]
        for name, value in {**self.redis, **more}.items():
            text = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
            words.append(f"--persistence.{name.replace('_', '-')}={text}")
        return words

    def store(self, *words, code=0, **more):
        done = subprocess.run([BINARY, "store", *words, *self.options(**more)], check=False, capture_output=True, text=True,
                              timeout=120, cwd=self.folder, env={**os.environ, **self.environment})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertNotIn(self.password, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def server(self, kind):
        return Server(BINARY, *[word[2:] for word in self.options(type=kind)], folder=self.folder,
                      environment=self.environment)

    def fill(self, server):
        for name, delay in (("soon", "1s"), ("later", "3600s"), ("ended", "3600s")):
            status, answer = server.call("POST", "/api/v1/sessions", {"document": CHART % delay, "id": name})
            self.assertEqual(status, 201, answer)
        for _ in range(3):
            self.send(server, "later", "add")
        self.send(server, "ended", "end")
        status, answer = server.call("PUT", "/api/v1/documents/order", CHART % "3600s")
        self.assertEqual(status, 200, answer)

    def send(self, server, session, name, **headers):
        status, answer = server.call("POST", f"/api/v1/sessions/{session}/events", {"name": name}, headers)
        self.assertEqual(status, 200, answer)

    def view(self, server, session):
        status, view = server.call("GET", f"/api/v1/sessions/{session}")
        self.assertEqual(status, 200, view)
        return view

    def expect_all(self, server):
        """What fill() left, and that it goes on."""
        self.assertEqual(self.view(server, "later")["data"]["n"], 3)
        self.assertEqual(self.view(server, "later")["seq"], 4)
        self.assertEqual(self.view(server, "ended")["donedata"], {"n": 0})
        eventually(lambda: self.view(server, "soon")["configuration"] == ["overdue"])
        self.send(server, "later", "add")
        self.assertEqual(self.view(server, "later")["data"]["n"], 4)
        status, _ = server.call("POST", "/api/v1/sessions", {"src": "document:order"})
        self.assertEqual(status, 201)

    def test_sessions_move_to_redis_and_go_on(self):
        with self.server("embedded") as server:
            self.fill(server)
            self.send(server, "later", "add", **{"Idempotency-Key": "once"})
            n = self.view(server, "later")["data"]["n"]
        said = self.store("migrate", "--from", "embedded", "--to", "redis")
        self.assertIn("migrated 3 sessions (1 ended)", said)
        with self.server("redis") as server:
            self.send(server, "later", "add", **{"Idempotency-Key": "once"})  # a repetition
            self.assertEqual(self.view(server, "later")["data"]["n"], n)
            self.assertEqual(self.view(server, "ended")["donedata"], {"n": 0})
            eventually(lambda: self.view(server, "soon")["configuration"] == ["overdue"])
        again = self.store("migrate", "--from", "embedded", "--to", "redis", code=1)
        self.assertIn("are in this store already", again)

    def test_sessions_move_back_by_a_file(self):
        with self.server("redis") as server:
            self.fill(server)
        self.store("export", "all.jsonl", type="redis")
        self.assertEqual((self.folder / "all.jsonl").stat().st_mode & 0o077, 0)
        self.store("import", "all.jsonl", type="embedded")
        self.store("export", "again.jsonl", type="embedded")
        exports = [(self.folder / name).read_text().splitlines()[1:] for name in ("all.jsonl", "again.jsonl")]
        self.assertEqual(*exports)
        with self.server("embedded") as server:
            self.expect_all(server)

    def test_a_server_that_runs_is_noticed(self):
        with self.server("embedded") as server:
            self.fill(server)
            self.store("export", "never.jsonl", type="embedded", code=1)  # the folder is its own
        with self.server("redis") as server:
            self.fill(server)
            refused = self.store("export", "never.jsonl", "--take-over", type="redis", code=1)
            self.assertIn("node 1 at http://127.0.0.1:", refused)
            self.assertEqual(server.call("POST", "/api/v1/sessions/later/events", {"name": "add"})[0], 200)
            server.kill()  # its record stays, and it does not beat any more
            self.store("export", "taken.jsonl", "--take-over", type="redis")
            server.start()
            eventually(lambda: server.call("POST", "/api/v1/sessions/later/events", {"name": "add"})[0] == 200)
            refused = self.store("import", "taken.jsonl", type="redis", code=1)
            self.assertIn("works on this store", refused)
        lines = [json.loads(line) for line in (self.folder / "taken.jsonl").read_text().splitlines()]
        self.assertEqual(lines[-1]["sessions"], 3)

    def test_looking_inside(self):
        for kind in ("embedded", "redis"):
            with self.subTest(kind):
                with self.server(kind) as server:
                    self.fill(server)
                    seen = {name: self.view(server, name) for name in ("later", "ended")}
                info = json.loads(self.store("info", "--json", type=kind))
                self.assertEqual((info["sessions_live"], info["sessions_ended"]), (2, 1))
                self.assertEqual((info["partitions"], info["document_names"]), (16, 1))
                self.assertIn("2 live, 1 ended", self.store("info", type=kind))
                listed = [json.loads(line) for line in self.store("list", "--json", type=kind).splitlines()]
                self.assertEqual({line["key"] for line in listed}, {"soon", "later", "ended"})
                for name, view in seen.items():
                    self.assertEqual(json.loads(self.store("show", name, "--json", type=kind)), view)
                self.assertRegex(self.store("show", "later", type=kind), "(?s)states +open.*data n +3.*timer .* late")
                self.store("show", "nobody", code=1, type=kind)

    def test_no_store_is_made_by_looking(self):
        self.assertIn("there is no store", self.store("info", type="embedded", code=1))
        self.assertFalse(self.data.exists())
        self.assertIn("there is no store", self.store("list", type="redis", code=1))

    def test_check_finds_a_healthy_cluster(self):
        said = self.store("check", type="redis", code=1)  # no maxmemory is a warning
        self.assertIn(f"all {len(redis_rights.needed())} commands", said)
        self.assertEqual(len(re.findall("ok +commit +20 trials", said)), 3)
        findings = json.loads(self.store("check", "--json", type="redis", code=1))["findings"]
        self.assertEqual({finding["step"] for finding in findings if finding["severity"] == "warning"}, {"memory"})
        # What only an administrator may ask for.
        self.assertIn("cluster-node-timeout, min-replicas-to-write and appendfsync cannot be read", said)
        admin = {"username": "admin", "password": self.cluster.options["passwords"]["admin"]}
        self.assertIn("appendfsync everysec", self.store("check", type="redis", code=1, **admin))

    def test_check_names_what_is_wrong_and_what_to_do(self):
        cases = [
            ({"password": "wrong"}, "login", "username|password"),
            ({"redis_nodes": "127.0.0.1:1"}, "connection", "redis-nodes"),
            ({"redis_nodes": "nowhere.fermata.invalid:6379"}, "name", "redis-nodes"),
            ({"redis_wait_replicas": 2}, "replicas", "redis-wait-replicas"),
            ({"tls_enabled": False}, "login", "tls-enabled"),
        ]
        for options, step, words in cases:
            with self.subTest(step=step, options=str(sorted(options))):
                report = json.loads(self.store("check", "--json", type="redis", code=2,
                                               **{"redis_connect_timeout": "2s", **options}))
                errors = [finding for finding in report["findings"] if finding["severity"] == "error"]
                self.assertIn(step, {finding["step"] for finding in errors})
                self.assertRegex(json.dumps(errors), words)

    def test_check_names_slots_that_are_moved_or_torn(self):
        slot = "442"
        source = self.cluster.primary_of(int(slot))
        with_slots = next(node for node in self.cluster.primaries() if node.number != source.number)
        for target in (with_slots, self.cluster.nodes[-1]):
            with self.subTest(target=target.number):
                self.check_moves(slot, source, target)

    def check_moves(self, slot, source, target):
        with self.cluster.connect(source) as there, self.cluster.connect(target) as here:
            here.call("CLUSTER", "SETSLOT", slot, "IMPORTING", self.cluster.identity(source))
            try:
                # Its server does not know: as after a failover.
                said = self.store("check", type="redis", code=2)
                self.assertRegex(said, f"moves.* slot {slot} was being moved")
                self.assertIn("When a move of slots was cut off", said)
                there.call("CLUSTER", "SETSLOT", slot, "MIGRATING", self.cluster.identity(target))
                said = self.store("check", type="redis", code=1)
                self.assertRegex(said, f"moves.* slot {slot} is being moved")
            finally:
                for connection in (here, there):
                    connection.call("CLUSTER", "SETSLOT", slot, "STABLE")

    def test_check_names_rights_that_lack(self):
        user = f"poor-{self._testMethodName}"
        for node in self.cluster.nodes:
            with self.cluster.connect(node) as connection:
                rights = redis_rights.rights_of_fermata(self.cluster_name).split()
                lacking = [word for word in rights if word not in ("+zadd", "+cluster|slots", "+evalsha")]
                connection.call("ACL", "SETUSER", user, ">poor", *lacking)
        said = self.store("check", type="redis", code=2, username=user, password="poor")
        for command in ("zadd", "cluster|slots", "evalsha"):
            self.assertIn(f" +{command}", said)
        self.assertIn("ACL SETUSER", said)
        self.cluster_name = "another"
        self.assertIn("~ORS:another:*", self.store("check", type="redis", code=2, username=user, password="poor"))

    def test_check_finds_another_partition_count(self):
        with self.server("redis") as server:
            self.fill(server)
        said = self.store("check", type="redis", code=2, partitions=32)
        self.assertIn("partitions=16", said)

    def test_the_guide_asks_for_the_rights_that_are_needed(self):
        guide = (SOURCE / "docs/guide/redis.md").read_text()
        rule = re.search(r"ACL SETUSER fermata on >the-password (.*)", guide).group(1)
        self.assertEqual(set(rule.split()), set(redis_rights.rights_of_fermata("fermata").split()) - {"on"})


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
