"""Watches who owns the partitions, in Redis itself: an epoch of a partition belongs to one node only.

What is read may not be durable yet, so an owner may be seen that never was one for long; but no two nodes may ever be seen
with the same epoch."""
import threading

from redis_connection import RedisConnection, RedisError

EVERY_S = 0.1
TIMEOUT_S = 1.0


class OwnershipWatch:
    """Two threads' work: one reads, the other asks for `violations` in the end."""

    def __init__(self, redis, cluster_name):
        self.redis = redis
        self.pattern = f"ORS:{cluster_name}:{{*:owner"
        self.owners = {}  # (partition's key, epoch) -> node
        self.violations = []
        self.changes = 0
        self._connections = {}  # by port
        self._keys = {}  # by port
        self._seen = {}  # partition's key -> (epoch, node)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *unused):
        self._stop.set()
        self._thread.join()

    def _watch(self):
        # Every server is asked, also replicas and those that lost their place: what they know is history, too.
        while not self._stop.wait(EVERY_S):
            for node in self.redis.nodes:
                try:
                    self._look_at(node)
                except (OSError, RedisError):
                    self._forget(node)
        for node in self.redis.nodes:
            self._forget(node)

    def _look_at(self, node):
        connection = self._connection_to(node)
        keys = self._keys[node.port]
        if not keys:  # too early
            keys = self._keys[node.port] = self._find_keys(connection)
        for key, found in zip(keys, connection.pipeline([("HMGET", key, "epoch", "node") for key in keys])):
            if not isinstance(found, RedisError) and None not in found:
                self._note(key, int(found[0]), int(found[1]))

    def _connection_to(self, node):
        if node.port not in self._connections:
            connection = RedisConnection(node.host, node.port, self.redis.login, TIMEOUT_S)
            self._connections[node.port] = connection
            connection.call("READONLY")
            self._keys[node.port] = self._find_keys(connection)
        return self._connections[node.port]

    def _forget(self, node):
        connection = self._connections.pop(node.port, None)
        if connection:
            connection.close()

    def _find_keys(self, connection):
        cursor, keys = b"0", []
        while True:
            cursor, page = connection.call("SCAN", cursor, "MATCH", self.pattern, "COUNT", 10000, "TYPE", "hash")
            keys += page
            if cursor == b"0":
                return keys

    def _note(self, key, epoch, node):
        if node == 0:  # released, the epoch stays
            return
        known = self.owners.setdefault((key, epoch), node)
        if known != node:
            self.violations.append(f"{key.decode()}: epoch {epoch} belongs to node {known} and to node {node}")
        if self._seen.get(key) != (epoch, node):
            self._seen[key] = (epoch, node)
            self.changes += 1
