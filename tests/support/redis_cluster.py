"""A real Redis or Valkey cluster for tests and for trying things out: started, formed, disturbed, and gone afterwards.

    with RedisCluster.start(tls=True, acl=True) as cluster:
        ... cluster.nodes_option, cluster.kill(0), cluster.restart(0), cluster.wait_healthy() ...

Everything lives in one temporary folder; state.json in it lets another process attach. A keeper process removes all of it
when the starter is gone or `life_s` has passed. Waiting is polling with a deadline; what is waited for is in the error."""
import contextlib
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import certificates  # noqa: E402
import redis_mend  # noqa: E402
import redis_reshard  # noqa: E402
import redis_rights  # noqa: E402
from free_ports import claim_ports  # noqa: E402
from network import Network  # noqa: E402
from redis_connection import Login, RedisConnection, RedisError, fields  # noqa: E402
from redis_server import (NODE_TIMEOUT_MS, RECOMMENDED, RECOMMENDED_IN_CLUSTERS, RedisServer,  # noqa: E402
                          find_program)

SLOTS = 16384
FORM_TIMEOUT_S = 90
HEAL_TIMEOUT_S = 90
POLL_S = 0.05


class RedisCluster:
    """Not for two threads at a time. Node numbers are those of the start: primaries first, then replicas, then spare ones; roles change."""

    @classmethod
    def start(cls, primaries=3, replicas=1, spare=0, tls=False, acl=False, valkey=False, standalone=False, netns=False,
              mutual_tls=False, cluster_name="*", extra_rights="", hostname=None, node_timeout_ms=NODE_TIMEOUT_MS, settings=None, preload=None, life_s=3 * 3600,
              outlive_starter=False, progress=lambda line: None):
        """A formed, healthy cluster. `spare`: so many primaries more, without slots, as if just added. `standalone`: one server without cluster mode. `mutual_tls`: clients must show a
        certificate. `cluster_name`: with `acl`, whose keys the user may touch (default: of all Fermata clusters), and
        `extra_rights` beside those of redis_rights.
        `hostname`: announced by every node in place of its address. `settings`: more of redis.conf (a dict). `preload`: a
        library that is loaded into every server."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="fermata-redis-"))
        options = {"primaries": 1 if standalone else primaries, "replicas": 0 if standalone else replicas, "spare": 0 if standalone else spare,
                   "tls": tls or mutual_tls, "mutual_tls": mutual_tls, "acl": acl, "valkey": valkey,
                   "standalone": standalone, "netns": netns, "cluster_name": cluster_name, "extra_rights": extra_rights, "hostname": hostname, "node_timeout_ms": node_timeout_ms,
                   "settings": settings or {}, "preload": preload, "passwords": {name: secrets.token_hex(12) for name in redis_rights.USERS}}
        cluster = cls(folder, options, [])
        try:
            cluster._prepare()
            cluster._start_keeper(life_s, outlive_starter)
            cluster._begin(progress)
        except BaseException:
            cluster.down()
            raise
        return cluster

    @classmethod
    def attach(cls, folder):
        """The cluster that lives in `folder`, started by whatever process."""
        state = json.loads((pathlib.Path(folder) / "state.json").read_text())
        nodes = [RedisServer(folder, **description) for description in state["nodes"]]
        return cls(pathlib.Path(folder), state["options"], nodes)

    def __init__(self, folder, options, nodes):
        self.folder = folder
        self.options = options
        self.nodes = nodes
        self.keeper = None
        self.network = Network(folder) if options["netns"] else None

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.down()

    # --- starting

    def _prepare(self):
        count = self.options["primaries"] * (1 + self.options["replicas"]) + self.options["spare"]
        program = find_program("valkey-server" if self.options["valkey"] else "redis-server", self.folder)
        ports = claim_ports(2 * count, self.folder)
        hosts = self.network.plan(count) if self.network else ["127.0.0.1"] * count
        spaces = self.network.names(count) if self.network else [None] * count
        self.nodes = [RedisServer(self.folder, at, hosts[at], ports[2 * at], ports[2 * at + 1], program, spaces[at],
                                  self.options["preload"])
                      for at in range(count)]
        if self.options["tls"]:
            certificates.make_authority(self.folder)
            names = certificates.SERVER_NAMES + tuple(f"IP:{host}" for host in sorted(set(hosts) - {"127.0.0.1"}))
            certificates.make_certificate(self.folder, "server", names=names)
            certificates.make_certificate(self.folder, "client")
        for node in self.nodes:
            node.write_settings(self._settings(node))
        state = {"options": self.options, "nodes": [node.description() for node in self.nodes]}
        (self.folder / "state.json").write_text(json.dumps(state))
        if self.network:
            self.network.build([node.host for node in self.nodes])

    def _settings(self, node):
        settings = {"bind": node.host + (" -::1" if node.host == "127.0.0.1" else ""), **RECOMMENDED}
        if self.network:
            settings["protected-mode"] = "no"  # nobody but this machine reaches that network
        if self.options["tls"]:
            settings.update({"port": 0, "tls-port": node.port, "tls-replication": "yes",
                             "tls-cert-file": self.folder / "server.crt", "tls-key-file": self.folder / "server.key",
                             "tls-ca-cert-file": self.folder / "ca.crt",
                             "tls-auth-clients": "yes" if self.options["mutual_tls"] else "optional"})
        else:
            settings["port"] = node.port
        if not self.options["standalone"]:
            settings.update(RECOMMENDED_IN_CLUSTERS)
            settings.update({"cluster-node-timeout": self.options["node_timeout_ms"], "cluster-port": node.bus_port})
            if self.options["tls"]:
                settings["tls-cluster"] = "yes"
            if self.options["hostname"]:
                settings.update({"cluster-announce-hostname": self.options["hostname"],
                                 "cluster-preferred-endpoint-type": "hostname"})
        settings.update(self.options["settings"])
        if not self.options["acl"]:
            return list(settings.items())
        return list(settings.items()) + redis_rights.settings(
            self.options["passwords"], self.options["cluster_name"], self.options["extra_rights"])

    def _start_keeper(self, life_s, outlive_starter):
        keeper = [sys.executable, str(pathlib.Path(__file__).parent / "redis_keeper.py"), str(self.folder), str(life_s)]
        self.keeper = subprocess.Popen(keeper + (["alone"] if outlive_starter else []),
                                       stdin=subprocess.DEVNULL if outlive_starter else subprocess.PIPE,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def _begin(self, progress):
        progress(f"starting {len(self.nodes)} servers in {self.folder}")
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            self._wait(lambda node=node: self._answers(node), FORM_TIMEOUT_S, f"node {node.number} answers PING", node)
        if not self.options["standalone"]:
            progress("forming the cluster")
            self._form()
            progress("waiting until every node agrees and every replica is online")
            self.wait_healthy(FORM_TIMEOUT_S)
        write_private(self.folder / "fermata.toml", self.configuration)

    def _form(self):
        count = self.options["primaries"]
        for number, node in enumerate(self.nodes):
            with self.connect(node) as connection:
                connection.call("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
                if number < count:
                    first, last = SLOTS * number // count, SLOTS * (number + 1) // count - 1
                    connection.call("CLUSTER", "ADDSLOTSRANGE", first, last)
                for other in self.nodes[:number]:
                    connection.call("CLUSTER", "MEET", other.host, other.port, other.bus_port)
        self._wait(lambda: all(len(self.view(node)) == len(self.nodes) for node in self.nodes), FORM_TIMEOUT_S,
                   "every node knows every other")
        for number, node in enumerate(self.nodes[count:count * (1 + self.options["replicas"])]):
            with self.connect(node) as connection:
                connection.call("CLUSTER", "REPLICATE", self.identity(self.nodes[number % count]))

    # --- ending

    def down(self):
        """Ends every server by its process id, checked to be ours, and removes the folder. Can be called again."""
        for node in self.nodes:
            node.send(signal.SIGCONT)
            node.end(signal.SIGKILL)
        if self.network:
            self.network.remove()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.keeper:
            if self.keeper.stdin:
                self.keeper.stdin.close()
            self.keeper.wait()  # it ends by itself when the folder is gone
            self.keeper = None

    # --- what clients need

    @property
    def nodes_option(self):
        """The value of [persistence] redis-nodes."""
        return ";".join(node.address for node in self.nodes)

    @property
    def login(self):
        """As an administrator: all rights."""
        return self.login_of("admin")

    def login_of(self, user):
        files = {}
        if self.options["tls"]:
            files = {"tls": True, "cacert": self.file("ca.crt"), "cert": self.file("client.crt"),
                     "key": self.file("client.key")}
        if self.options["acl"]:
            files.update({"user": user, "password": self.options["passwords"][user]})
        return Login(**files)

    def file(self, name):
        return str(self.folder / name)

    @property
    def persistence_options(self):
        """Options of fermata for this cluster, by name; values as TOML takes them."""
        options = {"type": "redis", "redis-nodes": self.nodes_option}
        if self.options["acl"]:
            options.update({"username": "fermata", "password": self.options["passwords"]["fermata"]})
        if self.options["tls"]:
            options.update({"tls-enabled": True, "tls-cacert": self.file("ca.crt")})
        if self.options["mutual_tls"]:
            options.update({"tls-cert": self.file("client.crt"), "tls-key": self.file("client.key")})
        if self.options["replicas"] == 0:
            options["redis-wait-replicas"] = 0
        return options

    @property
    def configuration(self):
        """A configuration file for `fermata --config`."""
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in self.persistence_options.items()]
        return "[persistence]\n" + "".join(lines) + "\n[orchestration]\nsessionid-with-nodeid = true\n"

    @property
    def environment(self):
        """What tests in C++ read; documented in with_redis.py."""
        login = self.login_of("fermata")
        control = pathlib.Path(__file__).parent / "redis_command.py"
        values = {"": self.nodes_option, "_USER": login.user, "_PASSWORD": login.password, "_CACERT": login.cacert,
                  "_CERT": login.cert, "_KEY": login.key, "_FOLDER": str(self.folder),
                  "_REPLICAS": str(self.options["replicas"]), "_STANDALONE": "1" if self.options["standalone"] else None,
                  "_CONTROL": f"{sys.executable} {control} --folder {self.folder}"}
        return {f"FERMATA_TEST_REDIS{name}": value for name, value in values.items() if value}

    def connect(self, node, timeout_s=5):
        """An administrator's connection to one node (the object or its number)."""
        node = self.node(node)
        return RedisConnection(node.host, node.port, self.login, timeout_s)

    def node(self, node):
        return node if isinstance(node, RedisServer) else self.nodes[node]

    # --- what the cluster looks like

    def view(self, node):
        """CLUSTER NODES as `node` sees it: a list of NodeView."""
        with self.connect(node) as connection:
            return [NodeView(line) for line in connection.text("CLUSTER", "NODES").splitlines() if line]

    def identity(self, node):
        with self.connect(node) as connection:
            return connection.text("CLUSTER", "MYID")

    def any_view(self):
        """As the first node that answers sees it; empty when none does."""
        for node in self.nodes:
            with contextlib.suppress(OSError, RedisError):
                return self.view(node)
        return []

    def primaries(self):
        """Nodes that serve slots, by slot."""
        serving = [view for view in self.any_view() if view.is_primary and view.slots and not view.is_failed]
        return [self.by_port(view.port) for view in sorted(serving, key=lambda view: view.slots[0])]

    def by_port(self, port):
        return next(node for node in self.nodes if node.port == port)

    def primary_of(self, slot):
        """None while nobody serves it."""
        for view in self.any_view():
            if view.is_primary and not view.is_failed and view.serves(slot):
                return self.by_port(view.port)
        return None

    def serving_primary_of(self, slot, timeout_s=HEAL_TIMEOUT_S):
        """The same, waited for: a busy machine makes nodes doubt each other for a moment."""
        found = None

        def is_served():
            nonlocal found
            found = self.primary_of(slot)
            return found is not None

        self._wait(is_served, timeout_s, f"a primary of slot {slot}")
        return found

    def replicas_of(self, primary):
        """Nodes that replicate it and are online, by what the primary says."""
        with self.connect(primary) as connection:
            said = fields(connection.text("INFO", "replication"))
        found = []
        for name, value in said.items():
            if name.startswith("slave") and name[5:].isdigit() and "state=online" in value:
                found.append(self.by_port(int(dict(part.split("=", 1) for part in value.split(","))["port"])))
        return found

    def what_is_wrong(self):
        """Empty when every node runs, agrees on all slots, and every primary has an online replica (if there were any)."""
        if self.options["standalone"]:
            return "" if self._answers(self.nodes[0]) else "the server does not answer"
        for node in self.nodes:
            if not node.is_running():
                return f"node {node.number} does not run"
        try:
            views = [self.view(node) for node in self.nodes]
            for node, seen in zip(self.nodes, views):
                with self.connect(node) as connection:
                    state = fields(connection.text("CLUSTER", "INFO"))
                if state["cluster_state"] != "ok" or state["cluster_slots_ok"] != str(SLOTS):
                    return f"node {node.number} says {state['cluster_state']}, {state['cluster_slots_ok']} slots are served"
                if any(view.is_failed or view.is_handshake for view in seen):
                    return f"node {node.number} thinks that one has failed"
            if len({arrangement(seen) for seen in views}) != 1:
                return "the nodes do not agree on who serves which slots and replicates whom" + disagreement(self.nodes, views)
            if self.options["replicas"]:
                for primary in self.primaries():
                    if not self.replicas_of(primary):
                        return f"node {primary.number} has no replica that is online"
                for node in self.nodes:
                    with self.connect(node) as connection:
                        said = fields(connection.text("INFO", "replication"))
                    if said["role"] == "slave" and said["master_link_status"] != "up":
                        return f"node {node.number} is not in sync with its primary"
        except (OSError, RedisError) as error:
            return str(error)
        return ""

    def wait_healthy(self, timeout_s=HEAL_TIMEOUT_S):
        deadline = time.monotonic() + timeout_s
        while True:
            wrong = self.what_is_wrong()
            if not wrong:
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f"the cluster is not healthy after {timeout_s} s: {wrong}")
            time.sleep(POLL_S)

    def _answers(self, node):
        try:
            with self.connect(node, timeout_s=1) as connection:
                return connection.call("PING") == b"PONG"
        except (OSError, RedisError):  # not there yet, or still loading
            return False

    def _wait(self, condition, timeout_s, what, node=None):
        deadline = time.monotonic() + timeout_s
        while True:
            with contextlib.suppress(OSError, RedisError):
                if condition():
                    return
            ended = node is not None and not node.is_running()
            if ended or time.monotonic() > deadline:
                words = f"\n{node.last_words()}" if node is not None else ""
                raise RuntimeError(f"{'the server ended' if ended else f'not within {timeout_s} s'}: {what}{words}")
            time.sleep(POLL_S)

    # --- disturbing it

    def kill(self, node):
        """kill -9"""
        self.node(node).end(signal.SIGKILL)

    def pause(self, node):
        self.node(node).send(signal.SIGSTOP)

    def resume(self, node):
        self.node(node).send(signal.SIGCONT)

    def terminate(self, node):
        """SIGTERM, and waits for the end."""
        self.node(node).end(signal.SIGTERM)

    def restart(self, node):
        """From its AOF; a running server gets SIGTERM first. Waits until it answers and has loaded its data."""
        self.restart_all([node])

    def restart_all(self, nodes=None):
        nodes = [self.node(node) for node in (self.nodes if nodes is None else nodes)]
        for node in nodes:
            node.end(signal.SIGTERM)
        for node in nodes:
            node.start()
        for node in nodes:
            self._wait(lambda node=node: self._answers(node), HEAL_TIMEOUT_S, f"node {node.number} answers", node)

    def failover(self, node, how=None):
        """CLUSTER FAILOVER on `node`, or, when that is a primary, on one of its replicas. `how`: None, FORCE, TAKEOVER.
        Gives the new primary; waits until it says that it is one."""
        node = self.node(node)
        replica = node
        if self.role(node) == "master":
            found = self.replicas_of(node)
            if not found:
                raise RuntimeError(f"node {node.number} has no replica that could take over")
            replica = found[0]
        with self.connect(replica) as connection:
            connection.call("CLUSTER", "FAILOVER", *([how] if how else []))
        self._wait(lambda: self.role(replica) == "master", HEAL_TIMEOUT_S, f"node {replica.number} becomes primary")
        return replica

    def role(self, node):
        with self.connect(node) as connection:
            return connection.call("ROLE")[0].decode()

    def reshard(self, slots=64, pause_s=0.0, source=None, target=None, choose=None):
        """Moves some slots with their keys from one primary to another; see redis_reshard."""
        return redis_reshard.move_slots(self, slots, pause_s, source, target, choose)

    def move_half(self, slot, source, target):
        """Moves half of a slot's keys and leaves it so."""
        redis_reshard.move_half(self, slot, self.node(source), self.node(target))

    def mend(self):
        """Ends moves of slots that were cut off, as docs/guide/redis.md says."""
        redis_mend.mend(self)

    def flush_scripts(self):
        for node in self.nodes:
            with contextlib.suppress(OSError, RedisError):
                with self.connect(node, timeout_s=1) as connection:
                    connection.call("SCRIPT", "FLUSH")

    def cut(self, node, client="away"):
        """Cuts a node from all others. `client`: where this machine stands: `away` from the node, `beside` it (and away
        from the others), or reaching `both` sides. Needs netns=True."""
        self._need_network().cut(self.node(node).number, client)

    def heal(self):
        """Ends every cut."""
        self._need_network().heal()

    def _need_network(self):
        if not self.network:
            raise RuntimeError("this cluster was started without --netns; there is no link that could be cut")
        return self.network


