"""A client as most are: it follows the cluster, takes an answer for a promise, and does not WAIT.

It runs beside Fermata on the same cluster and shows what such promises are worth when primaries fail: each write is one
SET of a key of its own; a write that was answered OK and whose key is gone afterwards is lost."""
import threading
import time

from redis_connection import RedisConnection, RedisError

TAGS = 48  # spread over all slots, so that every primary gets some
BATCH = 8
PAUSE_S = 0.01
TIMEOUT_S = 1.0
COUNT_TIMEOUT_S = 60


class BareClient:
    """One thread per primary of the start: a primary that hangs does not hold up writes to the others."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.nodes = {node.port: node for node in cluster.nodes}
        self.acknowledged = 0
        self.lost = 0
        self._slots = {}
        self._kept = []  # keys acknowledged in this round
        self._number = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = []

    def begin(self):
        self._slots = self._slots_of_tags()
        self._stop.clear()
        groups = {}
        for tag, slot in self._slots.items():
            groups.setdefault(self.cluster.serving_primary_of(slot).port, []).append(tag)
        self._threads = [threading.Thread(target=self._write, args=(tags, self.nodes[port]))
                         for port, tags in groups.items()]
        for thread in self._threads:
            thread.start()

    def end(self):
        """Call it when the cluster is healthy again: stops, and counts what is gone."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.acknowledged += len(self._kept)
        self.lost += self._count_missing()
        self._kept = []

    def _slots_of_tags(self):
        with self.cluster.connect(self.cluster.primaries()[0]) as connection:
            tags = [f"{{{number}}}" for number in range(TAGS)]
            return dict(zip(tags, connection.pipeline([("CLUSTER", "KEYSLOT", tag) for tag in tags])))

    # As clients do: keep to the primary that is known, until it redirects or does not answer.
    def _write(self, tags, primary):
        connection = None
        while not self._stop.wait(PAUSE_S):
            try:
                if connection is None:
                    connection = self._connect(primary)
                answers = self._send_batch(connection, tags)
                moved = [str(answer) for answer in answers if isinstance(answer, RedisError)]
                if moved:
                    primary = self._follow(moved, primary)
            except (OSError, RedisError):
                primary = self._ask_around(self._slots[tags[0]], primary)
                moved = True
            if moved and connection:
                connection.close()
                connection = None
        if connection:
            connection.close()

    def _connect(self, node):
        return RedisConnection(node.host, node.port, self.cluster.login, TIMEOUT_S)

    def _send_batch(self, connection, tags):
        keys = []
        with self._lock:
            for _ in range(BATCH):
                self._number += 1
                keys.append(f"ORS:bare:{tags[self._number % len(tags)]}:{self._number}")
        answers = connection.pipeline([("SET", key, "x" * 64) for key in keys])
        with self._lock:
            self._kept += [key for key, answer in zip(keys, answers) if answer == b"OK"]
        return answers

    def _follow(self, errors, primary):
        for error in errors:
            words = error.split()
            if words[0] == "MOVED":
                return self.nodes.get(int(words[2].rsplit(":", 1)[1]), primary)
        time.sleep(PAUSE_S)
        return primary

    def _ask_around(self, slot, primary):
        for node in self.cluster.nodes:
            try:
                with RedisConnection(node.host, node.port, self.cluster.login, TIMEOUT_S / 4) as connection:
                    for first, last, serving, *_ in connection.call("CLUSTER", "SLOTS"):
                        if first <= slot <= last:
                            return self.nodes.get(serving[1], primary)
            except (OSError, RedisError):
                continue
        return primary

    def _count_missing(self):
        missing = 0
        slots = {}
        for key in self._kept:
            slots.setdefault(self._slots[key[len("ORS:bare:"):key.index("}") + 1]], []).append(key)
        for slot, keys in slots.items():
            missing += len(keys) - self._delete(slot, keys)
        return missing

    def _delete(self, slot, keys):
        """How many of them were there. A busy machine makes the servers doubt each other even now: whoever refuses is asked
        again, or who serves the slot then."""
        deadline = time.monotonic() + COUNT_TIMEOUT_S
        there = 0
        while keys:
            refused = []
            with self.cluster.connect(self.cluster.serving_primary_of(slot), timeout_s=30) as connection:
                for key, answer in zip(keys, connection.pipeline([("DEL", key) for key in keys])):
                    if isinstance(answer, RedisError):
                        refused.append(key)
                        if time.monotonic() > deadline:
                            raise answer
                    else:
                        there += answer
            keys = refused
            if keys:
                time.sleep(PAUSE_S)
        return there
