"""Several real `fermata serve` that share one real Redis Cluster.

    with start_redis() as redis, ClusterOfServers(binary, redis, nodes=3, backups=[1]) as servers:
        servers.start()
        servers.wait_whole()
        servers["1"].kill() … servers["1 backup"] … servers.restart("1")

Without network namespaces all listen on loopback. With a Redis that has them (`start_redis(netns=True)`, root) each server has a
link of its own: then it can be cut off from Redis or from the other servers, by silence, as on a broken cable; and clients
show a token, since servers that do not listen on loopback demand one."""
import pathlib
import secrets
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from free_ports import claim_ports  # noqa: E402
from instance import Instance, eventually  # noqa: E402
from redis_cluster import RedisCluster  # noqa: E402
from redis_server import find_program  # noqa: E402

# How ctest sees a test that could not run (SKIP_RETURN_CODE).
SKIPPED = 77
# In a namespace of its own every server may have it.
PORT = 8077
NAME = "cluster"
# Enough to spread, few enough for a takeover to be seen.
PARTITIONS = 64
WHOLE_S = 90


def skip_without_redis():
    """Ends the process when there is no Redis to test with."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            find_program("redis-server", folder)
        except RuntimeError as error:
            print(f"skipped: {error}")
            sys.exit(SKIPPED)


def start_redis(life_s, **options):
    """Three primaries, each with a replica."""
    skip_without_redis()
    return RedisCluster.start(life_s=life_s, **options)


class ClusterOfServers:
    """Instances by name: "1", "2", …, and "1 backup" for the second instance of node 1. Not for two threads at a time."""

    def __init__(self, binary, redis, nodes=3, backups=(), options=(), life_s=900, name=NAME,
                 partitions=PARTITIONS):
        self.binary = str(pathlib.Path(binary).resolve())
        self.redis = redis
        self.name = name
        self.partitions = partitions
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fermata-cluster-"))
        self.token = secrets.token_hex(16) if redis.network else None
        self.instances = {}
        self.guests = {}
        places = [(str(node), node, "primary") for node in range(1, nodes + 1)]
        places += [(f"{node} backup", node, "backup") for node in backups]
        for (name, node, role), address in zip(places, self._addresses([name for name, _, _ in places])):
            self.instances[name] = self._instance(name, node, role, address, list(options), life_s)

    def __enter__(self):
        return self

    def __exit__(self, kind, *unused):
        for instance in self.instances.values():
            instance.end()
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"logs of the servers: {self.folder}")
            for instance in self.instances.values():
                print(f"the end of {instance.name}'s log:\n{instance.last_words()}")

    def __getitem__(self, name):
        return self.instances[name]

    def __iter__(self):
        return iter(self.instances.values())

    def _addresses(self, names):
        if not self.redis.network:
            return [("127.0.0.1", port) for port in claim_ports(len(names), self.folder)]
        for name in names:
            self.guests[name] = self.redis.network.add_guest()
        return [(self.guests[name].host, PORT) for name in names]

    def _instance(self, name, node, role, address, options, life_s):
        folder = self.folder / name.replace(" ", "-")
        command = [self.binary, "serve", f"--http.address={address[0]}", f"--http.port={address[1]}",
                   f"--orchestration.node-id={node}", "--orchestration.sessionid-with-nodeid=true",
                   f"--orchestration.external-url=http://{address[0]}:{address[1]}",
                   f"--cluster.name={self.name}", f"--cluster.role={role}", f"--persistence.partitions={self.partitions}"]
        if self.redis.network:
            tokens = self.folder / "tokens"
            tokens.write_text(f"{self.token} admin test\n")
            tokens.chmod(0o600)
            command = ["ip", "netns", "exec", self.guests[name].name, *command, f"--http.tokens-file={tokens}"]
        redis = dict(self.redis.persistence_options)
        environment = {"FERMATA_PERSISTENCE_PASSWORD": redis.pop("password")} if "password" in redis else {}
        command += [f"--persistence.{option.replace('_', '-')}={word(value)}" for option, value in redis.items()]
        command += [f"--{option}" for option in options]
        return Instance(name, command, address, folder, environment, self.token, life_s)

    # --- life

    def start(self):
        for instance in self:
            instance.start()

    def restart(self, name):
        """SIGTERM if it runs, and a new process at the same address. The exit code of the old one."""
        code = self.stop(name) if self[name].is_running() else None
        self[name].start()
        return code

    def stop(self, name):
        self[name].terminate()
        return self[name].wait_ended()

    # --- how it is

    def what_is_wrong(self, settled=True):
        """Empty when every instance runs and has its place, and all of them see every partition served, and where it should be
        if `settled` says so."""
        for instance in self:
            if not instance.is_running():
                return f"{instance.name} does not run"
            view = instance.view()
            if view is None:
                return f"{instance.name} does not say how its cluster is"
            if view["role"] not in ("acting", "standby"):
                return f"{instance.name} is {view['role']} {view.get('refusal', '')}"
            if view["draining"] or view["suspended"]:
                return f"{instance.name} is {'draining' if view['draining'] else 'suspended'}"
            owners = view["partitions"]
            if len(owners) != self.partitions or any(owner["node"] == 0 for owner in owners):
                return f"{instance.name} sees partitions that nobody owns"
            if settled and view["role"] == "acting" and not view["settled"]:
                return f"{instance.name} sees partitions that are not where they should be: owned by {[owner['node'] for owner in owners]}"
        return self._wrong_roles()

    def _wrong_roles(self):
        acting = {}
        for instance in self:
            view = instance.view()
            if view is None:
                return f"{instance.name} does not say how its cluster is"
            if view["role"] == "acting":
                if view["node"] in acting:
                    return f"{instance.name} and {acting[view['node']]} both act as node {view['node']}"
                acting[view["node"]] = instance.name
        missing = {instance.name.split()[0] for instance in self} - {str(node) for node in acting}
        return f"nobody acts as node {', '.join(sorted(missing))}" if missing else ""

    def wait_whole(self, timeout_s=WHOLE_S):
        eventually(lambda: not self.what_is_wrong(), timeout_s, self.what_is_wrong, 0.1)

    def wait_whole_but_for_balance(self, timeout_s=WHOLE_S):
        eventually(lambda: not self.what_is_wrong(settled=False), timeout_s, lambda: self.what_is_wrong(settled=False), 0.1)

    def wait_until_acting(self, name, timeout_s=WHOLE_S):
        """… and owns everything: the only instance so far."""
        def owns_all():
            view = self[name].view()
            return view and view["role"] == "acting" and view["partitions"] and \
                all(owner["node"] == view["node"] for owner in view["partitions"])
        eventually(owns_all, timeout_s, lambda: self[name].view() or self[name].last_words())

    def acting(self, node):
        """The instance that acts as the node; None when there is none."""
        for instance in self:
            view = instance.view() if instance.is_running() else None
            if view and view["role"] == "acting" and view["node"] == node:
                return instance
        return None

    # --- links; only with namespaces

    def part_from_redis(self, name):
        self.redis.network.part(self.guests[name], self.redis.network.servers())

    def rejoin_redis(self, name):
        self.redis.network.rejoin(self.guests[name], self.redis.network.servers())

    def part_from_peers(self, name):
        self.redis.network.part(self.guests[name], self._peers(name))

    def rejoin_peers(self, name):
        self.redis.network.rejoin(self.guests[name], self._peers(name))

    def _peers(self, name):
        return [guest for other, guest in self.guests.items() if other != name]


def word(value):
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
