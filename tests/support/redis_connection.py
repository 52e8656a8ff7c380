"""A small blocking Redis connection (RESP2), for tests and for the commands that control test clusters.

It is not the client under test: it knows nothing of clusters, and one answer belongs to one command."""
import socket
import ssl


class RedisError(Exception):
    """An error answer; `prefix` is its first word (MOVED, NOAUTH, ERR …)."""

    @property
    def prefix(self):
        return str(self).split(" ", 1)[0]


class Login:
    """How to reach the servers of one cluster: user and password, and the files for TLS (paths or nothing)."""

    def __init__(self, user=None, password=None, cacert=None, cert=None, key=None, tls=False):
        self.user = user
        self.password = password
        self.cacert = cacert
        self.cert = cert
        self.key = key
        self.tls = tls

    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.cacert)
        if self.cert:
            context.load_cert_chain(self.cert, self.key)
        return context


class RedisConnection:
    """Blocking, for one thread. Raises OSError when the connection fails or `timeout_s` passes without a byte."""

    def __init__(self, host, port, login=None, timeout_s=5):
        login = login or Login()
        self.socket = socket.create_connection((host, port), timeout_s)
        self.reader = None
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if login.tls:
                self.socket = login.context().wrap_socket(self.socket, server_hostname=host)
            self.reader = self.socket.makefile("rb")
            if login.password:
                self.call("AUTH", login.user or "default", login.password)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        if self.reader:
            self.reader.close()
        self.socket.close()

    def call(self, *words):
        """The answer: bytes, int, None or a list of them; RedisError is raised."""
        self.send(*words)
        answer = self.receive()
        if isinstance(answer, RedisError):
            raise answer
        return answer

    def text(self, *words):
        return self.call(*words).decode()

    def send(self, *words):
        self.socket.sendall(encoded(words))

    def pipeline(self, commands):
        """All answers in order; errors stay in the list as RedisError."""
        self.socket.sendall(b"".join(encoded(words) for words in commands))
        return [self.receive() for _ in commands]

    def receive(self):
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            return RedisError(rest.decode(errors="replace"))
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.receive_bytes(int(rest))
        if kind == b"*":
            return None if rest == b"-1" else [self.receive() for _ in range(int(rest))]
        raise ConnectionError(f"not RESP2: {line[:40]!r}")

    def receive_bytes(self, length):
        data = self.reader.read(length + 2)
        if len(data) != length + 2:
            raise ConnectionError("the server closed the connection")
        return data[:-2]


def encoded(words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


def fields(text):
    """`name:value` lines, as INFO and CLUSTER INFO give them."""
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
