#!/usr/bin/env python3
"""What an event costs in a cluster of 1, 2 and 4 nodes, on a Redis Cluster of its own, and what the nodes cost when nothing happens.

    bench/cluster_run.py [--binaries build/release/bin] [--seconds 5] [--rounds 7] [--connections 24]

All processes share this machine's processors, so events per second do not grow with the nodes; the processor time of each
process per event is what counts: it should stay flat. `own`: clients ask the node where the session lives, as they do with
forwarding=redirect or a balancer that keeps to the cookie. `any`: they ask any node, which passes the request on (proxy)."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "cluster"))
from cluster_of_servers import ClusterOfServers, start_redis  # noqa: E402  (it finds tests/support)

NODES = (1, 2, 4)
PARTITIONS = (256, 1024)  # the default, and enough for a hundred nodes
IDLE_S = 15
WARM_S = 1
GOAL = 1.2
TICKS = os.sysconf("SC_CLK_TCK")


def progress(text):
    print(f"  measuring {text} …", file=sys.stderr, flush=True)


def processor_seconds(pid):
    """Of a running process, children that ended not counted."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Meter:
    """Processor time of the servers and of Redis between begin() and end()."""

    def __init__(self, servers, redis):
        self.servers = {instance.name: instance.process.pid for instance in servers}
        self.redis = {f"Redis {node.number}": node.pid() for node in redis.nodes}

    def begin(self):
        self.before = self._now()

    def end(self):
        """Seconds by name: of the servers, of Redis's nodes."""
        now = self._now()
        spent = {name: now[name] - self.before[name] for name in now}
        return {name: spent[name] for name in self.servers}, {name: spent[name] for name in self.redis}

    def _now(self):
        return {name: processor_seconds(pid) for name, pid in {**self.servers, **self.redis}.items()}


class Load:
    """One http_load for each node; its own processor time comes from the system's account of ended children."""

    def __init__(self, options, servers, spread):
        self.options = options
        self.servers = list(servers)
        self.spread = "1" if spread else "0"

    def run(self, seconds):
        before = os.times()
        processes = [subprocess.Popen([str(self.options.binaries / "http_load"), str(instance.port), str(self.options.connections),
                                       str(seconds), self.spread],
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for instance in self.servers]
        found = []
        for process in processes:
            out, error = process.communicate()
            if process.returncode != 0:
                sys.exit(f"http_load failed: {error.strip()}")
            found.append(json.loads(out))
        after = os.times()
        own = after.children_user + after.children_system - before.children_user - before.children_system
        return {"per_second": sum(one["per_second"] for one in found), "p50_ms": max(one["p50_ms"] for one in found),
                "p99_ms": max(one["p99_ms"] for one in found), "load_s": own,
                "refused": sum(one["refused"] for one in found)}


def measure(options, servers, redis, spread):
    load, meter = Load(options, servers, spread), Meter(servers, redis)
    load.run(WARM_S)
    meter.begin()
    found = load.run(options.seconds)
    of_servers, of_redis = meter.end()
    events = found["per_second"] * options.seconds
    shares = [seconds / events * 1e6 for seconds in of_servers.values()]
    return {**found, "server_us": sum(shares), "least_us": min(shares), "most_us": max(shares),
            "redis_us": sum(of_redis.values()) / events * 1e6, "load_us": found["load_s"] / events * 1e6}


def idle(servers, redis):
    """Processor time per second in ms: of a server, of all Redis nodes."""
    meter = Meter(servers or [], redis)
    meter.begin()
    time.sleep(IDLE_S)
    of_servers, of_redis = meter.end()
    return sum(of_servers.values()) / max(1, len(of_servers)) / IDLE_S * 1000, sum(of_redis.values()) / IDLE_S * 1000


def cluster(options, redis, nodes, name, partitions=PARTITIONS[0]):
    # Each of its own, in the same Redis: a cluster's name is part of its keys.
    return ClusterOfServers(options.binaries / "fermata", redis, nodes=nodes, life_s=1800, options=options.option, name=name,
                            partitions=partitions)


def median(rows):
    return {figure: statistics.median(row[figure] for row in rows) for figure in rows[0]}


def print_cost(options, redis):
    rows = {}
    for turn in range(options.rounds):
        for nodes in NODES:
            progress(f"{nodes} node{'s' if nodes > 1 else ''}, round {turn + 1}")
            with cluster(options, redis, nodes, f"bench-{nodes}-{turn}") as servers:
                servers.start()
                servers.wait_whole()
                for spread in (False, True):
                    rows.setdefault((spread, nodes), []).append(measure(options, servers, redis, spread))
    line = "{:<4} {:>5} {:>9} {:>8} {:>8} {:>10} {:>7} {:>15} {:>9} {:>8}  {}"
    print("server µs of each round, own: " + "; ".join(" ".join(f"{rows[False, nodes][turn]['server_us']:.0f}" for nodes in NODES) for turn in range(options.rounds)))
    print(f"durable events of counting sessions, {options.connections} connections to each node, WAIT 1, all on this machine; medians of {options.rounds} runs")
    print(line.format("at", "nodes", "events/s", "p50 ms", "p99 ms", "server µs", "ratio", "least–most µs", "Redis µs", "load µs", ""))
    for spread in (False, True):
        for nodes in NODES:
            row = median(rows[spread, nodes])
            # Of each round, whose three clusters ran one after the other: what disturbs the machine lasts longer than that.
            ratio = statistics.median(many["server_us"] / one["server_us"] for many, one in zip(rows[spread, nodes], rows[spread, 1], strict=True))
            verdict = "" if nodes == 1 or spread else "reached" if ratio <= GOAL else "NOT REACHED"
            print(line.format("any" if spread else "own", nodes, f"{row['per_second']:.0f}", f"{row['p50_ms']:.1f}", f"{row['p99_ms']:.1f}",
                              f"{row['server_us']:.0f}", f"{ratio:.2f}", f"{row['least_us']:.0f}–{row['most_us']:.0f}",
                              f"{row['redis_us']:.0f}", f"{row['load_us']:.0f}", verdict))
    print(flush=True)


def print_idle(options, redis):
    print("when nothing happens, processor time in ms per second")
    print("{:>5} {:>10} {:>12} {:>24}".format("nodes", "partitions", "each server", "Redis, more than alone"))
    alone = idle(None, redis)[1]
    for nodes in NODES:
        for partitions in PARTITIONS:
            progress(f"{nodes} idle with {partitions} partitions")
            with cluster(options, redis, nodes, f"idle-{nodes}-{partitions}", partitions) as servers:
                servers.start()
                servers.wait_whole()
                each, all_of_redis = idle(servers, redis)
            print("{:>5} {:>10} {:>12.2f} {:>24.2f}".format(nodes, partitions, each, all_of_redis - alone), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", type=pathlib.Path, default=pathlib.Path("build/release/bin"))
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--connections", type=int, default=24, help="to each node, so that each has the same to do")
    parser.add_argument("--option", action="append", default=[], metavar="SECTION.NAME=VALUE", help="of every server")
    options = parser.parse_args()
    # Everything shares few processors: nobody is to be taken for dead for having to wait for one.
    with start_redis(3600, node_timeout_ms=15_000) as redis:
        print_cost(options, redis)
        print_idle(options, redis)


if __name__ == "__main__":
    main()
