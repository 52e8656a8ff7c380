#!/usr/bin/env python3
"""No acknowledged event is lost or doubled, whatever happens to the servers of a cluster and to their Redis.

    chaos_test.py --binary FERMATA --harness FERMATA_DURABILITY [--seconds 60] [--clients 64] [--seed N] [--faults NAME,…]

Three nodes, one of them with a backup instance; the clients of tests/durability ask any of them, while servers are killed,
paused, drained, replaced and cut off and Redis fails over (server_faults.py). As root all live in network namespaces;
otherwise cuts are left out, and the test says so."""
import argparse
import os
import pathlib
import random
import select
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
from cluster_of_servers import NAME, ClusterOfServers, start_redis  # noqa: E402  (it finds tests/support)
from network import Network  # noqa: E402
from redis_connection import RedisError  # noqa: E402
from ownership_watch import OwnershipWatch  # noqa: E402
from server_faults import PAUSE_MAX_S, Bouts  # noqa: E402
from side_callers import SideCallers  # noqa: E402

JOURNAL = 100_000
# Shorter than by default, so that a request that is not answered in time is seen to be.
OPTIONS = ("http.answer-timeout=10s", "http.request-timeout=10s", f"journal.length={JOURNAL}", "log.level=info",
           "http.max-connections=2000", "http.heartbeat-interval=5s")
JOURNALS_READ = 400


class Harness:
    """fermata_durability, whose fault driver is this process: its command is two `cat`, from the harness to here and back."""

    def __init__(self, options, servers):
        orders, reports = servers.folder / "orders", servers.folder / "reports"
        os.mkfifo(orders)
        os.mkfifo(reports)
        addresses = ",".join(f"{instance.host}:{instance.port}" for instance in servers)
        command = ["setpriv", "--pdeathsig", "KILL", options.harness, "--servers", addresses, "--charts", str(HERE.parent / "durability" / "charts"),
                   "--rounds", str(options.rounds), "--seconds", str(options.seconds), "--clients", str(options.clients),
                   "--seed", str(options.seed), "--faults", f"sh -c 'cat <{reports} & exec cat >{orders}'"]
        if servers.token:
            command += ["--token", servers.token]
        self.process = subprocess.Popen(command)
        # Neither end waits for the other: the harness may end before its driver begins.
        self.reports = os.fdopen(os.open(reports, os.O_RDWR), "w", buffering=1)
        self.orders = os.fdopen(os.open(orders, os.O_RDONLY | os.O_NONBLOCK))
        while not select.select([self.orders], [], [], 0.1)[0] and self.process.poll() is None:
            pass
        os.set_blocking(self.orders.fileno(), True)

    def serve(self, bouts):
        """Does what the harness asks for until it has enough."""
        for order in self.orders:
            try:
                self.reports.write(f"done: {bouts.run(int(order.split()[1]))}\n")
            except (AssertionError, RuntimeError, OSError, RedisError) as error:
                self.reports.write(f"failed: {error}".replace("\n", " ") + "\n")

    def finish(self, last_words):
        self.reports.write(last_words)
        self.reports.close()
        return self.process.wait(600)


def broken_journals(servers):
    """What is wrong with the journals of some sessions: their numbers must follow one another, whoever wrote them."""
    wrong, read = [], 0
    instances = list(servers)
    status, page, _ = instances[0].call("GET", f"/api/v1/sessions?limit={JOURNALS_READ}")
    assert status == 200, (status, page)
    for session in page["sessions"]:
        where = instances[read % len(instances)]
        status, journal, _ = where.call("GET", f"/api/v1/sessions/{session['id']}/journal?limit=1000")
        assert status == 200, (status, journal)
        numbers = [entry["seq"] for entry in journal["entries"]]
        read += 1
        if not numbers or numbers != list(range(numbers[0], numbers[0] - len(numbers), -1)):
            wrong.append(f"journal of {session['id']}: {numbers}")
    print(f"{read} journals read")
    return wrong if read else ["no journal was read"]


def run(options):
    namespaces = not Network.unavailable() and not options.without_cuts
    if not namespaces:
        print(f"cuts are left out: {Network.unavailable() or 'as told'}")
    with start_redis(options.life, netns=namespaces) as redis, \
            ClusterOfServers(options.binary, redis, nodes=3, backups=[1], options=OPTIONS, life_s=options.life) as servers:
        servers.start()
        servers.wait_whole()
        side = SideCallers(servers, options.seed)
        with OwnershipWatch(redis, NAME) as watch:
            harness = Harness(options, servers)
            harness.serve(Bouts(servers, redis, options.seed, options.longest_pause, options.faults))
            code = harness.finish(f"partitions changed hands {watch.changes} times, {len(watch.owners)} epochs were seen\n")
        side.check_alive()
        print(side.stop())
        problems = watch.violations + side.failures + broken_journals(servers)
        assert watch.owners, "no owner was ever seen"
        for problem in problems[:20]:
            print(f"FAILED: {problem}")
        if code or problems:
            raise AssertionError(f"the harness ended with {code}, {len(problems)} problems beside it")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--harness", required=True)
    parser.add_argument("--seconds", type=int, default=60, help="no bout of faults begins after it")
    parser.add_argument("--rounds", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--faults", help="only these, by name (see server_faults.py)")
    parser.add_argument("--longest-pause", type=float, default=PAUSE_MAX_S, metavar="SECONDS")
    parser.add_argument("--without-cuts", action="store_true", help="all on loopback")
    parser.add_argument("--life", type=float, default=900)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("FERMATA_SEED", random.SystemRandom().randrange(1, 1 << 31))))
    run(parser.parse_args())


if __name__ == "__main__":
    main()
