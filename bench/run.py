#!/usr/bin/env python3
"""Runs the benchmarks and prints one table: each figure beside its references measured in the same run.

    bench/run.py --binaries build/release/bin --shared ../shared [--skip-peers] [ROW...]

Goals and the best peers ever seen are written beside the rows; machines are noisy, so the ratio to the reference counts.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "support"))
from server import Server  # noqa: E402

CONNECTIONS = (1, 16, 256)
LOAD_SECONDS = 4


class Row:
    """One line of the table. `higher` says which way is better."""

    def __init__(self, key, title, unit, goal, seen="", higher=True):
        self.key, self.title, self.unit, self.goal, self.seen, self.higher = key, title, unit, goal, seen, higher

    def reached(self, figure):
        return figure >= self.goal if self.higher else figure <= self.goal


ENGINE_ROWS = [
    Row("external_null", "external events, null data model", "/s", 5e6, "0.98 M"),
    Row("raised_null", "raised events, null data model", "/s", 10e6, "1.47 M"),
    Row("external_ecma", "guard + assign, ECMAScript, external", "/s", 2e6, "0.31 M"),
    Row("raised_ecma", "guard + assign, ECMAScript, raised", "/s", 3e6, "0.35 M"),
    Row("start_null", "starts of a loaded document, null", "/s", 1e6, "165 k"),
    Row("start_ecma", "starts of a loaded document, ECMAScript", "/s", 300e3, "34 k"),
    Row("start_new_text", "starts with a new document text each", "/s", 20e3, "8.9 k"),
    Row("idle_null_bytes", "idle live session, null", "bytes", 300, "3.9 k", higher=False),
    Row("idle_ecma_bytes", "idle live session, ECMAScript", "bytes", 1000, "7.7 k", higher=False),
    Row("snapshot_bytes", "snapshot of small-ecma, everything in it", "bytes", 120, "83, without timers", higher=False),
    Row("snapshots", "snapshots", "/s", 1.5e6, "1.03 M"),
    Row("restores", "restores", "/s", 500e3, "117 k"),
    Row("lcca_64", "LCCA.64, entries of mark", "/s", 10e3, "2.3 k"),
    Row("transitions_64", "Transitions.64, entries of mark", "/s", 300e3, "92 k"),
    Row("load_large_seconds", "load of a 4,098-state document", "s", 0.03, "0.03", higher=False),
    Row("flat_null", "cost per event, 1,000,000 sessions to 10, null", "times", 1.5, higher=False),
    Row("flat_ecma", "cost per event, 1,000,000 sessions to 10, ECMAScript", "times", 1.5, higher=False),
]

# The engine on a store that keeps nothing: fermata_scale.
SCALE_ROWS = [
    Row("engine_idle_null_bytes", "idle live session in the engine, null", "bytes", 300, higher=False),
    Row("engine_idle_ecma_bytes", "idle live session in the engine, ECMAScript", "bytes", 1000, higher=False),
    Row("engine_idle_timer_bytes", "the same with an armed timer", "bytes", 1400, higher=False),
    Row("engine_passivated_bytes", "index of a passivated session", "bytes", 64, higher=False),
    Row("engine_passivated_timer_bytes", "the same with an armed timer", "bytes", 104, higher=False),
    Row("engine_million_megabytes", "1,000,000 idle ECMAScript sessions with a timer, resident", "MB", 1500,
        higher=False),
    Row("engine_events_null", "durable path, one shard, null", "/s", 500e3),
    Row("engine_events_ecma", "durable path, one shard, ECMAScript", "/s", 300e3),
    Row("engine_event_ns_null", "processor time of an event with its commit, null", "ns", 2000, higher=False),
    Row("engine_event_ns_ecma", "processor time of an event with its commit, ECMAScript", "ns", 3000, higher=False),
    Row("engine_flat_null", "the same, 1,000,000 sessions to 10, null", "times", 1.5, higher=False),
    Row("engine_flat_ecma", "the same, 1,000,000 sessions to 10, ECMAScript", "times", 1.5, higher=False),
]


def run_json(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        print(f"  {command[0]} failed: {done.stderr.strip().splitlines()[-1:] or done.returncode}", file=sys.stderr)
        return {}
    return json.loads(done.stdout)


def progress(text):
    print(f"  measuring {text} …", file=sys.stderr, flush=True)


def install_peers():
    peers = HERE / "peers"
    if not (peers / "node_modules").exists():
        progress("nothing yet: installing the npm peers")
        subprocess.run(["npm", "ci", "--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=peers,
                       check=True, capture_output=True)


def measure_peers(binaries, shared):
    install_peers()
    figures = {}
    environment = {**os.environ, "QT_LOGGING_RULES": "*=false"}
    if (binaries / "qt_peer").exists():
        progress("Qt SCXML")
        figures["Qt"] = run_json([str(binaries / "qt_peer"), str(shared)], env=environment)
    else:
        print("  left out: Qt SCXML (package qt6-scxml-dev was not there at configure time)", file=sys.stderr)
    progress("SCION")
    figures["SCION"] = run_json(["node", str(HERE / "peers/scion.js"), str(shared)])
    progress("XState")
    figures["XState"] = run_json(["node", "--expose-gc", str(HERE / "peers/xstate.js")])
    return figures


def readable(figure, unit):
    if figure is None:
        return "–"
    if unit == "/s" and figure >= 1e6:
        return f"{figure / 1e6:.2f} M"
    if unit == "/s" and figure >= 1e3:
        return f"{figure / 1e3:.1f} k"
    return f"{figure:.3g}" if figure < 100 else f"{figure:.0f}"


def best_peer(row, peers):
    figures = [(values[row.key], name) for name, values in peers.items() if row.key in values]
    if not figures:
        return None, ""
    return max(figures) if row.higher else min(figures)


def ratio(row, figure, reference):
    if not reference:
        return "–"
    return f"{figure / reference if row.higher else reference / figure:.1f} x"


def print_table(rows, figures, peers):
    line = "{:<54} {:>10} {:>10} {:>16} {:>9}  {:<12} {}"
    print(line.format("measure (one thread)", "Fermata", "goal", "best peer here", "ratio", "", "best peer seen"))
    for row in rows:
        if row.key not in figures:
            continue
        figure = figures[row.key]
        reference, name = best_peer(row, peers)
        print(line.format(
            f"{row.title}, {row.unit}", readable(figure, row.unit), readable(row.goal, row.unit),
            f"{readable(reference, row.unit)} {name}".strip(), ratio(row, figure, reference),
            "reached" if row.reached(figure) else "NOT REACHED", row.seen))


def load_server(binaries, store):
    """Events per second and latency over HTTP at each number of connections; bytes written per commit."""
    figures = {}
    with Server(binaries / "fermata", f"persistence.type={store}") as server:
        for connections in CONNECTIONS:
            progress(f"durable events, {store} store, {connections} connections")
            figures[connections] = run_json(
                [str(binaries / "http_load"), str(server.port), str(connections), str(LOAD_SECONDS)])
        metrics = server.call("GET", "/metrics")[1]
    counters = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if line and not line.startswith("#"))
    commits = float(counters.get("fermata_store_commits_total", 0)) or 1
    return figures, float(counters.get("fermata_store_bytes_total", 0)) / commits


def measure_scale(binaries, shared):
    progress("the engine's memory and cost per event")
    figures = run_json([str(binaries / "fermata_scale"), str(shared)])
    for kind in ("null", "ecma"):
        few, many = figures.get(f"engine_event_ns_{kind}", -1), figures.get(f"engine_event_ns_{kind}_million", -1)
        if few > 0 and many > 0:
            figures[f"engine_flat_{kind}"] = many / few
    return {key: figure for key, figure in figures.items() if figure >= 0}


def bare_loop(binaries, group, bytes_each):
    with tempfile.TemporaryDirectory() as folder:
        return run_json([str(binaries / "rocksdb_loop"), f"{folder}/db", str(group), str(int(bytes_each) or 300),
                         str(LOAD_SECONDS)])


def print_durable_table(binaries):
    durable, bytes_each = load_server(binaries, "embedded")
    memory, _ = load_server(binaries, "memory")
    line = "{:<28} {:>12} {:>9} {:>9} {:>22} {:>9} {:>18} {:>9}"
    print(f"\ndurable events through HTTP, embedded store, {bytes_each:.0f} bytes written a commit")
    print(line.format("connections", "events/s", "p50 ms", "p99 ms", "bare RocksDB groups/s", "ratio",
                      "type=memory/s", "ratio"))
    for connections in CONNECTIONS:
        progress(f"bare RocksDB loop, groups of {connections}")
        bare = bare_loop(binaries, connections, bytes_each)
        here, there = durable[connections], memory[connections]
        if not here or not there or not bare:
            continue
        print(line.format(
            connections, readable(here["per_second"], "/s"), f"{here['p50_ms']:.2f}", f"{here['p99_ms']:.2f}",
            readable(bare["per_second"], "/s"), f"{here['per_second'] / bare['per_second']:.2f} x",
            readable(there["per_second"], "/s"), f"{here['per_second'] / there['per_second']:.2f} x"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", type=pathlib.Path, default=pathlib.Path("build/release/bin"))
    parser.add_argument("--shared", type=pathlib.Path, default=pathlib.Path("../shared"))
    parser.add_argument("--skip-peers", action="store_true")
    parser.add_argument("--json", type=pathlib.Path, help="also write the figures to this file")
    options = parser.parse_args()
    if not (options.shared / "workloads").exists():
        print(f"left out: the workloads are not at {options.shared}; give their folder with --shared")
        return 0
    peers = {} if options.skip_peers else measure_peers(options.binaries, options.shared)
    progress("Fermata's interpreter")
    figures = run_json([str(options.binaries / "fermata_goals"), str(options.shared)])
    figures |= measure_scale(options.binaries, options.shared)
    print_table(ENGINE_ROWS + SCALE_ROWS, figures, peers)
    if (options.binaries / "fermata").exists():
        print_durable_table(options.binaries)
    if options.json:
        options.json.write_text(json.dumps({"fermata": figures, "peers": peers}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
