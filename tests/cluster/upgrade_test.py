#!/usr/bin/env python3
"""Three nodes go from one version to the next, which knows a newer record format, and one of them back for a while.

    upgrade_test.py --binary FERMATA --next FERMATA_NEXT [--clients 8]

While an older node lives everything in Redis is of the old format, and it takes sessions over from newer ones. When the last one
is gone the new format is written, sessions go on, and the old version is refused with the reason. No request fails at any time, and each
session counts exactly what was acknowledged (rolling_restart_test.py has the clients and says what a failure is)."""
import argparse
import pathlib
import subprocess
import threading

from cluster_of_servers import ClusterOfServers, start_redis
from instance import eventually
from rolling_restart_test import CHART, Balancer, Caller, check_counts, report, wait_for_requests

OLD = 1
NEW = 2
# Two patiences of the lease of 3 s, and time for a busy machine.
SWITCH_S = 60
ENDS_S = 60
# Fields of sessions with a record; the items d.<name> are bare values. See docs/formats/redis.md.
RECORDS = ("meta", "state")


class Upgrade:
    def __init__(self, servers, redis, options):
        self.servers = servers
        self.redis = redis
        self.binaries = {OLD: servers.binary, NEW: str(pathlib.Path(options.next).resolve())}

    def replace(self, name, version):
        """SIGTERM, and the other version at the same address."""
        instance = self.servers[name]
        code = self.servers.stop(name)
        assert code == 0, f"{name} ended with {code}\n{instance.last_words()}"
        self.be(instance, version)
        instance.start()
        self.servers.wait_whole()

    def be(self, instance, version):
        instance.command = [self.binaries[version] if part in self.binaries.values() else part for part in instance.command]

    def refusal_of(self, name, version):
        """What this version says when it is started as the node, which does not run."""
        instance = self.servers[name]
        self.be(instance, version)
        ended = subprocess.run(instance.command, cwd=instance.folder, env=instance.environment, capture_output=True, text=True,
                               timeout=ENDS_S, check=False)
        assert ended.returncode == 1, (ended.returncode, ended.stdout, ended.stderr)
        return ended.stderr

    def formats(self):
        """Of the records of all sessions in Redis: how many there are of each."""
        found = {}
        for node in self.redis.primaries():
            with self.redis.connect(node) as connection:
                keys = find_keys(connection, f"ORS:{self.servers.name}:*:s:*")
                for records in connection.pipeline([("HMGET", key, *RECORDS) for key in keys]):
                    for record in records:
                        if record:
                            found[record[0]] = found.get(record[0], 0) + 1
        return found

    def told(self):
        view = eventually(lambda: self.servers["1"].view(), 30, "node 1 tells of its cluster")
        return {instance["format"] for instance in view["instances"] if instance["alive"]}

    def expect_only_old(self, when):
        formats = self.formats()
        assert set(formats) == {OLD}, (when, formats)
        print(f"{when}: {formats[OLD]} records, all of format {OLD}", flush=True)


def run(upgrade, callers):
    servers = upgrade.servers

    def work(when):
        wait_for_requests(callers)
        report(callers, when)

    work("all old")
    upgrade.expect_only_old("all old")
    for name in ("1", "2"):
        upgrade.replace(name, NEW)
        work(f"node {name} is new")
        upgrade.expect_only_old(f"node {name} is new")

    # What the new ones have written the old one reads: it takes everything over, in two steps.
    for name in ("1", "2"):
        code = servers.stop(name)
        assert code == 0, f"{name} ended with {code}\n{servers[name].last_words()}"
    eventually(lambda: owners(servers["3"]) == {3}, 60, lambda: f"the old node owns everything: {owners(servers['3'])}")
    work("the old node alone")
    servers["1"].start()
    servers["2"].start()
    servers.wait_whole()

    upgrade.replace("2", OLD)
    work("node 2 is old again")
    upgrade.expect_only_old("node 2 is old again")
    upgrade.replace("2", NEW)
    work("node 2 is new")
    upgrade.expect_only_old("node 2 is new")
    assert upgrade.told() == {OLD}, upgrade.told()

    upgrade.replace("3", NEW)
    work("all new")
    eventually(lambda: all_write(servers, NEW), SWITCH_S, lambda: f"all write format {NEW}: {upgrade.told()}")
    work(f"format {NEW}")
    formats = upgrade.formats()
    assert formats.get(NEW), formats
    print(f"all new: records by format {formats}", flush=True)

    assert servers.stop("2") == 0
    refusal = upgrade.refusal_of("2", OLD)
    assert f"writes records of format {NEW}, this one reads up to {OLD}" in refusal, refusal
    print(f"an old version is refused: {refusal.strip().splitlines()[-1]}", flush=True)
    upgrade.be(servers["2"], NEW)
    servers["2"].start()
    servers.wait_whole()
    work("node 2 is back")


def find_keys(connection, pattern):
    cursor, keys = b"0", []
    while True:
        cursor, page = connection.call("SCAN", cursor, "MATCH", pattern, "COUNT", 10000, "TYPE", "hash")
        keys += page
        if cursor == b"0":
            return keys


def owners(instance):
    view = instance.view()
    return {owner["node"] for owner in view["partitions"]} if view else set()


def all_write(servers, version):
    return all(f"\nfermata_cluster_record_format {version}\n" in str(instance.call("GET", "/metrics")[1]) for instance in servers)


def stop_everything(servers, upgrade):
    """Nobody lives any more, and still an old version is told what is in the store."""
    for name in ("1", "2", "3"):
        assert servers.stop(name) == 0
    refusal = upgrade.refusal_of("1", OLD)
    assert f"this one reads up to {OLD}" in refusal, refusal
    for name in ("1", "2", "3"):
        upgrade.be(servers[name], NEW)
        servers[name].start()
    servers.wait_whole()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--next", required=True)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--life", type=float, default=600)
    options = parser.parse_args()
    with start_redis(options.life) as redis, ClusterOfServers(options.binary, redis, nodes=3, life_s=options.life) as servers:
        servers.start()
        servers.wait_whole()
        status, answer, _ = servers["1"].call("PUT", "/api/v1/documents/counter", CHART)
        assert status in (200, 201), (status, answer)
        upgrade = Upgrade(servers, redis, options)
        callers = work_through(upgrade, options)
        check_counts(servers, callers)
        stop_everything(servers, upgrade)
        check_counts(servers, callers)
        print("no failed request, and nothing acknowledged is lost")


def work_through(upgrade, options):
    stopping = threading.Event()
    balancer = Balancer(upgrade.servers)
    callers = [Caller(balancer, stopping) for _ in range(options.clients)]
    try:
        run(upgrade, callers)
    finally:
        stopping.set()
        for caller in callers:
            caller.thread.join()
        balancer.stop()
    failures = [failure for caller in callers for failure in caller.failures]
    assert not failures, f"{len(failures)} clients failed: {failures[0]}"
    return callers


if __name__ == "__main__":
    main()
