#!/usr/bin/env python3
"""A server on a store of its own is a cluster of one: it serves all when it says `ready`, also after `kill -9` and as another
node; it can be drained; what only several instances can do is refused."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from server import Server, eventually  # noqa: E402

BINARY = str(pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/bin/fermata").resolve())
PARTITIONS = 64
CHART = """<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript">
  <datamodel><data id="n" expr="0"/></datamodel>
  <state id="a"><transition event="add"><assign location="n" expr="n + 1"/></transition></state>
</scxml>"""


class ClusterOfOneTest(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="fermata-test-"))

    def server(self, *options):
        return Server(BINARY, f"persistence.partitions={PARTITIONS}", *options, folder=self.folder)

    def start(self, server, count):
        ids = []
        for _ in range(count):
            status, answer = server.call("POST", "/api/v1/sessions", {"document": CHART})
            self.assertEqual(status, 201, answer)
            ids.append(answer["id"])
        return ids

    def expect_served(self, server, ids):
        """At the first try: `ready` means that everything is served."""
        for session in ids:
            self.assertEqual(server.call("POST", f"/api/v1/sessions/{session}/events", {"name": "add"})[0], 200)
        status, view = server.call("GET", "/api/v1/cluster")
        self.assertEqual(status, 200, view)
        self.assertEqual((view["role"], view["settled"], view["suspended"], view["draining"]), ("acting", True, False, False))
        self.assertEqual({partition["node"] for partition in view["partitions"]}, {view["node"]})
        self.assertEqual(len(view["partitions"]), PARTITIONS)
        self.assertEqual([instance["partitions"] for instance in view["instances"] if instance["self"]], [PARTITIONS])

    def test_everything_is_served_after_each_kind_of_end(self):
        with self.server() as server:
            ids = self.start(server, 100)
            self.expect_served(server, ids)
        with self.server() as server:  # after SIGTERM
            self.expect_served(server, ids)
            server.kill()
            server.start()
            self.expect_served(server, ids)
            server.kill()
        with self.server("orchestration.node-id=7") as server:  # as another node, after kill -9
            self.expect_served(server, ids)
            self.assertEqual(server.call("GET", f"/api/v1/sessions/{ids[0]}")[1]["data"]["n"], 4)

    def test_metrics_tell_of_the_cluster(self):
        with self.server() as server:
            status, text = server.call("GET", "/metrics")
            self.assertEqual(status, 200)
            self.assertIn('fermata_cluster_role{role="acting"} 1\n', text)
            self.assertIn(f"fermata_cluster_partitions_held {PARTITIONS}\n", text)

    def test_a_drained_server_lives_and_takes_no_work(self):
        with self.server() as server:
            session = self.start(server, 1)[0]
            drained = self.drain(server, code=0)
            self.assertIn("drained", drained.stdout)
            self.assertEqual(server.call("GET", "/health/live")[0], 200)
            status, answer = server.call("GET", "/health/ready")
            self.assertEqual(status, 503)
            self.assertIn("drained", answer["reason"])
            self.assertEqual(server.call("GET", f"/api/v1/sessions/{session}")[0], 503)
            # Nobody owns it, and its next owner finds the event in its inbox.
            status, receipt = server.call("POST", f"/api/v1/sessions/{session}/events", {"name": "add"})
            self.assertEqual(status, 202, receipt)
            self.assertEqual(server.call("GET", f"/api/v1/receipts/{receipt['receipt']}")[1]["state"], "waiting")
        with self.server() as server:
            eventually(lambda: server.call("GET", f"/api/v1/receipts/{receipt['receipt']}")[1]["state"] == "taken")
            self.assertEqual(server.call("GET", f"/api/v1/sessions/{session}")[1]["data"]["n"], 1)

    def drain(self, server, *arguments, code):
        done = subprocess.run([BINARY, "drain", "--url", f"http://127.0.0.1:{server.port}", *arguments],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def test_drain_says_what_is_wrong(self):
        tokens = pathlib.Path(self.folder) / "tokens"
        tokens.write_text("the-admin-token admin ann\nthe-reader-token reader rob\n")
        reader = pathlib.Path(self.folder) / "reader"
        reader.write_text("the-reader-token\n")
        with self.server(f"http.tokens-file={tokens}") as server:
            self.assertIn("401", self.drain(server, code=1).stderr)
            self.assertIn("403", self.drain(server, "--token-file", str(reader), code=1).stderr)
            self.drain(server, "--token-file", str(tokens), code=0)
        missing = self.drain(server, "--token-file", "/nowhere", code=1)
        self.assertIn("--token-file", missing.stderr)
        self.assertIn("127.0.0.1", self.drain(server, code=1).stderr)  # it has ended

    def test_a_backup_needs_a_store_that_is_shared(self):
        done = subprocess.run([BINARY, "serve", "--cluster.role=backup", f"--persistence.folder={self.folder}/data"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("role=backup needs [persistence] type=redis", done.stderr)


if __name__ == "__main__":
    unittest.main()
