#!/usr/bin/env python3
"""How long sessions are away when their node is killed with `kill -9`.

    takeover_test.py --binary FERMATA [--sessions 5000]

All sessions live on node 1. It is killed, and node 2, which holds nothing, or node 1's backup takes over. Printed: from the end
of the dead node's lease to the first event that is served again, and until every partition serves; beside it the bare time to
read the same records from Redis, in the order of their partitions, with one connection per primary. Nothing but a generous
deadline is asserted of times; what is asserted is that every session is there."""
import argparse
import threading
import time

from cluster_of_servers import NAME, PARTITIONS, ClusterOfServers, start_redis
from pipelined import call_all
from redis_connection import RedisConnection, encoded

PAUSE_S = 0.02
DEADLINE_S = 60
CHART = """<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript" name="kept">
  <datamodel><data id="count" expr="0"/><data id="note" expr="'x'.repeat(400)"/></datamodel>
  <state id="waiting">
    <onentry><send event="too.late" delay="7200s"/></onentry>
    <transition event="count"><assign location="count" expr="count + 1"/></transition>
  </state>
</scxml>"""


def fill(instance, count):
    """The ids of new sessions."""
    status, answer, _ = instance.call("PUT", "/api/v1/documents/kept", CHART)
    assert status in (200, 201), (status, answer)
    answers = call_all(instance, [("POST", "/api/v1/sessions", {"src": "document:kept"})] * count)
    refused = [answer for answer in answers if answer[0] != 201]
    assert not refused, refused[0]
    return [answer[1]["id"] for answer in answers]


def partition_of(session):
    return session[:2]


class Probers:
    """One for each partition: sends events to a session of it until one was served, and notes when that was."""

    def __init__(self, instance, sessions):
        self.instance = instance
        self.served = {}  # partition -> when
        self.failures = []
        self.deadline = time.monotonic() + DEADLINE_S
        by_partition = {partition_of(session): session for session in sessions}
        self.threads = [threading.Thread(target=self._probe, args=item) for item in by_partition.items()]

    def run(self):
        """When the first one was served, and the last one."""
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()
        assert not self.failures, self.failures[0]
        assert len(self.served) == len(self.threads), \
            f"after {DEADLINE_S} s events are served in {len(self.served)} of {len(self.threads)} partitions"
        return min(self.served.values()), max(self.served.values())

    def _probe(self, partition, session):
        while partition not in self.served and time.monotonic() < self.deadline and not self.failures:
            try:
                status, answer, _ = self.instance.call("POST", f"/api/v1/sessions/{session}/events", {"name": "count"})
            except OSError as error:
                self.failures.append(f"{session}: {error!r}")
                return
            if status == 200:
                self.served[partition] = time.monotonic()
            elif status not in (202, 503, 504):  # taken for whoever serves it next; not now
                self.failures.append(f"{session}: {status} {answer}")
            else:
                time.sleep(PAUSE_S)


class BareRead:
    """The same records as plain HGETALLs, each primary's in one go, all primaries at the same time; answers are only counted."""

    def __init__(self, redis):
        self.redis = redis
        self.keys = {node.port: self._keys(node) for node in redis.primaries()}

    def _keys(self, node):
        with self.redis.connect(node, timeout_s=60) as connection:
            cursor, keys = b"0", []
            while True:
                cursor, page = connection.call("SCAN", cursor, "MATCH", f"ORS:{NAME}:*:s:*", "COUNT", 5000)
                keys += page
                if cursor == b"0":
                    return sorted(keys)

    def seconds(self):
        readers = [threading.Thread(target=self._read, args=(self.redis.by_port(port), keys)) for port, keys in self.keys.items()]
        begin = time.monotonic()
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        return time.monotonic() - begin

    def _read(self, node, keys):
        mark = b"the end of the records"
        with RedisConnection(node.host, node.port, self.redis.login, 60) as connection:
            asking = b"".join(encoded(("HGETALL", key)) for key in keys) + encoded(("ECHO", mark))
            sender = threading.Thread(target=connection.socket.sendall, args=(asking,))
            sender.start()
            tail = b""
            while not tail.endswith(mark + b"\r\n"):
                data = connection.socket.recv(1 << 20)
                assert data, "Redis closed the connection"
                tail = (tail + data)[-64:]
            sender.join()


def take_over(options, backup):
    with start_redis(options.life) as redis, \
            ClusterOfServers(options.binary, redis, nodes=1 if backup else 2, backups=[1] if backup else [],
                             options=["cluster.auto-rebalance=false"], life_s=options.life) as servers:
        # Node 2 comes when everything is node 1's.
        servers["1"].start()
        servers.wait_until_acting("1")
        sessions = fill(servers["1"], options.sessions)
        heir = servers["1 backup" if backup else "2"]
        heir.start()
        servers.wait_whole_but_for_balance()
        bare = BareRead(redis)
        bare_s = bare.seconds()
        records = sum(len(keys) for keys in bare.keys.values())
        lease_end = time.monotonic() + servers["1"].view()["lease_left_ms"] / 1000
        servers["1"].kill()
        first, last = Probers(heir, sessions).run()
        check_all(heir, sessions)
        print(f"takeover by {'the backup' if backup else 'another node'}: {len(sessions)} sessions in {PARTITIONS} partitions; "
              f"after the lease's end: first event served {first - lease_end:+.2f} s, all partitions {last - lease_end:+.2f} s; "
              f"bare read of {records} records {bare_s:.2f} s", flush=True)


def check_all(heir, sessions):
    """Every session is there, with what was acknowledged."""
    answers = call_all(heir, [("GET", f"/api/v1/sessions/{session}", None) for session in sessions])
    missing = [(session, answer) for session, answer in zip(sessions, answers)
               if answer[0] != 200 or answer[1]["status"] != "active" or len(answer[1]["timers"]) != 1]
    assert not missing, f"{len(missing)} of {len(sessions)} sessions are not as they were: {missing[0]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--sessions", type=int, default=5000)
    parser.add_argument("--life", type=float, default=900)
    options = parser.parse_args()
    take_over(options, backup=False)
    take_over(options, backup=True)


if __name__ == "__main__":
    main()
