"""Who is turned away is told why and closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from lanchatd.clock import Call
from lanchatd.doors.connections import Connections
from lanchatd.doors.door import Opening
from lanchatd.net.outbox import Outbox, Transport, outbox_for

# How long a last line may take to drain, and the peer to close its side after ours, before the connection is
# aborted. A healthy peer needs a round trip.
LAST_LINE_S = 0.5


@implementer(IHalfCloseableProtocol)
class LastLine(Protocol):
    """Says why not, and closes."""

    wants_nick = awaits_turn = False

    def __init__(
        self,
        connections: Connections,
        encoded: bytes,
        ended: Callable[[LastLine], None],
        outbox: Outbox | None = None,
    ) -> None:
        """``ended`` is called when it is gone; ``outbox`` is the connection's, if it has been used before."""
        self.transport: Transport  # type: ignore[assignment]
        self._connections = connections
        self._encoded = encoded
        self._ended = ended
        self._used_outbox = outbox
        self._outbox: Outbox
        self._deadline: Call

    @classmethod
    def at(cls, opening: Opening, code: str, encoded: bytes) -> LastLine:
        """For a connection that has begun; ``code`` is for the daemon's log."""
        connections = opening.connections
        return cls(connections, encoded, lambda _: connections.ended(opening.peer, code), opening.outbox)

    def connectionMade(self) -> None:
        clock = self._connections.clock
        self._outbox = self._used_outbox or outbox_for(self.transport, clock, self._connections.limits, self)
        self._outbox.owner = self
        self._deadline = clock.callLater(LAST_LINE_S, self._outbox.end)
        self._outbox.tell(self._encoded)
        if not self._outbox.waiting:
            self._outbox.lose()

    def dataReceived(self, data: bytes) -> None:
        """Whatever it is, it is thrown away."""

    def readConnectionLost(self) -> None:
        """The peer has closed its side."""
        if not self._outbox.waiting:
            self._outbox.end()

    def writeConnectionLost(self) -> None:
        """Our side is closed."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._deadline.active():
            self._deadline.cancel()
        self._outbox.close()
        self._ended(self)

    def close(self, *why: Any) -> None:
        """`Inner`: it is on its way."""

    def drained(self) -> None:
        """`Owner`: the line was taken."""
        self._outbox.lose()

    def fell_behind(self) -> None:
        """`Owner`: `drained` will come, or the deadline."""

    stalled = overflowed = fell_behind


def only_tls(port: int | str) -> str:
    """What is told to who has to encrypt."""
    return f"Only encrypted connections come in here. Join with: lanchat-client HOST {port}".rstrip()
