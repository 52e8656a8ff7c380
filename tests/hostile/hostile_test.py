#!/usr/bin/env python3
"""Hostile documents and requests through the real binary: refused with a clear answer, and the server works on."""
import pathlib
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from server import Server, eventually  # noqa: E402

BINARY = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/bin/fermata"

LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE scxml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">]>
<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0"><state id="a"><onentry><log label="&e;"/></onentry></state></scxml>"""
EXTERNAL = """<?xml version="1.0"?>
<!DOCTYPE scxml [<!ENTITY secret SYSTEM "file:///etc/passwd">]>
<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0"><state id="a"><onentry><log label="&secret;"/></onentry></state></scxml>"""
EXTERNAL_SUBSET = """<?xml version="1.0"?>
<!DOCTYPE scxml SYSTEM "http://127.0.0.1:9/evil.dtd">
<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0"><state id="a"><onentry><log label="&fromDtd;"/></onentry></state></scxml>"""
HEAD = '<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0">'


def nested(depth):
    return HEAD + "".join(f'<state id="s{n}">' for n in range(depth)) + "</state>" * depth + "</scxml>"


def including(url):
    return (f'<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" xmlns:xi="http://www.w3.org/2001/XInclude">'
            f'<xi:include href="{url}"/><state id="a"/></scxml>')


class HostileTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(
            BINARY, "persistence.type=memory", "http.header-timeout=1000", "http.body-timeout=2000", "http.idle-timeout=5000"))

    def tearDown(self):
        self.assertEqual(self.server.call("GET", "/health/live")[0], 200)

    def refused(self, document):
        status, problem = self.server.call("POST", "/api/v1/sessions", {"document": document})
        self.assertGreaterEqual(status, 400, problem)
        self.assertLess(status, 500, problem)
        self.assertIn("code", problem)
        return str(problem)

    def test_entity_expansion_is_refused(self):
        self.assertIn("entit", self.refused(LAUGHS))

    def test_external_entities_are_never_read(self):
        self.assertNotIn("root:", self.refused(EXTERNAL))
        self.refused(EXTERNAL_SUBSET)

    def test_deep_nesting_is_refused(self):
        self.assertIn("max-xml-depth", self.refused(nested(20000)))

    def test_files_outside_the_configured_folders_are_not_included(self):
        for url in ("file:///etc/passwd", "../../../../../../etc/passwd", "http://127.0.0.1:9/x.xml"):
            self.assertNotIn("root:", self.refused(including(url)))
        status, problem = self.server.call("POST", "/api/v1/sessions", {"src": "file:///etc/passwd"})
        self.assertGreaterEqual(status, 400)
        self.assertNotIn("root:", str(problem))

    def test_malformed_documents_name_the_place(self):
        self.assertIn("line", self.refused(HEAD + "\n<state id='a'>\n</scxml>"))

    def test_deep_json_is_refused(self):
        status, problem = self.server.call("POST", "/api/v1/sessions", "[" * 100000)
        self.assertEqual(status, 413)
        self.assertIn("nested deeper", problem["detail"])

    def raw(self, request, timeout_s=10):
        """Sends bytes as they are and returns what comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=timeout_s) as connection:
            connection.sendall(request)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
            return received

    def test_a_gigabyte_is_refused_before_it_is_sent(self):
        head = b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n"
        self.assertIn(b" 413 ", self.raw(head).split(b"\r\n")[0])

    def test_an_endless_chunked_body_is_cut(self):
        head = b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as connection:
            connection.sendall(head)
            try:
                for _ in range(4000):
                    connection.sendall(chunk)
                self.fail("250 MB were taken")
            except (BrokenPipeError, ConnectionResetError):
                pass

    def test_a_slow_head_is_cut(self):
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=20) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
            answer = connection.recv(65536)  # the server closes, or says 408 first
            self.assertTrue(answer == b"" or b" 408 " in answer, answer)

    def test_many_slow_clients_leave_room_for_others(self):
        slow = [self.enterContext(socket.create_connection(("127.0.0.1", self.server.port), timeout=20))
                for _ in range(200)]
        for connection in slow:
            connection.sendall(b"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")

        self.assertEqual(self.server.call("GET", "/health/live", timeout_s=10)[0], 200)

        def all_closed():
            left = []
            for connection in slow:
                connection.settimeout(0.001)
                try:
                    if connection.recv(65536):
                        left.append(connection)
                except TimeoutError:
                    left.append(connection)
                except ConnectionError:
                    pass
            slow[:] = left
            return not left

        eventually(all_closed, deadline_s=30, every_s=0.1)

    def test_a_huge_header_is_refused(self):
        answer = self.raw(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200000 + b"\r\n\r\n")
        self.assertTrue(answer == b"" or answer.startswith((b"HTTP/1.1 4",)), answer[:100])

    def test_nonsense_is_answered_400(self):
        self.assertIn(b" 400 ", self.raw(b"\x16\x03\x01 nonsense\r\n\r\n").split(b"\r\n")[0])


if __name__ == "__main__":
    unittest.main(verbosity=2)