class NodeView:
    """One line of CLUSTER NODES."""

    def __init__(self, line):
        words = line.split()
        self.identity = words[0]
        self.port = int(words[1].split("@")[0].rsplit(":", 1)[1])
        self.flags = words[2].split(",")
        self.replicates = words[3]  # an identity, or "-"
        self.epoch = words[6]
        self.slots = []
        for word in words[8:]:
            if not word.startswith("["):
                first, _, last = word.partition("-")
                self.slots += range(int(first), int(last or first) + 1)

    @property
    def is_primary(self):
        return "master" in self.flags

    @property
    def is_failed(self):
        return "fail" in self.flags or "fail?" in self.flags

    @property
    def is_handshake(self):
        return "handshake" in self.flags

    def serves(self, slot):
        return slot in self.slots

    def summary(self):
        role = f"replica of {self.replicates[:8]}" if self.replicates != "-" else f"primary of {len(self.slots)} slots"
        return f"{self.identity[:8]} at {self.port}, {role}, epoch {self.epoch}"


def arrangement(seen):
    return tuple(sorted((view.identity, view.replicates, tuple(view.slots)) for view in seen))


def disagreement(nodes, views):
    """What each node says, as text, so that the log of a test shows who is behind."""
    return "".join(f"\n  node {node.number} says: {'; '.join(view.summary() for view in seen)}"
                   for node, seen in zip(nodes, views))


def write_private(path, text):
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
