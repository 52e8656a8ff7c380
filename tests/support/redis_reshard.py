"""Moves slots with their keys between primaries of a test cluster, as redis-cli --cluster reshard does, step by step,
so that clients meet ASK, TRYAGAIN and MOVED for as long as the test wants."""
import random
import time

KEYS_AT_ONCE = 10
MIGRATE_TIMEOUT_MS = 5000


def move_slots(cluster, count, pause_s=0.0, source=None, target=None, choose=None):
    """Moves `count` slots. `pause_s`: how long each slot stays half moved. `choose(slots of the source, count)` picks them
    (default: at random). Gives (source node, target node, slots)."""
    primaries = cluster.primaries()
    source = cluster.node(source) if source is not None else random.choice(primaries)
    target = cluster.node(target) if target is not None else random.choice([n for n in primaries if n is not source])
    mine = next(view for view in cluster.view(source) if view.port == source.port)
    slots = (choose or random.sample)(mine.slots, min(count, len(mine.slots)))
    for slot in slots:
        move_slot(cluster, slot, source, target, pause_s)
    return source, target, slots


def move_slot(cluster, slot, source, target, pause_s):
    target_id = cluster.identity(target)
    with cluster.connect(source, timeout_s=30) as giving, cluster.connect(target, timeout_s=30) as taking:
        _begin(cluster, slot, source, target)
        time.sleep(pause_s / 2)
        while _move_keys(cluster, giving, slot, target, KEYS_AT_ONCE):
            time.sleep(pause_s / 4)
        time.sleep(pause_s / 4)
        taking.call("CLUSTER", "SETSLOT", slot, "NODE", target_id)
        giving.call("CLUSTER", "SETSLOT", slot, "NODE", target_id)
    for other in cluster.primaries():
        if other not in (source, target):
            with cluster.connect(other) as connection:
                connection.call("CLUSTER", "SETSLOT", slot, "NODE", target_id)


def move_half(cluster, slot, source, target):
    """Moves half of a slot's keys, at least one, and leaves the slot as it is then."""
    _begin(cluster, slot, source, target)
    with cluster.connect(source, timeout_s=30) as giving:
        half = (giving.call("CLUSTER", "COUNTKEYSINSLOT", slot) + 1) // 2
        _move_keys(cluster, giving, slot, target, half)


def _begin(cluster, slot, source, target):
    with cluster.connect(target) as taking, cluster.connect(source) as giving:
        taking.call("CLUSTER", "SETSLOT", slot, "IMPORTING", cluster.identity(source))
        giving.call("CLUSTER", "SETSLOT", slot, "MIGRATING", cluster.identity(target))


def _move_keys(cluster, giving, slot, target, count):
    """How many there were to be moved."""
    keys = giving.call("CLUSTER", "GETKEYSINSLOT", slot, count)
    if keys:
        giving.call("MIGRATE", target.host, target.port, "", 0, MIGRATE_TIMEOUT_MS, *_login_words(cluster), "KEYS", *keys)
    return len(keys)


def _login_words(cluster):
    login = cluster.login
    return ["AUTH2", login.user, login.password] if login.password else []
