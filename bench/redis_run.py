#!/usr/bin/env python3
"""Runs the Redis benchmarks on clusters of their own and prints the tables: each figure beside its reference of the same run.

    bench/redis_run.py [--binaries build/release/bin] [--seconds 3] [--pairs 3] [--sessions 10000,100000] [--skip-tls]

Three primaries and their replicas share the processors and the disk with the load, so figures are of this machine under this
load; the ratios count. Commits are measured in pairs, store and loop in turns, each first as often as the other: a disk that is
busy for two seconds hits one of a pair. Figures are medians, ratios medians of the pairs' ratios. Goals: commits at least 0.8 of
the bare loop, with at most 1.5 times its processor time."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "support"))
from server import Server  # noqa: E402

WITH_REDIS = HERE.parent / "tests" / "support" / "with_redis.py"
BATCHES = (1, 4, 16, 64)
# Connections, and the bare loop that has as many commits under way: sessions a call, partitions.
CONNECTIONS = {1: (1, 1), 16: (1, 16), 256: (4, 64)}
GOAL_RATE, GOAL_CPU = 0.8, 1.5
# Their recovery is over before a noisy machine has calmed down: it is measured several times.
FEW_SESSIONS = 10_000


def progress(text):
    print(f"  measuring {text} …", file=sys.stderr, flush=True)


class Bench:
    """Runs the program, many times within one cluster: this script starts itself inside with_redis.py."""

    def __init__(self, options):
        self.binaries = options.binaries.resolve()
        self.program = str(self.binaries / "redis_store_bench")
        self.seconds = str(options.seconds)
        self.pairs = options.pairs

    def run(self, *words):
        done = subprocess.run([self.program, *map(str, words)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, words))} failed: {done.stderr.strip()}")
        return json.loads(done.stdout.splitlines()[-1])

    def load(self, mode, batch, wait):
        progress(f"{mode}, {batch} sessions a call, WAIT {wait}")
        return self.run(mode, batch, wait, self.seconds)

    def load_pairs(self, batch, wait):
        """Medians of the store's figures, of the loop's, and of the ratios of the two in each pair."""
        modes = ("store", "loop")
        pairs = [{mode: self.load(mode, batch, wait) for mode in (modes if number % 2 == 0 else modes[::-1])}
                 for number in range(self.pairs)]

        def median(figure_of):
            return statistics.median(figure_of(pair) for pair in pairs)

        medians = {mode: {name: median(lambda pair: pair[mode][name]) for name in pairs[0][mode]} for mode in modes}
        ratios = {name: median(lambda pair: pair["store"][name] / pair["loop"][name]) for name in ("per_second", "client_us")}
        return medians["store"], medians["loop"], ratios

    def recovery(self, count, ended):
        """The median of three runs, which take a tenth of a second each when sessions are few; one of many says enough."""
        runs = [self.run("recovery", count, ended) for _ in range(3 if count <= FEW_SESSIONS else 1)]
        return sorted(runs, key=lambda run: run["seconds"])[len(runs) // 2]


def verdict(is_reached):
    return "reached" if is_reached else "NOT REACHED"


def print_commits(bench):
    line = "{:<5} {:>6} {:>11} {:>11} {:>7} {:>9} {:>9} {:>7} {:>9} {:>9} {:>8} {:>8} {:>11}  {}"
    print("commits of sessions with 1 KB, 64 partitions, 3 primaries with a replica each, all on this machine")
    print(line.format("WAIT", "a call", "store /s", "loop /s", "ratio", "client µs", "loop µs", "ratio", "Redis µs", "loop µs",
                      "p50 ms", "p99 ms", "calls/batch", ""))
    for wait in (0, 1):
        for batch in BATCHES:
            store, loop, ratios = bench.load_pairs(batch, wait)
            rate, cpu = ratios["per_second"], ratios["client_us"]
            print(line.format(wait, batch, f"{store['per_second']:.0f}", f"{loop['per_second']:.0f}", f"{rate:.2f}",
                              f"{store['client_us']:.1f}", f"{loop['client_us']:.1f}", f"{cpu:.2f}",
                              f"{store['server_us']:.1f}", f"{loop['server_us']:.1f}", f"{store['p50_ms']:.1f}",
                              f"{store['p99_ms']:.1f}", f"{store['calls_a_batch']:.1f}", verdict(rate >= GOAL_RATE and cpu <= GOAL_CPU)), flush=True)
    hset = bench.load("hset", 1, 0)
    print(f"HSET of the same 1 KB, nothing else: {hset['per_second']:.0f}/s, {hset['server_us']:.1f} µs of Redis each\n", flush=True)


def print_http(bench):
    """An acknowledged event through the whole server, beside the round trip of the bare loop's commits."""
    if not (bench.binaries / "fermata").exists():
        print("left out: events through HTTP, the server is not built\n", flush=True)
        return
    line = "{:>11} {:>10} {:>8} {:>8} {:>11} {:>12} {:>12} {:>7}"
    print("events through HTTP, each acknowledged with its commit on a replica (WAIT 1)")
    print(line.format("connections", "events/s", "p50 ms", "p99 ms", "loop /s", "loop p50 ms", "loop p99 ms", "p50"))
    options = ("persistence.type=redis", f"persistence.redis-nodes={os.environ['FERMATA_TEST_REDIS']}",
               "orchestration.sessionid-with-nodeid=true")
    with Server(bench.binaries / "fermata", *options) as server:
        for connections, (sessions, partitions) in CONNECTIONS.items():
            progress(f"events through HTTP, {connections} connections")
            done = subprocess.run([str(bench.binaries / "http_load"), str(server.port), str(connections), bench.seconds],
                                  capture_output=True, text=True, check=True)
            here = json.loads(done.stdout)
            loop = bench.run("loop", sessions, 1, bench.seconds, partitions)
            print(line.format(connections, f"{here['per_second']:.0f}", f"{here['p50_ms']:.2f}", f"{here['p99_ms']:.2f}",
                              f"{loop['per_second']:.0f}", f"{loop['p50_ms']:.2f}", f"{loop['p99_ms']:.2f}",
                              f"{here['p50_ms'] / loop['p50_ms']:.1f} x"), flush=True)
    print()


