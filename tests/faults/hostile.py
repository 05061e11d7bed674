"""A server that welcomes, or not, and then sends whatever a test wants for as long as the client takes it."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from tests.daemon import PATIENCE_S

WELCOME = b'{"type": "welcome", "nick": "alice", "room": "#lobby", "log": "a", "last": 0}\n'


class Hostile:
    """``sent_bytes`` counts what the client, or the kernel, has taken; ``connections`` who came."""

    def __init__(self, says: Iterable[bytes], resets: bool) -> None:
        self.sent_bytes = 0
        self.connections = 0
        self._says = says
        self._resets = resets
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._client: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        for each in (self._listening, self._client):
            if each is not None:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        self._listening.close()

    def _serve(self) -> None:
        with suppress(OSError):  # the listening socket is closed
            while True:
                self._client, _ = self._listening.accept()
                self.connections += 1
                with self._client, suppress(OSError):  # the client has left
                    self._play(self._client)

    def _play(self, client: socket.socket) -> None:
        client.settimeout(PATIENCE_S * 2)
        client.recv(4_096)  # its hello
        for chunk in self._says:
            client.sendall(chunk)
            self.sent_bytes += len(chunk)
        if self._resets:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        while client.recv(4_096):
            pass


@contextmanager
def hostile(says: Iterable[bytes] = (), resets: bool = False) -> Iterator[Hostile]:
    """Serve one client after another; ``resets`` ends each connection when all is said."""
    server = Hostile(says, resets)
    try:
        yield server
    finally:
        server.close()
