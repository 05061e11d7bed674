"""Somebody who can't log in now: told why, and gone. It costs no key exchange, and nobody's place."""

# Conch is untyped for the most part.
# mypy: allow-untyped-calls

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from twisted.conch.ssh.common import NS
from twisted.conch.ssh.transport import DISCONNECT_TOO_MANY_CONNECTIONS, MSG_DISCONNECT
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from lanchatd.clock import Clock

VERSION = b"SSH-2.0-lanchatd"

# Time for a peer to read why it is disconnected, and to close.
LINGER_S = 1

_BLOCK = 8  # bytes: before a cipher is agreed on, packets are whole blocks (RFC 4253, 6)
_LEAST_PADDING = 4  # bytes


class RefusedConnection(Protocol):
    """Begins to speak SSH, as far as a sentence of the other side is shown by every client."""

    transport: Any  # of TCP

    def __init__(self, clock: Clock, why: str, gone: Callable[[RefusedConnection], None]) -> None:
        """``gone`` is called when it is closed."""
        self._clock = clock
        self._why = why
        self._gone = gone

    def connectionMade(self) -> None:
        self.transport.write(VERSION + b"\r\n" + disconnect(self._why))
        # Not closed: what the peer sends meanwhile would be answered with a reset, which can overtake the
        # sentence and make it unread.
        self.transport.loseWriteConnection()
        self._timer = self._clock.callLater(LINGER_S, self.transport.abortConnection)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._timer.active():
            self._timer.cancel()
        self._gone(self)


def disconnect(why: str) -> bytes:
    """The packet that disconnects with a sentence, as it is before any key exchange."""
    message = bytes([MSG_DISCONNECT]) + struct.pack(">L", DISCONNECT_TOO_MANY_CONNECTIONS) + NS(why) + NS("")
    padding = _LEAST_PADDING + -(5 + len(message) + _LEAST_PADDING) % _BLOCK
    return struct.pack(">LB", 1 + len(message) + padding, padding) + message + bytes(padding)