def print_recovery(bench, sessions):
    line = "{:>10} {:>10} {:>9} {:>12} {:>12} {:>10} {:>11} {:>14} {:>7}  {}"
    print("recovery: claims, pages of sessions and of timers of 64 partitions; ended sessions beside them")
    print(line.format("sessions", "ended", "seconds", "sessions/s", "first part.", "client µs", "Redis µs", "bare HMGET/s", "ratio", ""))
    for count, ended in [(count, 0) for count in sessions] + [(count, 10 * count) for count in sessions[:1]]:
        progress(f"recovery of {count} sessions beside {ended} ended ones")
        found = bench.recovery(count, ended)
        rate, bare = found["sessions"] / found["seconds"], found["sessions"] / found["bare_seconds"]
        print(line.format(f"{found['sessions']:.0f}", ended, f"{found['seconds']:.2f}", f"{rate:.0f}", f"{found['first_seconds']:.3f} s",
                          f"{found['client_us']:.1f}", f"{found['server_us']:.1f}", f"{bare:.0f}", f"{rate / bare:.2f}",
                          verdict(rate >= 100_000 or rate >= 0.8 * bare)), flush=True)
    print()


def print_tls(bench, plain_too):
    line = "{:<8} {:>5} {:>7} {:>11} {:>10} {:>10}"
    if plain_too:
        print(line.format("", "WAIT", "a call", "store /s", "client µs", "Redis µs"))
    for batch in (1, 16):
        figures = bench.load("store", batch, 1)
        print(line.format("plain" if plain_too else "TLS", 1, batch, f"{figures['per_second']:.0f}",
                          f"{figures['client_us']:.1f}", f"{figures['server_us']:.1f}"), flush=True)


def inside(options):
    bench = Bench(options)
    if options.inside == "plain":
        print_commits(bench)
        print_http(bench)
        print_recovery(bench, [int(count) for count in options.sessions.split(",") if count])
        print_tls(bench, True)
    else:
        print_tls(bench, False)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", type=pathlib.Path, default=pathlib.Path("build/release/bin"))
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--sessions", default="10000,100000")
    parser.add_argument("--skip-tls", action="store_true")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        inside(options)
        return 0
    own = sys.argv[1:]
    for where, servers in (("plain", []), ("tls", ["--tls"])):
        if where == "tls" and options.skip_tls:
            break
        command = [sys.executable, str(WITH_REDIS), *servers, "--", sys.executable, __file__, *own, "--inside", where]
        done = subprocess.run(command, check=False)
        if done.returncode != 0:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
