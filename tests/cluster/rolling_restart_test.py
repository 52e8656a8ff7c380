#!/usr/bin/env python3
"""Three nodes are restarted one after the other while clients work, and no request fails.

    rolling_restart_test.py --binary FERMATA [--clients 16] [--rounds 1]

The clients stand behind a balancer as people use it: a node takes part while its /health/ready says so, and a connection that
is refused is tried at the next node (nothing was sent). Beside that a request is repeated only after a 503 with Retry-After,
or when a kept-alive connection turns out to have been closed. An event may be taken by a receipt (202) while its session
changes hands. Everything else is a failure, and so is a session that counted anything but what was acknowledged."""
import argparse
import http.client
import random
import threading
import time

from cluster_of_servers import ClusterOfServers, start_redis
from instance import eventually

ANSWER_S = 30
RETRY_S = 60
CHECK_EVERY_S = 0.1
PAUSE_S = 0.01
LEAST_REQUESTS = 200  # between two restarts, so that each meets a working cluster
CHART = """<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript" name="counter">
  <datamodel><data id="count" expr="0"/></datamodel>
  <state id="counting"><transition event="count"><assign location="count" expr="count + 1"/></transition></state>
</scxml>"""


class Balancer:
    """Which instances take part."""

    def __init__(self, instances):
        self.instances = list(instances)
        self.ready = list(self.instances)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._check, daemon=True)
        self._thread.start()

    def _check(self):
        while not self._stop.wait(CHECK_EVERY_S):
            self.ready = [instance for instance in self.instances if self._is_ready(instance)]

    @staticmethod
    def _is_ready(instance):
        try:
            return instance.call("GET", "/health/ready", timeout_s=1)[0] == 200
        except OSError:
            return False

    def choose(self, but_not=None):
        candidates = [instance for instance in self.ready if instance is not but_not] or self.instances
        return random.choice(candidates)

    def stop(self):
        self._stop.set()
        self._thread.join()


class Caller:
    """One client: starts sessions and sends events, one at a time; counts what was acknowledged."""

    def __init__(self, balancer, stopping):
        self.balancer = balancer
        self.stopping = stopping
        self.connections = {}
        self.acknowledged = {}
        self.latencies = []
        self.repeated = {"503": 0, "closed while idle": 0, "refused connection": 0}
        self.receipts = 0
        self.failures = []
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.stopping.is_set() and not self.failures:
            if not self.acknowledged or (len(self.acknowledged) < 20 and random.random() < 0.1):
                answer = self._request("/api/v1/sessions", {"src": "document:counter"}, (201,))
                if answer:
                    self.acknowledged[answer["id"]] = 0
            else:
                session = random.choice(list(self.acknowledged))
                if self._request(f"/api/v1/sessions/{session}/events", {"name": "count"}, (200, 202)):
                    self.acknowledged[session] += 1

    def _request(self, path, body, wanted):
        begin = time.monotonic()
        instance = self.balancer.choose()
        while time.monotonic() - begin < RETRY_S:
            reused = instance in self.connections
            connection = self.connections.setdefault(instance, instance.connect(ANSWER_S))
            try:
                status, answer, fields = instance.call("POST", path, body, connection=connection)
            except OSError as error:
                connection.close()
                del self.connections[instance]
                if isinstance(error, ConnectionRefusedError):
                    self.repeated["refused connection"] += 1
                    time.sleep(PAUSE_S)
                elif reused and was_closed(error):
                    self.repeated["closed while idle"] += 1
                else:
                    return self._fail(f"{path} at {instance.name}: {error!r}")
                instance = self.balancer.choose(but_not=instance)
                continue
            if status in wanted:
                self.receipts += status == 202
                self.latencies.append(time.monotonic() - begin)
                return answer
            if status != 503 or "retry-after" not in fields:
                return self._fail(f"{path} at {instance.name}: {status} {answer}")
            self.repeated["503"] += 1
            time.sleep(min(float(fields["retry-after"]), 1))
            instance = self.balancer.choose()
        return self._fail(f"{path}: nobody took it within {RETRY_S} s")

    def _fail(self, why):
        self.failures.append(why)


def was_closed(error):
    """By the server, before it sent any byte of an answer."""
    text = repr(error)
    return isinstance(error, (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected)) or "RemoteDisconnected" in text


def count_all(callers):
    return sum(len(caller.latencies) for caller in callers)


def wait_for_requests(callers):
    """Until there were some more of them, or something failed."""
    enough = count_all(callers) + LEAST_REQUESTS
    eventually(lambda: count_all(callers) >= enough or any(caller.failures for caller in callers), 60,
               f"{LEAST_REQUESTS} more requests")


def check_counts(servers, callers):
    instances = list(servers)
    for caller in callers:
        for number, (session, acknowledged) in enumerate(caller.acknowledged.items()):
            instance = instances[number % len(instances)]
            # What was taken by a receipt may be on its way for a moment.
            eventually(lambda: count_in(instance, session) == acknowledged, 30,
                       lambda: f"{session} counts {acknowledged} acknowledged events; it has {count_in(instance, session)}")


def count_in(instance, session):
    status, view, _ = instance.call("GET", f"/api/v1/sessions/{session}")
    assert status == 200, (session, status, view)
    return view["data"]["count"]


def percentile(values, share):
    return sorted(values)[int(share * (len(values) - 1))] * 1000


def report(callers, label):
    latencies = [latency for caller in callers for latency in caller.latencies]
    print(f"{label}: {len(latencies)} requests, p50 {percentile(latencies, 0.5):.1f} ms, p99 {percentile(latencies, 0.99):.1f} ms, "
          f"longest {max(latencies) * 1000:.0f} ms", flush=True)
    for caller in callers:
        caller.latencies = []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--life", type=float, default=600)
    options = parser.parse_args()
    with start_redis(options.life) as redis, ClusterOfServers(options.binary, redis, nodes=3, life_s=options.life) as servers:
        servers.start()
        servers.wait_whole()
        status, answer, _ = servers["1"].call("PUT", "/api/v1/documents/counter", CHART)
        assert status in (200, 201), (status, answer)
        run(servers, options)


def run(servers, options):
    stopping = threading.Event()
    balancer = Balancer(servers)
    callers = [Caller(balancer, stopping) for _ in range(options.clients)]
    try:
        wait_for_requests(callers)
        report(callers, "before")
        for _ in range(options.rounds):
            for name in ("1", "2", "3"):
                begin = time.monotonic()
                code = servers.restart(name)
                assert code == 0, f"{name} ended with {code}\n{servers[name].last_words()}"
                servers.wait_whole()
                wait_for_requests(callers)
                report(callers, f"node {name} restarted, whole again after {time.monotonic() - begin:.1f} s")
    finally:
        stopping.set()
        for caller in callers:
            caller.thread.join()
        balancer.stop()
    failures = [failure for caller in callers for failure in caller.failures]
    assert not failures, f"{len(failures)} clients failed: {failures[0]}"
    check_counts(servers, callers)
    total = {why: sum(caller.repeated[why] for caller in callers) for why in callers[0].repeated}
    receipts = sum(caller.receipts for caller in callers)
    print(f"no failed request, {receipts} events taken by a receipt; repeated: {', '.join(f'{count} x {why}' for why, count in total.items())}")


if __name__ == "__main__":
    main()
