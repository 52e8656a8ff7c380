#!/usr/bin/env python3
"""The test clusters themselves: what `scripts/dev redis` and the other tests build on does what it says.

    cluster_test.py [unittest arguments]"""
import os
import pathlib
import signal
import ssl
import subprocess
import sys
import time
import unittest

SUPPORT = pathlib.Path(__file__).resolve().parents[1] / "support"
sys.path.insert(0, str(SUPPORT))
from network import Network  # noqa: E402
from redis_cluster import RedisCluster  # noqa: E402
from redis_connection import Login, RedisConnection, RedisError, fields  # noqa: E402
from server import eventually  # noqa: E402

KEY = "ORS:test:{7}:s:1"  # of a slot that a test chooses by its tag


def slot_of(cluster, key):
    with cluster.connect(0) as connection:
        return connection.call("CLUSTER", "KEYSLOT", key)


class Faults(unittest.TestCase):
    """One cluster for all; each test leaves it healthy."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = RedisCluster.start(tls=True, acl=True, life_s=280)

    @classmethod
    def tearDownClass(cls):
        cls.cluster.down()

    def setUp(self):
        self.slot = slot_of(self.cluster, KEY)
        self.primary = self.cluster.primary_of(self.slot)

    def tearDown(self):
        self.cluster.wait_healthy()

    def write(self, value):
        with self.cluster.connect(self.cluster.primary_of(self.slot)) as connection:
            connection.call("SET", KEY, value)
            self.assertEqual(connection.call("WAIT", 1, 5000), 1)

    def read(self):
        with self.cluster.connect(self.cluster.primary_of(self.slot)) as connection:
            return connection.text("GET", KEY)

    def test_settings_are_those_we_recommend(self):
        with self.cluster.connect(0) as connection:
            for name, value in (("appendonly", b"yes"), ("appendfsync", b"everysec"), ("maxmemory-policy", b"noeviction"),
                                ("hash-max-listpack-value", b"1024"), ("cluster-require-full-coverage", b"no"),
                                ("cluster-allow-reads-when-down", b"no")):
                self.assertEqual(connection.call("CONFIG", "GET", name)[1], value, name)

    def test_a_killed_primary_is_replaced_and_comes_back_as_replica(self):
        self.write("before")
        self.cluster.kill(self.primary)
        self.assertFalse(self.primary.is_running())
        eventually(lambda: self.cluster.primary_of(self.slot) not in (self.primary, None))
        self.assertEqual(self.read(), "before")
        self.cluster.restart(self.primary)
        self.cluster.wait_healthy()
        self.assertEqual(self.cluster.role(self.primary), "slave")

    def test_a_paused_primary_answers_nothing_until_it_is_resumed(self):
        self.cluster.pause(self.primary)
        with self.assertRaises(OSError):
            self.cluster.connect(self.primary, timeout_s=0.2).close()
        self.cluster.resume(self.primary)
        self.cluster.connect(self.primary).close()

    def test_failover_keeps_what_was_written(self):
        for how in (None, "FORCE", "TAKEOVER"):
            with self.subTest(how=how):
                self.write(str(how))
                new = self.cluster.failover(self.cluster.primary_of(self.slot), how)
                self.cluster.wait_healthy()
                self.assertIs(self.cluster.primary_of(self.slot), new)
                self.assertEqual(self.read(), str(how))

    def test_a_moved_slot_takes_its_keys_along(self):
        self.write("moved")
        source, target, slots = self.cluster.reshard(source=self.primary, choose=lambda mine, count: [self.slot])
        self.assertEqual((source, slots), (self.primary, [self.slot]))
        self.cluster.wait_healthy()
        self.assertIs(self.cluster.primary_of(self.slot), target)
        self.assertEqual(self.read(), "moved")

    def test_moves_that_were_cut_off_are_mended_by_the_guides_commands(self):
        tag = KEY[KEY.index("{"):KEY.index("}") + 1]
        for case, is_failed_over in (("broken off", False), ("failed over", True)):
            with self.subTest(case=case):
                source = self.cluster.primary_of(self.slot)
                target = next(node for node in self.cluster.primaries() if node is not source)
                keys = [f"{tag}{number}" for number in range(35)]
                with self.cluster.connect(source) as connection:
                    connection.pipeline([("SET", key, case) for key in keys])
                self.cluster.move_half(self.slot, source, target)
                if is_failed_over:
                    self.cluster.failover(source)

                self.cluster.mend()
                self.cluster.wait_healthy()

                server = self.cluster.primary_of(self.slot)
                self.assertEqual(server is target, not is_failed_over)
                with self.cluster.connect(server) as connection:
                    self.assertEqual(connection.pipeline([("GET", key) for key in keys]), [case.encode()] * len(keys))
                with self.cluster.connect(target if is_failed_over else source) as connection:
                    self.assertEqual(connection.call("CLUSTER", "COUNTKEYSINSLOT", self.slot), 0)

    def test_all_servers_come_back_from_their_files(self):
        self.write("kept")
        for node in self.cluster.nodes:
            self.cluster.kill(node)
        self.cluster.restart_all()
        self.cluster.wait_healthy()
        self.assertEqual(self.read(), "kept")

    def test_what_scripts_wrote_comes_back_from_the_files(self):
        # Their writes are transactions in the AOF, which are loaded with the rights of the default user.
        with self.cluster.connect(self.primary) as connection:
            connection.call("EVAL", "redis.call('SET', KEYS[1], 'a') redis.call('APPEND', KEYS[1], 'b')", 1, KEY)
            self.assertEqual(connection.call("WAIT", 1, 5000), 1)
        for node in self.cluster.nodes:
            self.cluster.terminate(node)
        self.cluster.restart_all()
        self.cluster.wait_healthy()
        self.assertEqual(self.read(), "ab")

    def test_scripts_are_gone_after_the_flush(self):
        with self.cluster.connect(self.primary) as connection:
            digest = connection.call("SCRIPT", "LOAD", "return 1")
            self.assertEqual(connection.call("SCRIPT", "EXISTS", digest), [1])
            self.cluster.flush_scripts()
            self.assertEqual(connection.call("SCRIPT", "EXISTS", digest), [0])

    def test_another_process_attaches_and_disturbs(self):
        control = self.cluster.environment["FERMATA_TEST_REDIS_CONTROL"].split()
        subprocess.run([*control, "kill", str(self.primary.number)], check=True)
        self.assertFalse(self.primary.is_running())
        subprocess.run([*control, "restart", str(self.primary.number)], check=True)
        subprocess.run([*control, "wait"], check=True)
        status = subprocess.run([*control, "status"], check=True, capture_output=True, text=True).stdout
        self.assertIn("healthy", status)


class Access(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = RedisCluster.start(standalone=True, acl=True, mutual_tls=True, life_s=280)
        cls.node = cls.cluster.nodes[0]

    @classmethod
    def tearDownClass(cls):
        cls.cluster.down()

    def test_without_login_nothing_is_allowed(self):
        login = self.cluster.login
        login.password = None
        with RedisConnection(self.node.host, self.node.port, login) as connection:
            with self.assertRaises(RedisError) as caught:
                connection.call("GET", KEY)
            self.assertEqual(caught.exception.prefix, "NOAUTH")

    def test_the_servers_user_gets_its_keys_and_commands_only(self):
        with RedisConnection(self.node.host, self.node.port, self.cluster.login_of("fermata")) as connection:
            self.assertEqual(connection.call("SET", KEY, "1"), b"OK")
            script = connection.call("SCRIPT", "LOAD", "return redis.call('GET', KEYS[1])")
            self.assertEqual(connection.call("EVALSHA", script, 1, KEY), b"1")
            for refused in (("SET", "other", "1"), ("KEYS", "*"), ("FLUSHALL",), ("CONFIG", "GET", "*"),
                            ("EVALSHA", script, 1, "other"), ("ACL", "LIST")):
                with self.assertRaises(RedisError, msg=refused) as caught:
                    connection.call(*refused)
                self.assertIn("permissions", str(caught.exception), refused)

    def test_without_a_certificate_there_is_no_connection(self):
        login = Login(tls=True, cacert=self.cluster.file("ca.crt"))
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            with RedisConnection(self.node.host, self.node.port, login) as connection:
                connection.call("PING")

    def test_the_configuration_is_private(self):
        for name in ("fermata.toml", "0/redis.conf", "client.key"):
            self.assertEqual(os.stat(self.cluster.file(name)).st_mode & 0o077, 0, name)


class Life(unittest.TestCase):
    def test_nothing_outlives_a_starter_that_is_killed(self):
        code = (f"import sys; sys.path.insert(0, {str(SUPPORT)!r})\n"
                "from redis_cluster import RedisCluster\n"
                "cluster = RedisCluster.start(standalone=True, life_s=100)\n"
                "print(cluster.folder, cluster.nodes[0].pid(), flush=True)\n"
                "sys.stdin.read()\n")
        with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as starter:
            folder, pid = starter.stdout.readline().split()
            self.assertTrue(os.path.exists(f"/proc/{pid}"))
            starter.send_signal(signal.SIGKILL)
            eventually(lambda: not os.path.exists(folder) and not os.path.exists(f"/proc/{pid}"))

    def test_a_server_that_held_much_can_start_again_at_once(self):
        """It takes some time to give its memory back, and only then closes its port."""
        settings = {"enable-debug-command": "yes", "appendonly": "no"}
        with RedisCluster.start(standalone=True, settings=settings, life_s=100) as started:
            cluster = RedisCluster.attach(started.folder)  # which cannot ask the system for its end
            for _ in range(3):
                with cluster.connect(0, timeout_s=60) as connection:
                    connection.call("DEBUG", "POPULATE", 400_000, "key", 400)
                cluster.kill(0)
                cluster.restart(0)
                cluster.wait_healthy()

    def test_everything_ends_when_its_time_is_over(self):
        cluster = RedisCluster.start(standalone=True, life_s=2, outlive_starter=True)
        eventually(lambda: not cluster.folder.exists() and not cluster.nodes[0].is_running())


class Valkey(unittest.TestCase):
    def test_a_cluster_of_valkey(self):
        try:
            cluster = RedisCluster.start(valkey=True, tls=True, acl=True, replicas=1, life_s=280)
        except RuntimeError as error:
            if "is not installed" in str(error):
                self.skipTest(str(error))
            raise
        with cluster, cluster.connect(0) as connection:
            self.assertEqual(fields(connection.text("INFO", "server"))["server_name"], "valkey")


@unittest.skipIf(Network.unavailable(), Network.unavailable())
class Cuts(unittest.TestCase):
    """Takes root; says so where it is left out."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = RedisCluster.start(netns=True, life_s=280)

    @classmethod
    def tearDownClass(cls):
        cls.cluster.down()

    def answers(self, node):
        with self.cluster.connect(node, timeout_s=0.3) as connection:
            return connection.call("PING") == b"PONG"

    def test_the_sides_of_a_cut(self):
        for side, with_node, with_others in (("away", False, True), ("beside", True, False), ("both", True, True)):
            with self.subTest(side=side):
                primary = self.cluster.primaries()[0]
                other = next(node for node in self.cluster.nodes if node is not primary)
                self.cluster.cut(primary, side)
                for node, expected in ((primary, with_node), (other, with_others)):
                    try:
                        self.assertEqual(self.answers(node), expected)
                    except OSError:
                        self.assertFalse(expected)
                self.cluster.heal()
                self.cluster.wait_healthy()

    def test_a_cut_primary_loses_its_slots(self):
        primary = self.cluster.primaries()[0]
        self.cluster.cut(primary)
        others = [node for node in self.cluster.nodes if node is not primary]
        eventually(lambda: any(view.is_primary and view.serves(0) and view.port != primary.port
                               for view in self.cluster.view(others[0])))
        self.cluster.heal()
        self.cluster.wait_healthy()
        self.assertEqual(self.cluster.role(primary), "slave")

    def test_an_open_connection_starves_without_an_error(self):
        primary = self.cluster.primaries()[0]
        with self.cluster.connect(primary, timeout_s=0.5) as connection:
            self.cluster.cut(primary)
            begin = time.monotonic()
            with self.assertRaises(TimeoutError):
                connection.call("PING")
            self.assertGreater(time.monotonic() - begin, 0.4)
            self.cluster.heal()
        self.cluster.wait_healthy()


if __name__ == "__main__":
    unittest.main(verbosity=2)
