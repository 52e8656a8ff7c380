#!/usr/bin/env python3
"""Fencing with two real servers: the one that was paused in the middle of its work, and wakes up after the other took its
partitions, writes nothing of what it had under way, joins again, and passes on what its callers still wait for.

    fencing_servers_test.py FERMATA [--schedules N] [--seed N]

The chart counts events and its own timers, so the old server wakes up with commits under way, timers that are due and
callers who wait. Partitions stay with the new owner ([cluster] auto-rebalance=false), so that whatever the old one had
under way must not appear."""
import argparse
import pathlib
import random
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from redis_cluster import RedisCluster  # noqa: E402
from server import Server, eventually  # noqa: E402

NAME = "servers"
PARTITIONS = 16
SESSIONS = 24
CLIENTS = 4
CHART = """<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript">
  <datamodel><data id="events" expr="0"/><data id="ticks" expr="0"/></datamodel>
  <state id="counting">
    <onentry><send event="tick" delay="100ms"/></onentry>
    <transition event="tick"><assign location="ticks" expr="ticks + 1"/><send event="tick" delay="100ms"/></transition>
    <transition event="count"><assign location="events" expr="events + 1"/></transition>
  </state>
</scxml>"""


class Callers:
    """Send events until they are told to stop; count what was acknowledged for each session."""

    def __init__(self, server, sessions, seed):
        self.server, self.sessions = server, sessions
        self.acknowledged = dict.fromkeys(sessions, 0)
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._call, args=(sessions[n::CLIENTS], random.Random(f"{seed}.{n}")), daemon=True)
                        for n in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def _call(self, sessions, chance):
        while not self.stopping.is_set():
            session = chance.choice(sessions)
            try:
                status, _ = self.server.call("POST", f"/api/v1/sessions/{session}/events", {"name": "count"}, timeout_s=30)
            except OSError:
                continue
            if status == 200 or status == 202:
                self.acknowledged[session] += 1

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive(), "a caller was never answered"


def counted(server, sessions):
    """Events and timers of each session, as the server tells."""
    found = {}
    for session in sessions:
        status, view = server.call("GET", f"/api/v1/sessions/{session}")
        assert status == 200, (status, view)
        found[session] = (view["data"]["events"], view["data"]["ticks"])
    return found


def metric(server, name):
    lines = server.call("GET", "/metrics")[1].splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def take_over(binary, options, environment, chance):
    """One schedule; returns how many events were acknowledged by the old owner."""
    old = Server(binary, *options, "orchestration.node-id=1", environment=environment)
    with old:
        sessions = []
        for _ in range(SESSIONS):
            status, answer = old.call("POST", "/api/v1/sessions", {"document": CHART})
            assert status == 201, (status, answer)
            sessions.append(answer["id"])
        callers = Callers(old, sessions, chance.random())
        eventually(lambda: sum(callers.acknowledged.values()) > 50)
        time.sleep(chance.uniform(0, 0.05))  # anywhere in its work
        old.process.send_signal(signal.SIGSTOP)
        acknowledged = dict(callers.acknowledged)
        callers.stopping.set()
        with Server(binary, *options, "orchestration.node-id=2", environment=environment) as new:
            eventually(lambda: metric(new, "fermata_cluster_partitions_held") == PARTITIONS)
            before = counted(new, sessions)
            for session in sessions:
                found = before[session][0]
                assert found >= acknowledged[session], f"{session}: {acknowledged[session]} were acknowledged, {found} are left"
            told = sum(callers.acknowledged.values())
            old.process.send_signal(signal.SIGCONT)
            eventually(lambda: metric(old, "fermata_cluster_records_lost_total") == 1)
            callers.stop()
            late = sum(callers.acknowledged.values()) - told
            eventually(lambda: all(ticks > before[session][1] for session, (_, ticks) in counted(new, sessions).items()))
            after = counted(old, sessions)  # it asks the new one
            # Each caller had one request on its way. Either the old server committed it before it was paused, or it was
            # passed on when it woke up; a commit of its own at that moment would count more.
            more = sum(after[session][0] - before[session][0] for session in sessions)
            assert more <= late <= CLIENTS, f"{more} events more, {late} of them acknowledged"
            assert metric(old, "fermata_cluster_partitions_held") == 0
    return sum(acknowledged.values())


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("binary")
    arguments.add_argument("--schedules", type=int, default=10)
    arguments.add_argument("--seed", type=int, default=int(time.time()))
    chosen = arguments.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    chance = random.Random(chosen.seed)
    with RedisCluster.start(tls=True, acl=True, life_s=600) as cluster:
        redis = dict(cluster.persistence_options)
        environment = {"FERMATA_PERSISTENCE_PASSWORD": redis.pop("password")}
        options = ["orchestration.sessionid-with-nodeid=true", f"cluster.name={NAME}", f"persistence.partitions={PARTITIONS}",
                   "cluster.auto-rebalance=false"]
        options += [f"persistence.{name.replace('_', '-')}={word(value)}" for name, value in redis.items()]
        for number in range(chosen.schedules):
            told = take_over(chosen.binary, options, environment, chance)
            print(f"schedule {number + 1}: {told} events acknowledged, the old server wrote nothing of what it had under way", flush=True)


def word(value):
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    main()
