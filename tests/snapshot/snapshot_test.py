#!/usr/bin/env python3
"""Stopping after every macrostep, storing, restoring in a new process and going on gives the same trace as running through.

    snapshot_test.py --stepper build/dev/bin/fermata_stepper DOCUMENT [EVENT=JSON…]

The document runs once in one process; then again as a chain of processes, each of which restores, lives for one commit, and
dies. Traces are compared session by session: events, transitions, states entered and left, log lines with their values.
"""
import argparse
import json
import pathlib
import re
import socket
import subprocess
import sys
import tempfile

DIED, ENDED = 10, 0
PROCESSES_MAX = 400


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Trace:
    """What each session did, with session ids replaced by their order of appearance."""

    def __init__(self):
        self.names = {}
        self.moments = {}

    def add(self, line):
        moment = json.loads(line)
        session = self.name_of(moment["session"])
        # Where an event came from in time is not part of the trace: a restart shows the same moments later.
        entry = json.dumps([moment["kind"], moment["name"], moment["value"]], sort_keys=True)
        self.moments.setdefault(session, []).append(re.sub(r"[0-9A-V]{32}", lambda m: self.name_of(m.group()), entry))

    def name_of(self, key):
        return self.names.setdefault(key, f"session-{len(self.names)}")


def run(stepper, document, events, port, folder, commits, trace):
    done = subprocess.run([stepper, str(document), folder, str(port), str(commits), *events], capture_output=True,
                          text=True, timeout=90, check=False)
    for line in done.stdout.splitlines():
        trace.add(line)
    if done.returncode not in (DIED, ENDED):
        raise AssertionError(f"the stepper ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.returncode


def run_through(stepper, document, events):
    trace = Trace()
    with tempfile.TemporaryDirectory() as folder:
        run(stepper, document, events, free_port(), folder, 0, trace)
    return trace.moments


def run_in_steps(stepper, document, events):
    trace, port = Trace(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        for processes in range(1, PROCESSES_MAX):
            if run(stepper, document, events, port, folder, 1, trace) == ENDED:
                return trace.moments, processes
    raise AssertionError(f"no end after {PROCESSES_MAX} processes")


def difference(expected, actual):
    for session in sorted(set(expected) | set(actual)):
        one, other = expected.get(session, []), actual.get(session, [])
        if one != other:
            at = next((n for n, pair in enumerate(zip(one, other)) if pair[0] != pair[1]), min(len(one), len(other)))
            return (f"{session} differs at moment {at}:\n  running through: {one[at:at + 3]}\n  in steps:        {other[at:at + 3]}")
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stepper", required=True)
    parser.add_argument("document", type=pathlib.Path)
    parser.add_argument("events", nargs="*")
    options = parser.parse_args()
    expected = run_through(options.stepper, options.document, options.events)
    actual, processes = run_in_steps(options.stepper, options.document, options.events)
    found = difference(expected, actual)
    moments = sum(map(len, expected.values()))
    print(found or f"{options.document.name}: {moments} moments, the same in {processes} processes")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
