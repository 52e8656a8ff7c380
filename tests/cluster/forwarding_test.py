#!/usr/bin/env python3
"""Every node answers for every session: curl and an npm client against each of them, in both forwarding modes.

    forwarding_test.py --binary FERMATA

Where an answer came from is part of what is checked: from the node that was asked (proxy), or from the owner (redirect)."""
import argparse
import json
import tempfile
import threading
import unittest

from cluster_of_servers import ClusterOfServers, skip_without_redis, start_redis
from http_clients import CurlClient, GotClient
from instance import eventually

LIFE_S = 600
COOKIE = "ORSSESSIONID"
CHART = """<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript" name="gate" initial="open">
  <datamodel><data id="count" expr="0"/><data id="asker" expr="''"/></datamodel>
  <state id="open">
    <transition event="count"><assign location="count" expr="count + 1"/></transition>
    <transition event="ask"><assign location="asker" expr="_event.origin"/></transition>
    <transition event="release">
      <send event="answer" targetexpr="asker"><param name="count" expr="count"/></send>
      <assign location="asker" expr="''"/>
    </transition>
  </state>
</scxml>"""
options = None


class Forwarding:
    """The cases; a class for each mode below. One cluster a class."""

    @classmethod
    def setUpClass(cls):
        cls.redis = start_redis(LIFE_S)
        cls.addClassCleanup(cls.redis.down)
        cls.servers = ClusterOfServers(options.binary, cls.redis, nodes=3, backups=[1], life_s=LIFE_S,
                                       options=[f"cluster.forwarding={cls.mode}"])
        cls.addClassCleanup(cls.servers.__exit__, None)
        cls.servers.start()
        cls.servers.wait_whole()
        status, answer, _ = cls.servers["1"].call("PUT", "/api/v1/documents/gate", CHART)
        assert status in (200, 201), (status, answer)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.clients = [CurlClient(folder.name)]
        if GotClient.unavailable():
            print(f"\nleft out: the npm client: {GotClient.unavailable()}")
        else:
            self.clients.append(GotClient(folder.name))
        for client in self.clients:
            self.addCleanup(client.close)

    def for_each(self, check):
        """With every client and every instance that it enters by."""
        for client in self.clients:
            for entry in self.servers:
                with self.subTest(client=client.name, entry=entry.name):
                    check(client, entry)

    def start_session(self, client, entry):
        """The id and the owner's instance, by the cookie."""
        answer = client.call("POST", f"{entry.url}/scxml/session/start", form={"src": "document:gate"})
        self.assertEqual(answer.status, 200, answer)
        session = json.loads(answer.body)["sessionid"]
        held, _, node = answer.cookies[COOKIE].rpartition(".node")
        self.assertEqual(held, session, "the cookie names the session")
        owner = self.servers.acting(int(node))
        self.assertIsNotNone(owner, f"node {node} of the cookie acts")
        return session, owner

    def assert_came_from(self, answer, entry, owner):
        expected = owner if self.mode == "redirect" else entry
        self.assertTrue(answer.url.startswith(expected.url + "/"), f"{answer.url} should be of {expected.name}, {expected.url}")

    def count_of(self, client, entry, session):
        answer = client.call("GET", f"{entry.url}/api/v1/sessions/{session}")
        self.assertEqual(answer.status, 200, answer)
        return json.loads(answer.body)["data"]["count"]

    def test_events_and_reads_through_every_node(self):
        def check(client, entry):
            session, owner = self.start_session(client, entry)
            for through in self.servers:
                answer = client.call("POST", f"{through.url}/api/v1/sessions/{session}/events", json_body={"name": "count"})
                self.assertEqual(answer.status, 200, answer)
                self.assert_came_from(answer, through, owner)
                ors = client.call("POST", f"{through.url}/scxml/session/{session}/event/count", form={"by": "form"})
                self.assertEqual(ors.status, 200, ors)
                self.assertEqual(ors.cookies.get(COOKIE), f"{session}.node{self.node_of(owner)}", "the cookie is kept")
            for through in self.servers:
                self.assertEqual(self.count_of(client, through, session), 2 * len(list(self.servers)))
                query = client.call("GET", f"{through.url}/scxml/session/{session}/query")
                self.assertEqual(query.status, 200, query)
                self.assert_came_from(query, through, owner)

        self.for_each(check)

    def test_every_node_owns_some_of_the_new_sessions(self):
        owners = {self.start_session(self.clients[0], entry)[1].name for entry in self.servers for _ in range(8)}
        self.assertEqual({name.split()[0] for name in owners}, {"1", "2", "3"})

    def test_a_name_belongs_to_one_node_whoever_is_asked(self):
        def check(client, entry):
            name = f"order-{self.mode}-{client.name.split()[0]}-{entry.name.replace(' ', '-')}"
            started = client.call("POST", f"{entry.url}/api/v1/sessions", json_body={"src": "document:gate", "id": name})
            self.assertEqual(started.status, 201, started)
            for through in self.servers:
                again = client.call("POST", f"{through.url}/api/v1/sessions", json_body={"src": "document:gate", "id": name})
                self.assertEqual(again.status, 409, again)
                self.assertEqual(client.call("POST", f"{through.url}/api/v1/sessions/{name}/events",
                                             json_body={"name": "count"}).status, 200)
            self.assertEqual(self.count_of(client, entry, name), len(list(self.servers)))

        self.for_each(check)

    def test_a_held_request_through_every_node(self):
        def check(client, entry):
            session, owner = self.start_session(client, entry)
            for through in self.servers:
                answers = []
                asking = threading.Thread(target=lambda through=through, answers=answers: answers.append(
                    client.call("POST", f"{through.url}/api/v1/sessions/{session}/requests/ask", json_body={})))
                asking.start()
                eventually(lambda: owner.call("GET", f"/api/v1/sessions/{session}")[1]["data"]["asker"], 30, "the chart is asked")
                self.assertEqual(answers, [], "the request is held")
                released = owner.call("POST", f"/api/v1/sessions/{session}/events", {"name": "release"})
                self.assertEqual(released[0], 200, released)
                asking.join(60)
                self.assertEqual(len(answers), 1, "the request is answered")
                self.assertEqual(answers[0].status, 200, answers[0])
                self.assertEqual(json.loads(answers[0].body)["data"], {"count": 0})
                self.assert_came_from(answers[0], through, owner)

        self.for_each(check)

    def test_an_event_stream_through_every_node(self):
        def check(client, entry):
            session, owner = self.start_session(client, entry)
            for through in self.servers:
                with client.stream(f"{through.url}/api/v1/sessions/{session}/events") as stream:
                    stream.wait_for(": fermata")

                    # The answer's header may be there a moment before the subscription.
                    def is_told():
                        sent = owner.call("POST", f"/api/v1/sessions/{session}/events", {"name": "count"})
                        self.assertEqual(sent[0], 200, sent)
                        return stream.comes("event: transition", within_s=1)

                    eventually(is_told, 30, f"the stream tells of a transition; seen: {stream.seen}")

        self.for_each(check)

    def test_what_does_not_exist_is_not_found_anywhere(self):
        def check_missing(client, entry):
            missing = client.call("GET", f"{entry.url}/api/v1/sessions/nobody-{entry.port}")
            self.assertEqual(missing.status, 404, missing)

        self.for_each(check_missing)

    def test_an_ended_session_is_so_through_every_node(self):
        session, _ = self.start_session(self.clients[0], self.servers["1"])
        ended = self.clients[0].call("POST", f"{self.servers['2'].url}/scxml/session/{session}/terminate")
        self.assertEqual(ended.status, 200, ended)

        def check(client, entry):
            answer = client.call("GET", f"{entry.url}/api/v1/sessions/{session}")
            self.assertEqual(answer.status, 200, answer)
            self.assertNotEqual(json.loads(answer.body)["status"], "active")

        self.for_each(check)

    def node_of(self, instance):
        return instance.name.split()[0]


class ProxyTest(Forwarding, unittest.TestCase):
    mode = "proxy"


class RedirectTest(Forwarding, unittest.TestCase):
    mode = "redirect"


def main():
    global options
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    options, others = parser.parse_known_args()
    skip_without_redis()
    unittest.main(argv=["forwarding_test.py", *others])


if __name__ == "__main__":
    main()
