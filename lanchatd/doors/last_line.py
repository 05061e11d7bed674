"""Who is turned away is told why and closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from lanchatd.chat.peer import Peer
from lanchatd.clock import Call
from lanchatd.net.outbox import Outbox, Transport, outbox_for

if TYPE_CHECKING:
    from lanchatd.doors.factory import ChatFactory

# How long a last line may take to drain, and the peer to close its side after ours, before the connection is
# aborted. A healthy peer needs a round trip.
LAST_LINE_S = 0.5


@implementer(IHalfCloseableProtocol)
class LastLine(Protocol):
    """Says why not, and closes."""

    def __init__(
        self, factory: ChatFactory, peer: Peer, code: str, encoded: bytes, outbox: Outbox | None = None
    ) -> None:
        """``outbox`` is the connection's, if it has been used before."""
        self.factory = factory
        self.peer = peer
        self.code = code
        self.encoded = encoded
        self.outbox: Outbox
        self.transport: Transport  # type: ignore[assignment]
        self._outbox = outbox
        self._deadline: Call

    def connectionMade(self) -> None:
        clock = self.factory.clock
        self.outbox = self._outbox or outbox_for(self.transport, clock, self.factory.limits, self)
        self.outbox.owner = self
        self._deadline = clock.callLater(LAST_LINE_S, self.outbox.end)
        self.outbox.tell(self.encoded)
        if not self.outbox.waiting:
            self.outbox.lose()

    def dataReceived(self, data: bytes) -> None:
        """Whatever it is, it is thrown away."""

    def readConnectionLost(self) -> None:
        """The peer has closed its side."""
        if not self.outbox.waiting:
            self.outbox.end()

    def writeConnectionLost(self) -> None:
        """Our side is closed."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._deadline.active():
            self._deadline.cancel()
        self.outbox.close()
        if self in self.factory.telling:
            self.factory.telling.discard(self)  # which is in the log already
        else:
            self.factory.ended(self.peer, self.code)

    def drained(self) -> None:
        """`Owner`: the line was taken."""
        self.outbox.lose()

    def fell_behind(self) -> None:
        """`Owner`: `drained` will come, or the deadline."""

    stalled = overflowed = fell_behind
