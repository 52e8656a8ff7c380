#!/usr/bin/env python3
"""Hostile sessions must not disturb the others on their shard.

One shard runs 1,000 counters beside sessions that change prototypes, leak globals, loop for ever, allocate without bound and
recurse. The counters must give the same results as without them, and get on while the hostile ones are being stopped.
"""
import concurrent.futures
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from server import Server, eventually  # noqa: E402

BINARY = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/bin/fermata"
COUNTERS = 1000
EVENTS_EACH = 3
TIMEOUT_MS = 500

COUNTER = """<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript" name="counter">
  <datamodel>
    <data id="count" expr="0"/>
    <data id="odd" expr="[]"/>
  </datamodel>
  <state id="counting">
    <transition event="tick">
      <assign location="count" expr="count + [1, 2, 3].map(function (n) { return n; }).length"/>
      <script>odd.push(typeof leaked, ({}).marked === undefined, [].join === Array.prototype.join, Math.max(1, 2), JSON.stringify({a: 1}));</script>
    </transition>
  </state>
</scxml>"""
CLEAN_TICK = ["undefined", True, True, 2, '{"a":1}']


def hostile(name, script):
    return f"""<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript" name="{name}">
  <state id="ready"><transition event="go"><script><![CDATA[{script}]]></script></transition></state>
</scxml>"""


HOSTILE = {
    "prototypes": """
        try { Object.prototype.marked = 1; } catch (e) {}
        try { Array.prototype.map = function () { return []; }; } catch (e) {}
        try { Array.prototype.join = null; } catch (e) {}
        try { Math.max = function () { return 99; }; } catch (e) {}
        try { JSON.stringify = function () { return 'stolen'; }; } catch (e) {}
        try { Object.defineProperty(Object.prototype, 'marked', {value: 1}); } catch (e) {}
        try { (function () {}).constructor.prototype.marked = 1; } catch (e) {}""",
    "globals": """
        leaked = 'by assignment';
        try { globalThis.leaked = 1; } catch (e) {}
        try { (function () { this.leaked = 1; })(); } catch (e) {}
        try { Function('return this')().leaked = 1; } catch (e) {}
        try { (0, eval)('var leaked = 1'); } catch (e) {}""",
    "loop": "while (true) {}",
    "caught_loop": "while (true) { try { while (true) {} } catch (e) {} }",
    "memory": "var kept = []; while (true) { kept.push(new Array(100000).fill('x')); }",
    "errors_without_memory": """
        var kept = [];
        for (var size = 1 << 22; size > 8; size >>= 1) {
            try { while (true) { kept.push(new Uint8Array(size)); } } catch (e) {}
        }
        for (var room = 0; room < 2000; room++) {
            kept.length -= room % 100;
            try { eval('((('); } catch (e) {}
            try { while (true) { kept.push('x'.repeat(room % 40)); } } catch (e) {}
        }""",
    "string": "var text = 'x'; while (true) { text += text; }",
    "shared_text": "var many = []; var text = 'x'.repeat(1 << 20); for (var n = 0; n < 20000; n++) { many.push(text); }",
    "recursion": "(function again() { again(); })();",
    "deep_data": "var deep = {}; for (var at = deep, n = 0; n < 200000; n++) { at = at.next = {}; }",
    "built_in": "[].includes.call({length: 9007199254740991}, 1);",
    "caught_built_in": "while (true) { try { JSON.stringify(new Array(4294967295)); } catch (e) {} }",
    "long_search": "var text = 'a'.repeat(20000000); text.indexOf('a'.repeat(9000000) + 'b');",
    "expression": "/^(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!');",
}


class IsolationTest(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Server(
            BINARY, "persistence.type=memory", "scxml.session-processing-threads=1",
            f"scxml.process-event-timeout={TIMEOUT_MS}", "scxml.script-memory=67108864"))

    def start(self, document, name):
        status, answer = self.server.call("POST", "/api/v1/sessions", {"document": document, "id": name})
        self.assertEqual(status, 201, answer)

    def tick(self, number):
        connection = self.server.connect()
        for _ in range(EVENTS_EACH):
            status, answer = self.server.call("POST", f"/api/v1/sessions/counter-{number}/events", {"name": "tick"},
                                              connection=connection)
            self.assertEqual(status, 200, answer)
        connection.close()

    def test_a_thousand_counters_do_not_notice_hostile_sessions(self):
        for number in range(COUNTERS):
            self.start(COUNTER, f"counter-{number}")
        for name, script in HOSTILE.items():
            self.start(hostile(name, script), name)

        with concurrent.futures.ThreadPoolExecutor(max_workers=8 + len(HOSTILE)) as pool:
            attacks = [pool.submit(self.server.call, "POST", f"/api/v1/sessions/{name}/events", {"name": "go"})
                       for name in HOSTILE]
            ticks = [pool.submit(self.tick, number) for number in range(COUNTERS)]
            for done in ticks + attacks:
                done.result(timeout=120)

        for number in range(0, COUNTERS, 7):
            status, view = self.server.call("GET", f"/api/v1/sessions/counter-{number}")
            self.assertEqual(status, 200)
            self.assertEqual(view["data"]["count"], 3 * EVENTS_EACH)
            self.assertEqual(view["data"]["odd"], CLEAN_TICK * EVENTS_EACH)

    def test_others_get_on_while_one_loops(self):
        self.start(COUNTER, "counter-0")
        self.start(hostile("loop", HOSTILE["caught_loop"]), "loop")

        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            attack = pool.submit(self.server.call, "POST", "/api/v1/sessions/loop/events", {"name": "go"})
            self.tick(0)
            attack.result(timeout=60)

        status, view = self.server.call("GET", "/api/v1/sessions/counter-0")
        self.assertEqual((status, view["data"]["count"]), (200, 3 * EVENTS_EACH))
        eventually(lambda: self.server.call("GET", "/health/ready")[0] == 200)

    def test_the_server_works_on_after_each_attack(self):
        for name, script in HOSTILE.items():
            with self.subTest(name):
                self.start(hostile(name, script), name)
                self.server.call("POST", f"/api/v1/sessions/{name}/events", {"name": "go"})
                fresh = f"after-{name}"
                self.start(COUNTER, fresh)
                status, _ = self.server.call("POST", f"/api/v1/sessions/{fresh}/events", {"name": "tick"})
                self.assertEqual(status, 200)
                _, view = self.server.call("GET", f"/api/v1/sessions/{fresh}")
                self.assertEqual(view["data"]["odd"], CLEAN_TICK)


if __name__ == "__main__":
    unittest.main(verbosity=2)
