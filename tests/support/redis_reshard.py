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
    source_id, target_id = cluster.identity(source), cluster.identity(target)
    with cluster.connect(source, timeout_s=30) as giving, cluster.connect(target, timeout_s=30) as taking:
        taking.call("CLUSTER", "SETSLOT", slot, "IMPORTING", source_id)
        giving.call("CLUSTER", "SETSLOT", slot, "MIGRATING", target_id)
        time.sleep(pause_s / 2)
        while True:
            keys = giving.call("CLUSTER", "GETKEYSINSLOT", slot, KEYS_AT_ONCE)
            if not keys:
                break
            giving.call("MIGRATE", target.host, target.port, "", 0, MIGRATE_TIMEOUT_MS, *_login_words(cluster),
                        "KEYS", *keys)
            time.sleep(pause_s / 4)
        time.sleep(pause_s / 4)
        taking.call("CLUSTER", "SETSLOT", slot, "NODE", target_id)
        giving.call("CLUSTER", "SETSLOT", slot, "NODE", target_id)
    for other in cluster.primaries():
        if other not in (source, target):
            with cluster.connect(other) as connection:
                connection.call("CLUSTER", "SETSLOT", slot, "NODE", target_id)


def _login_words(cluster):
    login = cluster.login
    return ["AUTH2", login.user, login.password] if login.password else []
