"""A TLS front that routes by SNI, as gateways of hosted Redis do.

It ends TLS and forwards bytes to the plain server that the client's SNI names. A client that names nothing, or something it
does not know, is turned away in the handshake (alert unrecognized_name): such a front cannot guess."""
import selectors
import socket
import ssl
import threading

CHUNK = 65536


class SniFront:
    """`routes`: name -> (host, port). Listens on a free loopback port while entered; `names_seen` is for tests."""

    def __init__(self, certificate, key, routes):
        self.routes = routes
        self.names_seen = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.context.sni_callback = self._note_name
        self.listener = None
        self._open = set()
        self._lock = threading.Lock()

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *unused):
        self.listener.close()
        with self._lock:
            for connection in self._open:
                connection.close()

    @property
    def port(self):
        return self.listener.getsockname()[1]

    def _note_name(self, connection, name, _):
        self.names_seen.append(name)
        if name not in self.routes:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        connection.route = self.routes[name]
        return None

    def _accept(self):
        while True:
            try:
                accepted, _ = self.listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, accepted):
        try:
            with self.context.wrap_socket(accepted, server_side=True) as client:
                with socket.create_connection(client.route) as server:
                    with self._lock:
                        self._open |= {client, server}
                    forward(client, server)
        except (OSError, AttributeError):  # turned away, or one side is gone
            accepted.close()


def forward(client, server):
    """Both ways until one side ends."""
    with selectors.DefaultSelector() as ready:
        ready.register(client, selectors.EVENT_READ, server)
        ready.register(server, selectors.EVENT_READ, client)
        while True:
            for key, _ in ready.select():
                while True:
                    data = key.fileobj.recv(CHUNK)
                    if not data:
                        return
                    key.data.sendall(data)
                    # What TLS has decoded already does not wake the selector.
                    if key.fileobj is not client or not client.pending():
                        break
