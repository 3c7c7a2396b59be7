"""A listener on loopback that counts who connects, and doors with a resolver of our own."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest
import trustme

from idp import settings
from idp.outbound import Outbound

Handler = Callable[[socket.socket], None]


class Listener:
    """A server of raw bytes: ``handler`` gets each connection after the request's head."""

    def __init__(self, handler: Handler, context: ssl.SSLContext | None = None):
        self.handler = handler
        self.context = context
        self.requests: list[bytes] = []
        self.names: list[str | None] = []
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection:
                self.requests.append(_read(connection))
                self.handler(connection)
        except OSError:
            pass

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def _read(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(4096)
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            while len(body) < int(line.split(b":")[1]):
                body += connection.recv(4096)
    return head + b"\r\n\r\n" + body


def answering(head: str, body: bytes = b"", *, ends: bool = True) -> Handler:
    """An answer; where the connection ``ends`` with it, it says so, and nobody asks on it again."""
    said = head.encode() + (b"\r\nConnection: close" if ends else b"") + b"\r\n\r\n" + body
    return lambda connection: connection.sendall(said)


OK = answering("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2", b"{}")


@pytest.fixture(scope="session")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def listen(ca: trustme.CA) -> Iterator[Callable[..., Listener]]:
    opened: list[Listener] = []

    def start(handler: Handler = OK, tls: str = "") -> Listener:
        context = None
        if tls:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            ca.issue_cert(tls).configure_cert(context)
        listener = Listener(handler, context)
        if context:
            context.sni_callback = lambda _, name, __: listener.names.append(name)
        opened.append(listener)
        return listener

    yield start
    for listener in opened:
        listener.close()


@pytest.fixture
def door(ca: trustme.CA, tmp_path) -> Callable[..., Outbound]:
    """``door(resolves, loopback=…)``: names resolve as told and in no other way."""
    bundle = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(bundle)

    def make(resolves: dict[str, list[str]] | None = None, *, loopback=True, **outbound):
        def resolve(host: str, port: int) -> list[str]:
            found = (resolves or {}).get(host)
            if found is None:
                raise OSError("unknown name")
            return found

        chosen = settings.load(
            environment="testing",
            development={"allow_loopback": loopback, "ca_bundle": bundle},
            outbound=outbound,
        )
        return Outbound(chosen, resolve)

    return make
