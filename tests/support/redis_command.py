#!/usr/bin/env python3
"""Redis clusters to try things out with and to test against: `scripts/dev redis VERB`."""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from redis_cluster import RedisCluster  # noqa: E402
from redis_connection import RedisError, fields  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]

VERBS = """verbs:
  up                   start a cluster and print the options to use; a cluster that is up already stays
  down                 end it and remove its folder
  status               every node with its role, and what is wrong
  kill N               kill -9
  pause N, resume N    SIGSTOP, SIGCONT
  restart N|all        SIGTERM if it runs, then start again from the AOF
  cut N [SIDE]         cut a node from the others (up --netns, root); SIDE says where this machine is: away (default),
                       beside (with the node, away from the others), both
  heal                 end every cut
  failover N [HOW]     a replica of N (or N itself, if it is one) takes over; HOW: FORCE or TAKEOVER
  reshard [SLOTS]      move SLOTS (default 64) slots with their keys from one primary to another
  mend                 ends moves of slots that were cut off, as the guide says
  flush-scripts        SCRIPT FLUSH everywhere
  wait                 until every node agrees and every replica is online
  cli N COMMAND…       one Redis command as administrator

N is a node's number in `status`: primaries of the start first, then replicas, then spare ones."""


def start_options(program):
    parser = argparse.ArgumentParser(prog=program, description=__doc__, epilog=VERBS,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tls", action="store_true", help="TLS for clients, replication and the cluster bus")
    parser.add_argument("--mutual-tls", action="store_true", help="… and clients must show a certificate")
    parser.add_argument("--acl", action="store_true", help="a user `fermata` with the rights it needs; no default user")
    parser.add_argument("--valkey", action="store_true", help="Valkey in place of Redis")
    parser.add_argument("--primaries", type=int, default=3)
    parser.add_argument("--replicas", type=int, default=1, help="of each primary")
    parser.add_argument("--spare", type=int, default=0, help="primaries without slots, as if just added")
    parser.add_argument("--standalone", action="store_true", help="one server without cluster mode")
    parser.add_argument("--netns", action="store_true", help="each server in a network namespace, for `cut` (root only)")
    parser.add_argument("--hostname", help="a name that every node announces in place of its address")
    parser.add_argument("--node-timeout", type=int, default=2000, metavar="MS", help="cluster-node-timeout")
    parser.add_argument("--life", type=float, default=3 * 3600, metavar="SECONDS", help="everything ends after it")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="one more line of redis.conf")
    return parser


def start_arguments(parsed):
    return {"tls": parsed.tls, "mutual_tls": parsed.mutual_tls, "acl": parsed.acl, "valkey": parsed.valkey,
            "primaries": parsed.primaries, "replicas": parsed.replicas, "spare": parsed.spare, "standalone": parsed.standalone,
            "netns": parsed.netns, "hostname": parsed.hostname, "node_timeout_ms": parsed.node_timeout,
            "life_s": parsed.life, "settings": dict(line.split("=", 1) for line in parsed.set)}


class Pointer:
    """Remembers in build/redis which folder the cluster of a name lives in."""

    def __init__(self, name):
        self.file = ROOT / "build" / "redis" / name

    def cluster(self):
        """None when there is none (any more)."""
        try:
            return RedisCluster.attach(self.file.read_text())
        except OSError:
            return None

    def point_to(self, folder):
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(str(folder))

    def forget(self):
        self.file.unlink(missing_ok=True)


def up(parsed, pointer):
    cluster = pointer.cluster()
    if cluster:
        print("it is up already; `scripts/dev redis down` ends it")
    else:
        cluster = RedisCluster.start(**start_arguments(parsed), outlive_starter=True,
                                     progress=lambda line: print(f"==> {line}", flush=True))
        pointer.point_to(cluster.folder)
    print(f"==> ready; options for fermata, also in {cluster.file('fermata.toml')}:\n\n{cluster.configuration}")


def status(cluster):
    for node in cluster.nodes:
        print(f"{node.number}  {node.address:21} {describe(cluster, node)}")
    print(cluster.what_is_wrong() or "healthy")


def describe(cluster, node):
    pid = node.pid()
    if pid is None:
        return "does not run"
    try:
        with cluster.connect(node, timeout_s=1) as connection:
            said = fields(connection.text("INFO", "replication"))
            keys = connection.call("DBSIZE")
    except (OSError, RedisError) as error:
        return f"pid {pid}, does not answer: {error}"
    return f"pid {pid}, {'primary' if said['role'] == 'master' else 'replica'}, {keys} keys"


def shown(answer, depth=0):
    if isinstance(answer, list):
        return "\n".join(f"{'  ' * depth}{at}) {shown(item, depth + 1).lstrip()}" for at, item in enumerate(answer, 1)) or "(empty)"
    if isinstance(answer, bytes):
        return answer.decode(errors="backslashreplace")
    return "(nil)" if answer is None else str(answer)


def which(number):
    return None if number == "all" else [int(number)]


ACTIONS = {
    "status": status,
    "kill": lambda cluster, number: cluster.kill(int(number)),
    "pause": lambda cluster, number: cluster.pause(int(number)),
    "resume": lambda cluster, number: cluster.resume(int(number)),
    "restart": lambda cluster, number: cluster.restart_all(which(number)),
    "cut": lambda cluster, number, side="away": cluster.cut(int(number), side),
    "heal": lambda cluster, *unused: cluster.heal(),
    "failover": lambda cluster, number, how=None: print(f"node {cluster.failover(int(number), how).number} is primary now"),
    "reshard": lambda cluster, slots="64": print("moved {2} slots from node {0.number} to node {1.number}".format(
        *[part if at < 2 else len(part) for at, part in enumerate(cluster.reshard(int(slots)))])),
    "mend": lambda cluster: cluster.mend(),
    "flush-scripts": lambda cluster: cluster.flush_scripts(),
    "wait": lambda cluster: cluster.wait_healthy(),
}


def main():
    parser = start_options("scripts/dev redis")
    parser.add_argument("--name", default="default", help="to have several clusters")
    parser.add_argument("--folder", help="of a cluster that something else started")
    parser.add_argument("verb", choices=["up", "down", "cli", *ACTIONS], metavar="VERB")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="ARGUMENT")
    parsed = parser.parse_args()
    pointer = Pointer(parsed.name)
    if parsed.verb == "up":
        return up(parser.parse_args(parsed.words + sys.argv[1:sys.argv.index("up") + 1]), pointer)
    cluster = RedisCluster.attach(parsed.folder) if parsed.folder else pointer.cluster()
    if parsed.verb == "down":
        if cluster:
            cluster.down()
        pointer.forget()
        return None
    if not cluster:
        sys.exit("there is no cluster; `scripts/dev redis up` starts one")
    if parsed.verb == "cli":
        with cluster.connect(int(parsed.words[0]), timeout_s=60) as connection:
            print(shown(connection.call(*parsed.words[1:])))
        return None
    return ACTIONS[parsed.verb](cluster, *parsed.words)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, OSError, RedisError) as problem:
        sys.exit(f"redis: {problem}")
