#!/usr/bin/env python3
"""No acknowledged event is lost, whatever happens to Redis: the durability harness on a cluster that is disturbed.

    fault_rounds_test.py --binary FERMATA --harness FERMATA_DURABILITY --rounds N [--death none|kill] …

The cluster has TLS and ACL. As root it lives in network namespaces, so that cuts belong to the faults; otherwise they are left
out, and the test says so. `--death kill` kills Fermata in every round as well. `--seed` repeats the choices of an earlier run.

`--fsync always` where Fermata dies beside all servers: with `everysec` a server keeps what it acknowledged in memory while an
fsync is under way (up to two seconds on a busy disk), so kill -9 of a primary and its replicas may lose it. A Fermata that
lives on writes it again; one that dies as well cannot (docs/guide/redis.md)."""
import argparse
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from network import Network  # noqa: E402
from redis_cluster import RedisCluster  # noqa: E402


def harness_command(cluster, options):
    driver = [sys.executable, str(HERE / "fault_driver.py"), str(cluster.folder), "--seed", str(options.seed),
              "--outage", str(options.outage)]
    if options.faults:
        driver += ["--faults", options.faults]
    # The last look reads every session of the run, also those that ended at its beginning.
    server = [f"config={cluster.file('fermata.toml')}", f"persistence.redis-wait-replicas={options.wait_replicas}",
              f"scxml.ended-session-retention={options.life:.0f}s", *options.server_option]
    command = [str(pathlib.Path(options.harness).resolve()), "--binary", str(pathlib.Path(options.binary).resolve()),
               "--charts", str(HERE.parent / "durability" / "charts"), "--rounds", str(options.rounds),
               "--clients", str(options.clients), "--seed", str(options.seed), "--death", options.death,
               "--faults", " ".join(driver)]
    for option in server:
        command += ["--server-option", option]
    return command


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--harness", required=True)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--death", choices=["none", "kill"], default="none")
    parser.add_argument("--wait-replicas", type=int, default=1)
    parser.add_argument("--server-option", action="append", default=[], metavar="SECTION.NAME=VALUE")
    parser.add_argument("--fsync", choices=["everysec", "always"], default="everysec", help="appendfsync of the servers")
    parser.add_argument("--preload", help="a library that is loaded into the servers (slow_fsync.cpp)")
    parser.add_argument("--outage", type=float, default=10, help="seconds without any server, when that fault comes")
    parser.add_argument("--faults", help="only these, by name (see fault_driver.py)")
    parser.add_argument("--valkey", action="store_true")
    parser.add_argument("--life", type=float, default=900)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 1 << 31))
    options = parser.parse_args()
    if Network.unavailable():
        print(f"cuts are left out: {Network.unavailable()}")
    with RedisCluster.start(tls=True, acl=True, valkey=options.valkey, netns=not Network.unavailable(),
                            cluster_name="fermata", settings={"appendfsync": options.fsync}, preload=options.preload,
                            life_s=options.life) as cluster:
        code = subprocess.run(harness_command(cluster, options), check=False).returncode
        if code:
            keep_logs(cluster)
    return code


def keep_logs(cluster):
    """The servers' folder goes with the cluster; what they said stays."""
    kept = pathlib.Path(tempfile.mkdtemp(prefix="fermata-redis-logs-"))
    for node in cluster.nodes:
        if node.log.exists():
            shutil.copy(node.log, kept / f"node-{node.number}-{node.port}.log")
    print(f"the cluster is {cluster.what_is_wrong() or 'whole'}; the servers' logs: {kept}")


if __name__ == "__main__":
    sys.exit(main())
