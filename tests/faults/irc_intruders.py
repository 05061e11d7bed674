"""Those who mean harm and speak IRC, for `tests.faults.intruders`."""

from __future__ import annotations

import selectors
import socket
import time
from collections import Counter
from contextlib import suppress
from typing import Any

from tests.faults.members import A_HOUSEHOLD, REFUSED, WAITS, connect

Found = dict[str, Any]

A_PLACE = 40_000 * A_HOUSEHOLD  # of one address


class Client:
    """A connection that is sent its pieces over and over, as fast as it takes them; "%" is its number."""

    def __init__(self, port: int, number: int, begin: str, piece: str, tls: bool, reads: bool) -> None:
        self.number = number
        self.sent = 0
        self.last = ""
        self._reads = reads
        self._piece = memoryview(piece.replace("%", str(number)).encode())
        self._left = memoryview(begin.replace("%", str(number)).encode() + bytes(self._piece))
        # One that reads nothing has a small window, and is over it soon.
        self.socket = connect(port, A_PLACE, None if reads else 4_096, tls)
        self.socket.setblocking(False)

    def goes_on(self, ready: int) -> bool:
        """Send and read what is possible; whether there may be more."""
        try:
            if ready & selectors.EVENT_WRITE:
                with suppress(*WAITS):
                    for _ in range(100):
                        taken = self.socket.send(self._left)
                        self.sent += taken
                        self._left = self._left[taken:] or self._piece
            if ready & selectors.EVENT_READ and self._reads:
                with suppress(*WAITS):
                    while came := self.socket.recv(65_536):
                        self._heard(came)
                    return False
        except OSError:
            return False
        return True

    def _heard(self, came: bytes) -> None:
        _, error, text = came.rpartition(b"ERROR :Closing link: ")
        if error:
            self.last = text.partition(b"\r")[0].decode(errors="replace")


def irc(
    port: int,
    begin: str,
    piece: str,
    connections: int,
    seconds: float,
    times: int = 1,
    tls: bool = False,
    reads: bool = True,
) -> Found:
    """Clients of one address that send what they ``begin`` with, and then a piece, over and over."""
    clients = [Client(port, number, begin, piece * times, tls, reads) for number in range(connections)]
    selector = selectors.DefaultSelector()
    for client in clients:
        selector.register(client.socket, selectors.EVENT_READ * reads | selectors.EVENT_WRITE, client)
    end = time.monotonic() + seconds
    while selector.get_map() and time.monotonic() < end:
        for key, ready in selector.select(0.1):
            if not key.data.goes_on(ready):
                selector.unregister(key.fileobj)
        time.sleep(0.001)
    left = len(selector.get_map())
    for client in clients:
        client.socket.close()
    return {
        "bytes": sum(client.sent for client in clients),
        "left": left,
        "told": dict(Counter(client.last for client in clients)),
    }


def irc_again(port: int, at_once: int, seconds: float, tls: bool = False) -> Found:
    """One address: connect, register, join ten rooms, talk, go, and again."""
    peers: list[socket.socket] = []
    end = time.monotonic() + seconds
    made = 0
    refused: Counter[str] = Counter()
    while time.monotonic() < end:
        made += 1
        rooms = ",".join(f"#r{number}" for number in range(10))
        lines = f"NICK again{made}\r\nUSER u 0 * :u\r\nJOIN {rooms}\r\nPRIVMSG #r1 :hi\r\nQUIT :bye\r\n"
        try:
            peer = connect(port, A_PLACE, tls=tls)
            peer.sendall(lines.encode())
        except OSError:  # turned away
            refused["turned away"] += 1
            continue
        peers.append(peer)
        while len(peers) >= at_once:
            with peers.pop(0) as oldest, suppress(OSError):
                oldest.settimeout(0.02)
                refused.update(text.decode(errors="replace") for text in REFUSED.findall(oldest.recv(65_536)))
    for peer in peers:
        peer.close()
    return {"made": made, "refused": dict(refused)}
