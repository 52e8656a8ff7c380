#!/usr/bin/env python3
"""TLS between Fermata and Redis, every way to set it up and every usual way to get it wrong, with the real binary.

    tls_matrix_test.py FERMATA [unittest arguments]

What is right works; what is wrong keeps the server from starting with a message that names the option to mend, and
`fermata store check` says the same. Passwords appear nowhere."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import certificates  # noqa: E402
from redis_cluster import RedisCluster  # noqa: E402
from server import Server, eventually  # noqa: E402
from sni_front import SniFront  # noqa: E402

BINARY = None
SNI_NAME = "redis.fermata.test"
START_S = 60
CHART = ('<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" name="one"><state id="a">'
         '<transition event="go" target="b"/></state><state id="b"/></scxml>')


def arguments(options):
    """Command line words from {"persistence option": value}."""
    words = ["--orchestration.sessionid-with-nodeid=true", "--persistence.redis-connect-timeout=2s"]
    for name, value in options.items():
        text = {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)
        words.append(f"--persistence.{name}={text}")
    return words


def refusal(options, patterns):
    """What `fermata serve` says that does not start: it refuses, or waits for a Redis that may be mended and says what for.
    Until all patterns are in it."""
    with tempfile.TemporaryDirectory() as folder:
        said = pathlib.Path(folder) / "said"
        with open(said, "w", encoding="utf-8") as file:
            with subprocess.Popen([BINARY, "serve", "--http.port=0", *arguments(options)], cwd=folder, stdout=file,
                                  stderr=file) as server:
                try:
                    eventually(lambda: server.poll() is not None or all(re.search(pattern, said.read_text())
                                                                        for pattern in patterns), START_S)
                finally:
                    server.kill()
        text = said.read_text()
    if server.returncode == 0 or re.search("^ready ", text, re.MULTILINE):
        raise AssertionError(f"it started:\n{text}")
    return text


def checked(options):
    """Exit code and text of `fermata store check`."""
    done = subprocess.run([BINARY, "store", "check", *arguments(options)], check=False, capture_output=True, text=True,
                          timeout=START_S)
    return done.returncode, done.stdout + done.stderr


class Case(unittest.TestCase):
    maxDiff = None

    def works(self, options):
        """A session gets an event through Redis; gives everything that the server said meanwhile."""
        with Server(BINARY, *[word[2:] for word in arguments(options)]) as server:
            status, session = server.call("POST", "/api/v1/sessions", {"document": CHART})
            self.assertEqual(status, 201, session)
            path = f"/api/v1/sessions/{session['id']}"
            self.assertEqual(server.call("POST", f"{path}/events", {"name": "go"})[0], 200)
            view = eventually(lambda: server.call("GET", path)[1])
            self.assertEqual(view["configuration"], ["b"])
            said = server.call("GET", "/metrics")[1] + json.dumps(server.call("GET", "/health/ready")[1])
            said += server.log.read_text()
        code, text = checked(options)
        self.assertLess(code, 2, text)  # advice is no error
        self.assertIn("0 errors", text)
        return said + text

    def refused(self, options, *patterns):
        """Both commands say it, in words that match every pattern."""
        code, text = checked(options)
        self.assertEqual(code, 2, text)
        texts = [refusal(options, patterns), text]
        for said in texts:
            for pattern in patterns:
                self.assertRegex(said, pattern)
        return "".join(texts)


class OneServer(Case):
    """A stand-alone server with TLS, and certificates of every kind beside it."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = RedisCluster.start(standalone=True, tls=True, life_s=280)
        folder = cls.cluster.folder
        certificates.make_authority(folder, "other-ca")
        cls.right = {"type": "redis", "redis-nodes": cls.cluster.nodes_option, "redis-wait-replicas": 0,
                     "tls-enabled": True}

    @classmethod
    def tearDownClass(cls):
        cls.cluster.down()

    def file(self, name):
        return self.cluster.file(name)

    def test_ca_file(self):
        self.works({**self.right, "tls-cacert": self.file("ca.crt")})

    def test_ca_folder(self):
        folder = certificates.make_hashed_folder(self.file("authorities"), self.file("ca.crt"))
        self.works({**self.right, "tls-cacertdir": folder})

    def test_a_node_by_name_and_by_ipv6(self):
        port = self.cluster.nodes[0].port
        self.works({**self.right, "redis-nodes": f"localhost:{port}", "tls-cacert": self.file("ca.crt")})
        if self.cluster.nodes[0].answers_on("::1"):
            self.works({**self.right, "redis-nodes": f"[::1]:{port}", "tls-cacert": self.file("ca.crt")})

    def test_another_authority(self):
        self.refused({**self.right, "tls-cacert": self.file("other-ca.crt")}, "certificate", "tls-cacert")

    def test_a_folder_without_hashes(self):
        folder = pathlib.Path(self.file("unhashed"))
        folder.mkdir()
        (folder / "ca.crt").write_bytes(pathlib.Path(self.file("ca.crt")).read_bytes())
        self.refused({**self.right, "tls-cacertdir": folder}, "tls-cacertdir")

    def test_the_systems_authorities_do_not_know_it(self):
        self.refused(self.right, "tls-cacert")

    def test_a_key_without_certificate_and_the_reverse(self):
        trusted = {**self.right, "tls-cacert": self.file("ca.crt")}
        for alone in ({"tls-key": self.file("client.key")}, {"tls-cert": self.file("client.crt")}):
            self.refused({**trusted, **alone}, "tls-cert", "tls-key", "together")

    def test_a_key_of_another_certificate(self):
        self.refused({**self.right, "tls-cacert": self.file("ca.crt"), "tls-cert": self.file("client.crt"),
                      "tls-key": self.file("server.key")}, "tls-key")

    def test_files_that_cannot_be_read(self):
        for name in ("tls-cacert", "tls-cacertdir"):
            self.refused({**self.right, name: self.file("nowhere")}, name, "nowhere")

    def test_plain_text_to_a_tls_port(self):
        self.refused({**self.right, "tls-enabled": False}, "tls-enabled")


