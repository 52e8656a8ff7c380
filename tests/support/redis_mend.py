"""Ends moves of slots that were cut off, with the very commands that docs/guide/redis.md tells people to use."""
import contextlib
import pathlib
import re
import subprocess
import time

from redis_connection import RedisError

GUIDE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "guide" / "redis.md"
TIMEOUT_S = 90
AGREE_TIMEOUT_S = 30


def mend(cluster):
    for importer in cluster.nodes:
        for slot in re.findall(r"\[(\d+)-<-", _own_line(cluster, importer)):
            server = _server_of(cluster, slot, importer)
            if f"[{slot}->-" in _own_line(cluster, server):
                _carry_on(cluster, slot, server, importer)
            else:
                _take_back(cluster, slot, server, importer)


def _own_line(cluster, node):
    """Of CLUSTER NODES; no other primary knows what it is moving. Empty when it is none (a replica of Valkey 8 says what its
    primary moves), or does not answer."""
    with contextlib.suppress(OSError, RedisError):
        with cluster.connect(node) as connection:
            return next((line for line in connection.text("CLUSTER", "NODES").splitlines() if "myself,master" in line), "")
    return ""


def _server_of(cluster, slot, importer):
    """As all others see it. Right after a failover the old server still says that it is the one."""
    deadline = time.monotonic() + AGREE_TIMEOUT_S
    while True:
        named = _named_servers(cluster, int(slot), importer)
        if len(named) == 1:
            return cluster.by_port(named.pop())
        if time.monotonic() > deadline:
            raise RuntimeError(f"slot {slot} is served by {named or 'nobody'}, say the nodes after {AGREE_TIMEOUT_S} s")
        time.sleep(0.05)  # poll


def _named_servers(cluster, slot, importer):
    """Ports. The importer takes no news about that slot, nor do its replicas where they know of the move (Valkey 8)."""
    named = set()
    for node in cluster.nodes:
        if node is importer:
            continue
        with contextlib.suppress(OSError, RedisError):
            seen = cluster.view(node)
            primaries = {view.identity: view.port for view in seen}
            own = next(view for view in seen if "myself" in view.flags)
            if primaries.get(own.replicates) != importer.port:
                named |= {view.port for view in seen if view.is_primary and not view.is_failed and view.serves(slot)}
    return named


def _carry_on(cluster, slot, server, importer):
    """The move was only broken off."""
    _move_keys(cluster, slot, server, importer)
    others = [node for node in cluster.primaries() if node not in (server, importer)]
    for node in (importer, server, *others):
        with cluster.connect(node) as connection:
            connection.call("CLUSTER", "SETSLOT", slot, "NODE", cluster.identity(importer))


def _take_back(cluster, slot, server, importer):
    """The server does not know of the move any more: what it says and is told is about its own keys."""
    with cluster.connect(importer) as connection:
        connection.call("CLUSTER", "SETSLOT", slot, "NODE", cluster.identity(server))
    _move_keys(cluster, slot, importer, server)
    with cluster.connect(importer) as connection:
        connection.call("CLUSTER", "SETSLOT", slot, "STABLE")


def _move_keys(cluster, slot, source, target):
    done = subprocess.run(["sh", "-c", _assignments(cluster, slot, source, target) + _commands()], capture_output=True, text=True,
                          timeout=TIMEOUT_S, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"slot {slot} could not be moved from {source.address} to {target.address}:\n{done.stdout}\n{done.stderr}")


def _commands():
    """The guide's block, without the lines in which people put in their own names."""
    block = next(block for block in GUIDE.read_text().split("```") if "GETKEYSINSLOT" in block)
    return "\n".join(line for line in block.splitlines()[1:] if not re.match(r"\w+=", line))


def _assignments(cluster, slot, source, target):
    login = cluster.login
    words = ["--no-auth-warning"]
    words += ["--user", login.user, "--pass", login.password] if login.password else []
    words += ["--tls", "--cacert", login.cacert, "--cert", login.cert, "--key", login.key] if login.cacert else []
    auth = f"AUTH2 {login.user} {login.password}" if login.password else ""
    return f"""slot={slot}
from="-h {source.host} -p {source.port}"
to="{target.host} {target.port}"
login="{' '.join(words)}"
auth="{auth}"
"""
