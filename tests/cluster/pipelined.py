"""Many requests in few round trips: an HTTP connection that sends a group of requests before it reads their answers.

For filling servers with sessions and for asking all of them; one request at a time is what other tests measure."""
import json
import socket
import threading

GROUP = 48  # [http] max-pipelined is 64
TIMEOUT_S = 60


class PipelinedConnection:
    def __init__(self, instance):
        self.instance = instance
        self.socket = socket.create_connection((instance.host, instance.port), TIMEOUT_S)
        self.reader = self.socket.makefile("rb", buffering=1 << 18)

    def close(self):
        self.reader.close()
        self.socket.close()

    def call_all(self, requests):
        """(status, decoded body) of each; `requests`: (method, path, body or None)."""
        self.socket.sendall(b"".join(self._encoded(*request) for request in requests))
        return [self._answer() for _ in requests]

    def _encoded(self, method, path, body):
        payload = json.dumps(body).encode() if body is not None else b""
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.instance.host}\r\nContent-Type: application/json\r\n"
        if self.instance.token:
            head += f"Authorization: Bearer {self.instance.token}\r\n"
        return f"{head}Content-Length: {len(payload)}\r\n\r\n".encode() + payload

    def _answer(self):
        status = int(self.reader.readline().split()[1])
        length = 0
        while True:
            line = self.reader.readline()
            if line in (b"\r\n", b""):
                break
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        text = self.reader.read(length)
        return status, json.loads(text) if text else None


def call_all(instance, requests, connections=4):
    """All of a list of requests, in groups over some connections; answers in the same order."""
    groups = [requests[at:at + GROUP] for at in range(0, len(requests), GROUP)]
    answers = [None] * len(groups)
    failures = []

    def work(first):
        connection = PipelinedConnection(instance)
        try:
            for at in range(first, len(groups), connections):
                answers[at] = connection.call_all(groups[at])
        except (OSError, IndexError, ValueError) as error:
            failures.append(f"{instance.name}: {error!r}")
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise AssertionError(failures[0])
    return [answer for group in answers for answer in group]
