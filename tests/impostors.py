"""Servers that are not what they seem: one that stands in the middle, one that takes TLS away."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.daemon import PATIENCE_S


def server_context(pem: Path) -> ssl.SSLContext:
    """TLS with the key and the certificates of a file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def any_server() -> ssl.SSLContext:
    """TLS to whoever it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Impostor:
    """Listens on ``port``. ``heard`` is what it was told, decrypted if it speaks TLS itself."""

    def __init__(self, tls: ssl.SSLContext | None, says: bytes, behind: int | None, port: int) -> None:
        self.heard = b""
        self.connections = 0
        self._tls = tls
        self._says = says
        self._behind = behind
        self._listening = socket.create_server(("127.0.0.1", port))
        self.port = int(self._listening.getsockname()[1])
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._more = threading.Condition()
        self._start(self._accept)

    def was_tried(self, times: int = 1) -> None:
        """Wait until so many connections have come and gone."""
        with self._more:
            assert self._more.wait_for(lambda: self.connections >= times, PATIENCE_S)

    def close(self) -> None:
        for each in [self._listening, *self._sockets]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE_S)
        for each in [self._listening, *self._sockets]:
            each.close()

    def _start(self, what: object, *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=what, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self._sockets.append(client)
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError):
            if self._tls is not None:
                client = self._tls.wrap_socket(client, server_side=True)
                self._sockets.append(client)
            heard = client.recv(65_536)  # before it says anything: a client that is gone then had its say
            client.sendall(self._says)
            server = None
            if self._behind is not None:
                server = socket.create_connection(("127.0.0.1", self._behind))
                if self._tls is not None:
                    server = any_server().wrap_socket(server)
                self._sockets.append(server)
                self._start(self._pass_back, server, client)
            while heard:
                self.heard += heard
                if server is not None:
                    server.sendall(heard)
                heard = client.recv(65_536)
        with suppress(OSError):
            client.close()
        with self._more:
            self.connections += 1
            self._more.notify_all()

    def _pass_back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while said := server.recv(65_536):
                client.sendall(said)
            client.shutdown(socket.SHUT_RDWR)


@contextmanager
def impostor(
    tls: ssl.SSLContext | None = None, *, says: bytes = b"", behind: int | None = None, port: int = 0
) -> Iterator[Impostor]:
    """Stand there until the block ends. It begins with ``says``, and then passes on what it gets to the port
    ``behind``: decrypted and encrypted anew with ``tls``, else as it is.
    """
    running = Impostor(tls, says, behind, port)
    try:
        yield running
    finally:
        running.close()