class BadCertificates(Case):
    def server_with(self, **options):
        """A server that shows a certificate made with these options."""
        cluster = RedisCluster.start(standalone=True, tls=True, life_s=120)
        self.addCleanup(cluster.down)
        certificates.make_certificate(cluster.folder, "server", **options)
        with cluster.connect(0) as connection:  # a new file is read when the setting is set again
            connection.call("CONFIG", "SET", "tls-cert-file", cluster.file("server.crt"), "tls-key-file",
                            cluster.file("server.key"))
        return {"type": "redis", "redis-nodes": cluster.nodes_option, "redis-wait-replicas": 0, "tls-enabled": True,
                "tls-cacert": cluster.file("ca.crt")}

    def test_expired(self):
        self.refused(self.server_with(expired=True), "expired")

    def test_for_another_name(self):
        options = self.server_with(names=("DNS:elsewhere.fermata.test",))
        self.refused(options, "tls-verify-hostname", "tls-sni")
        self.works({**options, "tls-verify-hostname": False})
        self.works({**options, "tls-sni": "elsewhere.fermata.test"})


class Mutual(Case):
    @classmethod
    def setUpClass(cls):
        cls.cluster = RedisCluster.start(mutual_tls=True, acl=True, life_s=280)
        certificates.make_authority(cls.cluster.folder, "other-ca")
        certificates.make_certificate(cls.cluster.folder, "stranger", authority="other-ca")
        cls.right = cls.cluster.persistence_options

    @classmethod
    def tearDownClass(cls):
        cls.cluster.down()

    def test_with_a_certificate(self):
        self.works(self.right)

    def test_without_a_certificate(self):
        options = {name: value for name, value in self.right.items() if name not in ("tls-cert", "tls-key")}
        self.refused(options, "tls-cert", "tls-key")

    def test_with_a_certificate_of_another_authority(self):
        self.refused({**self.right, "tls-cert": self.cluster.file("stranger.crt"),
                      "tls-key": self.cluster.file("stranger.key")}, "tls-cert")

    def test_logins(self):
        self.refused({**self.right, "password": "not-the-password"}, "username", "password")
        self.refused({**self.right, "username": "nobody"}, "username")
        self.refused({name: value for name, value in self.right.items() if name not in ("username", "password")},
                     "password")

    def test_passwords_appear_nowhere(self):
        secret = self.right["password"]
        said = self.works(self.right)
        wrong = "wrong-but-secret-all-the-same"
        said += self.refused({**self.right, "password": wrong})
        options = subprocess.run([BINARY, "options", *arguments(self.right)], check=True, capture_output=True, text=True)
        for text in (said, options.stdout + options.stderr):
            self.assertNotIn(secret, text)
            self.assertNotIn(wrong, text)
        # From a file as well, whose name may be shown, and from the environment.
        secret_file = pathlib.Path(self.cluster.file("password"))
        secret_file.write_text(secret + "\n")
        without = {name: value for name, value in self.right.items() if name != "password"}
        self.assertNotIn(secret, self.works({**without, "password-file": secret_file}))
        os.environ["FERMATA_PERSISTENCE_PASSWORD"] = secret
        self.addCleanup(os.environ.pop, "FERMATA_PERSISTENCE_PASSWORD")
        self.assertNotIn(secret, self.works(without))


class PlainServer(Case):
    def test_tls_to_a_plain_port(self):
        with RedisCluster.start(standalone=True, life_s=120) as cluster, tempfile.TemporaryDirectory() as folder:
            authority = certificates.make_authority(folder)
            self.refused({"type": "redis", "redis-nodes": cluster.nodes_option, "redis-wait-replicas": 0,
                          "tls-enabled": True, "tls-cacert": authority}, "tls-enabled")


class Front(Case):
    """A gateway that ends TLS and routes by the name in the handshake, with a plain server behind it."""

    def test_the_name_is_needed(self):
        with RedisCluster.start(standalone=True, life_s=120) as cluster, tempfile.TemporaryDirectory() as folder:
            authority = certificates.make_authority(folder)
            certificates.make_certificate(folder, "front", names=(f"DNS:{SNI_NAME}",))
            node = cluster.nodes[0]
            with SniFront(f"{folder}/front.crt", f"{folder}/front.key", {SNI_NAME: (node.host, node.port)}) as front:
                options = {"type": "redis", "redis-nodes": f"127.0.0.1:{front.port}", "redis-wait-replicas": 0,
                           "tls-enabled": True, "tls-cacert": authority}
                self.works({**options, "tls-sni": SNI_NAME})
                self.assertEqual(set(front.names_seen), {SNI_NAME})
                self.refused(options, "tls-sni")
                self.refused({**options, "tls-sni": "unknown.fermata.test"}, "tls-sni")


if __name__ == "__main__":
    BINARY = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)
