"""Callers who hold on: requests that wait for what a chart answers, and event streams. Beside the load of a chaos run.

A held request must be answered or refused, or its connection must break; a stream must tell something now and then (a heartbeat
at least) or end. Whoever hears nothing for SILENCE_S has found one that hangs."""
import random
import threading
import time

from instance import eventually

# Longer than any pause or cut of a server and the server's time-outs together.
SILENCE_S = 60
PAUSE_S = 0.1
CHART = """<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" datamodel="ecmascript" name="echo">
  <datamodel><data id="asker" expr="''"/><data id="n" expr="0"/></datamodel>
  <state id="ready">
    <transition event="ask">
      <assign location="asker" expr="_event.origin"/><assign location="n" expr="_event.data.n"/>
      <send event="later" delay="50ms"/>
    </transition>
    <transition event="later"><send event="answer" targetexpr="asker"><param name="n" expr="n"/></send></transition>
  </state>
</scxml>"""
REFUSALS = (429, 503, 504)


class SideCallers:
    """Threads; `failures` and the counts are for after stop()."""

    def __init__(self, servers, seed, each=4):
        self.instances = list(servers)
        self.failures = []
        self.answered = 0
        self.refused = 0
        self.moments = 0
        self.streams = 0
        self._stopping = threading.Event()
        self._streams_told = set()
        self._sessions = [self._start_session() for _ in range(each)]
        self._threads = [threading.Thread(target=self._ask, args=(session, random.Random(f"{seed}.{session}")), daemon=True)
                         for session in self._sessions]
        self._threads += [threading.Thread(target=self._listen, args=(session, random.Random(f"{session}.{seed}")), daemon=True)
                          for session in self._sessions]
        for thread in self._threads:
            thread.start()

    def _start_session(self):
        status, answer, _ = self.instances[0].call("POST", "/api/v1/sessions", {"document": CHART})
        assert status == 201, (status, answer)
        return answer["id"]

    def _ask(self, session, dice):
        number = 0
        while not self._stopping.is_set():
            number += 1
            instance = dice.choice(self.instances)
            try:
                status, answer, _ = instance.call("POST", f"/api/v1/sessions/{session}/requests/ask", {"n": number},
                                                  timeout_s=SILENCE_S)
            except TimeoutError:
                self.failures.append(f"{instance.name}: a held request for {session} was not answered within {SILENCE_S} s")
                return
            except OSError:
                status, answer = 503, None
            if status == 200 and answer["data"]["n"] == number:
                self.answered += 1
                time.sleep(PAUSE_S)
            elif status in REFUSALS:
                self.refused += 1
                time.sleep(PAUSE_S)
            else:
                self.failures.append(f"{instance.name}: request {number} to {session} was answered {status} {answer}")
                return

    def _listen(self, session, dice):
        while not self._stopping.is_set():
            instance = dice.choice(self.instances)
            try:
                connection = instance.connect(SILENCE_S)
                headers = {"Authorization": f"Bearer {instance.token}"} if instance.token else {}
                connection.request("GET", f"/api/v1/sessions/{session}/events", headers=headers)
                answer = connection.getresponse()
                if answer.status == 200:
                    self.streams += 1
                    self._read(session, answer)
                elif answer.status not in REFUSALS:
                    self.failures.append(f"{instance.name}: a stream of {session} was answered {answer.status}")
                    return
                connection.close()
            except TimeoutError:
                self.failures.append(f"{instance.name}: a stream of {session} told nothing for {SILENCE_S} s and did not end")
                return
            except (OSError, ValueError):
                pass
            time.sleep(PAUSE_S)

    def _read(self, session, answer):
        while not self._stopping.is_set() and (line := answer.readline()):
            if line.startswith(b"event: transition"):
                self.moments += 1
                self._streams_told.add(session)

    def check_alive(self):
        """When everything is whole: every held request is answered and every stream tells something."""
        asked, self._streams_told = self.answered, set()
        eventually(lambda: self.failures or (self.answered >= asked + len(self._sessions)
                                             and len(self._streams_told) == len(self._sessions)), SILENCE_S,
                   lambda: f"{self.answered - asked} requests answered, streams of {len(self._streams_told)} of "
                           f"{len(self._sessions)} sessions tell something")

    def stop(self):
        self._stopping.set()
        for thread in self._threads:
            thread.join(2 * SILENCE_S)
            if thread.is_alive():
                self.failures.append("a caller never came back")
        return f"held requests: {self.answered} answered, {self.refused} refused; streams: {self.streams} opened, {self.moments} moments"
