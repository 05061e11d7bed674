"""A way to a server that can be cut, held up and slowed down, for who has to notice by themselves."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_RESET = struct.pack("ii", 1, 0)


class Relay:
    """Passes on to a port, whatever comes to its own ``port``."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._ends: list[socket.socket] = []
        self._open = threading.Event()
        self._open.set()
        self._away = False
        self.delay_s = 0.0
        """How long each piece takes, each way; one after the other."""
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self) -> None:
        """Pass on nothing more, as when a cable is pulled: the connections stay, and nobody is told."""
        self._open.clear()

    def goes_on(self) -> None:
        """After `hold`: what was held comes now, late."""
        self._open.set()

    def refuse(self) -> None:
        """Break all connections, and let in nobody."""
        self._away = True
        self.cut()

    def let_in(self) -> None:
        """After `refuse`."""
        self._away = False

    def cut(self) -> None:
        """Break all connections, on both sides."""
        ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        """It ends."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()
        self._open.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                threading.Thread(target=self._open_way, args=(near,), daemon=True).start()

    def _open_way(self, near: socket.socket) -> None:
        """On, to who is there; if nobody is, the connection ends."""
        self._open.wait()
        try:
            if self._away:
                raise ConnectionRefusedError
            far = socket.create_connection(("127.0.0.1", self._to_port))
        except OSError:
            near.close()
            return
        self._ends += [near, far]
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while came := one.recv(65_536):
                self._open.wait()
                if self.delay_s:
                    time.sleep(self.delay_s)
                other.sendall(came)
        with suppress(OSError):
            other.shutdown(socket.SHUT_WR)


@contextmanager
def relay(to_port: int) -> Iterator[Relay]:
    """One that is there until the block ends."""
    opened = Relay(to_port)
    try:
        yield opened
    finally:
        opened.close()
