#!/usr/bin/env python3
"""Disturbs a test cluster, one bout a line of input, for fermata_durability (tests/durability/fault_driver.h).

    fault_driver.py FOLDER --seed N [--outage S] [--faults NAME,NAME…] [--list]

Every bout begins and ends with a healthy cluster. Choices depend on the seed and the number of the bout alone. In the end it
prints what a bare client without WAIT, that ran beside, was promised and lost."""
import argparse
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from bare_client import BareClient  # noqa: E402
from redis_cluster import RedisCluster  # noqa: E402
from redis_connection import RedisError  # noqa: E402

# Longer than the detection of a dead primary (cluster-node-timeout of the tests, 2 s, and the election), or shorter.
AWAY_S = (0.3, 7.0)


class Faults:
    """Each method that has no underscore is one kind of fault; it ends when the disturbed nodes are back."""

    def __init__(self, cluster, dice, outage_s):
        self._cluster = cluster
        self._dice = dice
        self._outage_s = outage_s

    def kill(self):
        """A primary dies, and comes back before or after its replica took over."""
        node, away = self._primary(), self._away()
        self._cluster.kill(node)
        time.sleep(away)
        self._cluster.restart(node)
        return f"{away:.1f}s"

    def pause(self):
        node, away = self._primary(), self._away()
        self._cluster.pause(node)
        time.sleep(away)
        self._cluster.resume(node)
        return f"{away:.1f}s"

    def cut(self):
        """A primary without any link."""
        return self._cut("away")

    def cut_beside(self):
        """Fermata and one primary on one side of the cut, all others on the other side."""
        return self._cut("beside")

    def cut_between(self):
        """The servers lose one of them; Fermata reaches both sides."""
        return self._cut("both")

    def failover(self):
        self._cluster.failover(self._primary())
        return ""

    def failover_force(self):
        """The replica does not ask the primary, which goes on with what it has under way."""
        self._cluster.failover(self._primary(), "FORCE")
        return ""

    def reshard(self):
        source, target = self._dice.sample(self._cluster.primaries(), 2)
        mine = next(view for view in self._cluster.view(source) if view.port == source.port).slots
        # Slots with keys are what matters; the empty ones between them move in a moment.
        self._cluster.reshard(slots=12, pause_s=0.1, source=source, target=target,
                              choose=lambda _, count: self._slots_with_keys(source, mine, count))
        return ""

    def flush_scripts(self):
        for _ in range(5):
            self._cluster.flush_scripts()
            time.sleep(0.1)
        return ""

    def restart_all(self):
        for node in self._cluster.nodes:
            self._cluster.kill(node)
        self._cluster.restart_all()
        return ""

    def outage(self):
        for node in self._cluster.nodes:
            self._cluster.terminate(node)
        time.sleep(self._outage_s)
        self._cluster.restart_all()
        return f"{self._outage_s:.0f}s"

    def kill_two(self):
        """Two of three primaries at once: no majority, so nobody takes over until one is back."""
        first, second = self._dice.sample(self._cluster.primaries(), 2)
        self._cluster.kill(first)
        self._cluster.kill(second)
        time.sleep(self._away() / 2)
        self._cluster.restart_all([first, second])
        return ""

    def failover_then_reshard(self):
        """At once, without waiting for calm between."""
        return self.failover() + self.reshard()

    def failover_while_resharding(self):
        """The new primary does not know that it has half of some slots only: the old one kept that to itself (Redis 7). A person
        mends them after a while."""
        source, target = self._dice.sample(self._cluster.primaries(), 2)
        mine = next(view for view in self._cluster.view(source) if view.port == source.port).slots
        for slot in self._slots_with_keys(source, mine, 4):
            self._cluster.move_half(slot, source, target)
        self._cluster.failover(source)
        torn = self._dice.uniform(0.5, 4.0)
        time.sleep(torn)
        self._cluster.mend()
        return f"{torn:.1f}s"

    def _cut(self, side):
        away = self._away()
        self._cluster.cut(self._primary(), side)
        time.sleep(away)
        self._cluster.heal()
        return f"{away:.1f}s"

    def _primary(self):
        return self._dice.choice(self._cluster.primaries())

    def _away(self):
        return self._dice.uniform(*AWAY_S)

    def _slots_with_keys(self, source, slots, count):
        with self._cluster.connect(source) as connection:
            held = connection.pipeline([("CLUSTER", "COUNTKEYSINSLOT", slot) for slot in slots])
        full = [slot for slot, keys in zip(slots, held) if keys and not isinstance(keys, RedisError)]
        empty = [slot for slot, keys in zip(slots, held) if not keys]
        return self._dice.sample(full, min(count, len(full))) + empty[:2]


def all_faults():
    return [name for name in vars(Faults) if not name.startswith("_")]


class Driver:
    def __init__(self, cluster, options):
        self.cluster = cluster
        self.options = options
        self.names = options.faults.split(",") if options.faults else all_faults()
        if not cluster.network:
            self.names = [name for name in self.names if not name.startswith("cut")]
        self.bare = BareClient(cluster)

    def bout(self, number):
        """One or two faults, one after the other; what was done."""
        dice = random.Random(self.options.seed * 1000 + number)
        faults = Faults(self.cluster, dice, self.options.outage)
        # Every kind gets its turn within the first len(names) bouts; a second one is a matter of luck.
        order = random.Random(self.options.seed).sample(self.names, len(self.names))
        chosen = [order[number % len(order)]]
        if dice.random() < 0.4:
            chosen.append(dice.choice(self.names))
        self.bare.begin()
        done = []
        for name in chosen:
            done.append(f"{name} {getattr(faults, name)()}".strip())
            self.cluster.wait_healthy()
        self.bare.end()
        return " + ".join(done)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--outage", type=float, default=10, help="seconds without any server")
    parser.add_argument("--faults", help="only these, by name; default: all")
    options = parser.parse_args()
    driver = Driver(RedisCluster.attach(options.folder), options)
    for line in sys.stdin:
        try:
            print(f"done: {driver.bout(int(line.split()[1]))}", flush=True)
        except (RuntimeError, OSError, RedisError) as error:
            print(f"failed: {error}".replace("\n", " "), flush=True)
    print(f"bare client without WAIT: {driver.bare.acknowledged} writes acknowledged, {driver.bare.lost} of them lost")


if __name__ == "__main__":
    main()
