#!/usr/bin/env python3
"""Fencing: an instance that was paused while another took its partitions cannot write one byte when it wakes up.

    fencing_test.py --instance FERMATA_FENCING_INSTANCE [--schedules N] [--seed N]

Two instances take partitions from each other in random schedules. What is in Redis is hashed when the new owner rests, the
old one wakes up with its commits under way and tries again, and nothing may have changed. Some schedules move the primary or
flush the scripts while the old owner sleeps, so that it comes back to servers it has to find first."""
import argparse
import collections
import hashlib
import os
import pathlib
import queue
import random
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from redis_cluster import RedisCluster  # noqa: E402

PARTITIONS = 16
TAKEN = 3
ANSWER_S = 60


class Instance:
    """One process of fermata_fencing_instance."""

    def __init__(self, binary, cluster, name, node):
        self.name = name
        self.process = subprocess.Popen([binary, "fencing", str(node)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env={**os.environ, **cluster.environment})
        self.lines = queue.Queue()
        self.log = collections.deque(maxlen=30)
        threading.Thread(target=self._read, daemon=True).start()
        self.expect("open")

    def _read(self):
        for line in self.process.stdout:
            if line.startswith("["):  # its log
                self.log.append(line)
            else:
                self.lines.put(line.strip())
        self.lines.put(None)

    def say(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def next_line(self):
        try:
            line = self.lines.get(timeout=ANSWER_S)
        except queue.Empty:
            raise AssertionError(f"{self.name}: no answer within {ANSWER_S} s\n{''.join(self.log)}") from None
        if line is None:
            raise AssertionError(f"{self.name} ended")
        if line.startswith(("WROTE", "unexpected")):
            raise AssertionError(f"{self.name}: {line}")
        return line

    def expect(self, word):
        line = self.next_line()
        if not line.startswith(word):
            raise AssertionError(f"{self.name} said {line!r} where {word!r} was expected")
        return line

    def work(self, partitions):
        self.say("claim", *partitions)
        self.expect("working")

    def rest(self):
        self.say("rest")
        return int(self.expect("resting").split()[1])

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def wait_refused(self, partitions):
        """Until every partition is fenced, and each further attempt was refused."""
        waiting = {f"{word} {partition}" for partition in partitions for word in ("fenced", "refused")}
        while waiting:
            line = self.next_line()
            if line not in waiting:
                raise AssertionError(f"{self.name}: {line}")
            waiting.remove(line)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()


def contents(cluster, name, partitions=None):
    """A digest of each key of a cluster of servers, or of some of its partitions: its type and value, and not its TTL or how
    it is encoded."""
    digests = {}
    prefix = f"ORS:{name}:"
    prefixes = tuple(f"{prefix}{{{partition}.".encode() for partition in partitions or ())
    for primary in cluster.primaries():
        with cluster.connect(primary, timeout_s=60) as connection:
            keys = [key for key in scan(connection, prefix + "*") if partitions is None or key.startswith(prefixes)]
            kinds = connection.pipeline([("TYPE", key) for key in keys])
            values = connection.pipeline([reading(kind, key) for kind, key in zip(kinds, keys)])
        for key, kind, value in zip(keys, kinds, values):
            if kind == b"hash":
                value = sorted(zip(value[::2], value[1::2]))
            digests[key] = hashlib.sha256(repr((kind, value)).encode()).hexdigest()
    return digests


def scan(connection, pattern):
    cursor = b"0"
    while True:
        cursor, keys = connection.call("SCAN", cursor, "MATCH", pattern, "COUNT", 1000)
        yield from keys
        if cursor == b"0":
            return


def reading(kind, key):
    return {b"string": ("GET", key), b"hash": ("HGETALL", key), b"zset": ("ZRANGE", key, 0, -1, "WITHSCORES"),
            b"stream": ("XRANGE", key, "-", "+")}[kind]


def differences(before, after):
    names = {**before, **after}
    return sorted(key.decode() for key in names if before.get(key) != after.get(key))


def disturb(cluster, dice):
    """While the old owner sleeps; what was done."""
    luck = dice.random()
    if luck < 0.04:
        cluster.failover(dice.choice(cluster.primaries()), dice.choice([None, "FORCE"]))
        cluster.wait_healthy()
        return "failover"
    if luck < 0.08:
        cluster.restart(dice.choice(cluster.nodes))
        cluster.wait_healthy()
        return "restart"
    if luck < 0.20:
        cluster.flush_scripts()
        return "scripts flushed"
    return ""


def schedule(cluster, dice, old, new):
    """One take-over; the number of commits of the new owner."""
    partitions = dice.sample(range(PARTITIONS), TAKEN)
    old.work(partitions)
    time.sleep(dice.uniform(0, 0.08))  # the random moment of the pause
    old.pause()
    try:
        disturbance = disturb(cluster, dice)
        new.work(partitions)
        time.sleep(dice.uniform(0, 0.05))  # the new owner's work, of random length
        commits = new.rest()
        before = contents(cluster, "fencing", partitions)
    finally:
        old.resume()
    old.wait_refused(partitions)
    changed = differences(before, contents(cluster, "fencing", partitions))
    if changed:
        raise AssertionError(f"the old owner changed {changed[:10]}, {disturbance or 'without a disturbance'}")
    return commits


def check_that_changes_are_seen(cluster):
    """One field, written past everything, must be noticed by the comparison."""
    partitions = range(PARTITIONS)
    before = contents(cluster, "fencing", partitions)
    key = next(key for key in before if b":s:" in key)
    for primary in cluster.primaries():
        with cluster.connect(primary) as connection:
            if key in set(scan(connection, key.decode())):
                connection.call("HSET", key, "forged", "1")
    assert differences(before, contents(cluster, "fencing", partitions)) == [key.decode()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--instance", required=True)
    parser.add_argument("--schedules", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 1 << 31))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    dice = random.Random(options.seed)
    with RedisCluster.start(tls=True, acl=True, life_s=900) as cluster:
        instances = [Instance(options.instance, cluster, f"instance {node}", node) for node in (1, 2)]
        try:
            commits = 0
            for number in range(1, options.schedules + 1):
                dice.shuffle(instances)
                commits += schedule(cluster, dice, *instances)
                if number % 20 == 0:
                    print(f"{number} take-overs, {commits} commits of new owners", flush=True)
            check_that_changes_are_seen(cluster)
        finally:
            for instance in instances:
                instance.end()
    print(f"passed: {options.schedules} take-overs, nothing written by an old owner")


if __name__ == "__main__":
    main()
