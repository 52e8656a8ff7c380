#!/usr/bin/env python3
"""Runs one document of the W3C suite through the real binary and judges it.

    judge.py --binary build/dev/bin/fermata --suite ../shared/suites/w3c-ecma --case 144

Exit 0: passed. The suite's manifest says which documents there are; an automatic document passes when its session ends in
the final state `pass`. The manual ones are judged by what SOURCES.md of the suite asks the tester to look at.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

TIMEOUT_S = 35


class Wrong(Exception):
    """The document did not do what it has to."""


def require(condition, message):
    if not condition:
        raise Wrong(message)


class Run:
    """One `fermata run`: exit code and the JSON line."""

    def __init__(self, binary, document):
        done = subprocess.run(
            [binary, "run", str(document), "--json", "--timeout", f"{TIMEOUT_S}s"],
            capture_output=True, text=True, timeout=TIMEOUT_S + 10, check=False)
        self.code = done.returncode
        self.errors = done.stderr
        lines = done.stdout.strip().splitlines()
        self.result = json.loads(lines[-1]) if lines else {}
        self.logs = [(entry["label"], entry["value"]) for entry in self.result.get("log", [])]

    def ended_in(self, state):
        return self.code == 0 and state in self.result.get("configuration", [])

    def describe(self):
        return f"exit {self.code}, {json.dumps(self.result)}\n{self.errors[-2000:]}"


def automatic(run):
    require(run.ended_in("pass"), "did not end in pass")


def both_values_are_sent(run):
    """178: both name=value pairs of a repeated param are in the raw event."""
    require(run.ended_in("final"), "did not end in final")
    raw = next((str(value) for label, value in run.logs if label.strip() == "_event"), "")
    require(raw.count("Var1") == 2 and "2" in raw and "3" in raw, f"raw event {raw!r} lacks a pair")


def forwarded_copy_is_equal(run):
    """230: the event as the parent got it and as it came back to the child have equal fields."""
    require(run.ended_in("final"), "did not end in final")
    fields = [(label, value) for label, value in run.logs if label.endswith(" is ")]
    half = len(fields) // 2
    require(half == 7, f"expected seven fields twice, got {fields}")
    require(sorted(map(repr, fields[:half])) == sorted(map(repr, fields[half:])), f"copies differ: {fields}")
    require(("name is ", "childToParent") in fields, "the event's name is missing")


def cancelled_child_runs_onexit(run):
    """250: onexit handlers of a cancelled child ran, innermost first, and it did not reach its final state."""
    require(run.ended_in("final"), "did not end in final")
    values = [value for _, value in run.logs]
    require(values == ["Exiting sub01", "Exiting sub0"], f"log was {values}")


def late_data_behaves_like_missing_substructure(run):
    """307: reading late data early, and a sub-structure that is not there, give the same: both or neither an error."""
    require(run.ended_in("final"), "did not end in final")
    labels = [label for label, _ in run.logs]
    early = any(label.startswith("error in state s0") for label in labels)
    missing = any(label.startswith("error in state s1") for label in labels)
    require(early == missing, f"the two differ: {labels}")
    require(any(label.lower().startswith(("no error in s1", "error in state s1")) for label in labels), f"log was {labels}")


def refused(run):
    """301: the document's script cannot be fetched, so it must not start."""
    require(run.code == 2, "was not refused")


def refused_or_passed(run):
    """313, 314: an illegal expression is refused at load, or an error.execution at the right moment."""
    require(run.code == 2 or run.ended_in("pass"), "neither refused nor passed")


def halts_at_once(run):
    """415: nothing is processed once a top-level final state was entered."""
    require(run.ended_in("final"), "did not end in final")


def refused_for_a_foreign_element(run):
    """extra/test-http: uses <respond>, an element of one engine that SCXML 1.0 does not have."""
    require(run.code == 2 and "respond" in run.errors, "was not refused for <respond>")


SPECIAL = {
    "178": both_values_are_sent,
    "230": forwarded_copy_is_equal,
    "250": cancelled_child_runs_onexit,
    "301": refused,
    "307": late_data_behaves_like_missing_substructure,
    "313": refused_or_passed,
    "314": refused_or_passed,
    "415": halts_at_once,
    "http": refused_for_a_foreign_element,
}

RECEIVER = """<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript" name="receiver">
  <state id="waiting"><transition event="test" cond="_event.data.key1 == 'value1'" target="got"/></state>
  <state id="got"/>
</scxml>"""


class Server:
    """A `fermata serve` of our own on a free port in a temporary folder, ended by its process handle."""

    def __init__(self, binary):
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            [binary, "serve", "--http.port=0", "--persistence.type=memory",
             f"--persistence.folder={self.folder.name}/data"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=self.folder.name)
        line = self.process.stdout.readline().split()
        require(line[:1] == ["ready"], f"the server did not get ready: {line}")
        self.url = line[1]

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        self.process.wait(timeout=20)
        self.folder.cleanup()

    def call(self, path, body=None, content_type="application/json", headers=None):
        url = path if path.startswith("http") else self.url + path
        request = urllib.request.Request(url, data=body.encode() if body is not None else None,
                                         headers={"Content-Type": content_type, **(headers or {})})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()


def posted_event_is_answered_2xx(binary):
    """513: a well-formed event posted to a session's location is answered 2xx and reaches the session."""
    with Server(binary) as server:
        _, started = server.call("/api/v1/sessions", json.dumps({"document": RECEIVER}))
        session = json.loads(started)["id"]
        status, _ = server.call(f"/scxml/session/{session}/basichttp", "_scxmleventname=test&key1=value1&key2=value2",
                                "application/x-www-form-urlencoded")
        require(200 <= status < 300, f"answered {status}")
        _, view = server.call(f"/api/v1/sessions/{session}")
        require(json.loads(view)["configuration"] == ["got"], f"the event did not arrive: {view}")


def document_of(suite, case):
    for folder, name in (("", f"test{case}.scxml"), ("extra", f"test{case}.scxml"), ("extra", f"test-{case}.scxml"),
                         ("manual-as-auto", f"test{case}.scxml")):
        path = suite / folder / name
        if path.exists():
            return path
    raise Wrong(f"no document for case {case}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--binary", required=True)
    arguments.add_argument("--suite", required=True, type=pathlib.Path)
    arguments.add_argument("--case", required=True)
    options = arguments.parse_args()
    run = None
    try:
        if options.case == "513":
            posted_event_is_answered_2xx(options.binary)
        else:
            run = Run(options.binary, document_of(options.suite, options.case))
            SPECIAL.get(options.case, automatic)(run)
    except Wrong as wrong:
        print(f"case {options.case}: {wrong}\n{run.describe() if run else ''}")
        return 1
    print(f"case {options.case}: passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
