"""TLS over a TCP connection that is there already, with the same short way as without it, and its bounds.

Twisted's own way (`startTLS`) leaves what is encrypted to the transport: two calls of epoll, a timer and a
trip through the reactor for each member and line. Here it goes straight to the socket, and to the transport
only what the socket did not take.

And it decrypts whatever came in one go, of which each record is a call, and answers what it is asked to
answer however much waits: here it gets a piece at a time, while there is time (`Budget`), and nothing as long
as too much waits to be sent.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Protocol

from twisted.internet.interfaces import IPullProducer, ITCPTransport
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.components import proxyForInterface
from twisted.python.failure import Failure
from zope.interface import implementer

from lanchatd.clock import Call, Clock
from lanchatd.limits import Limits
from lanchatd.net.tls_records import Records
from lanchatd.net.turn_time import Budget

# What browsers and their like offer to speak inside, and are given (RFC 7301, 6).
ALPN_HTTP = b"http/1.1"

# What is decrypted before it is looked at the time again: some twenty records of a byte, half a millisecond.
# Or a record that is longer: it is one piece of work, and in parts it would be more.
PIECE_BYTES = 512

# So many chunks may wait to be sent while more is read: the outbox gives one, TLS answers on top of it.
CHUNKS = 2


class Reader(Protocol):
    """The protocol that reads what is decrypted."""

    text_bytes: int
    """How much it was given."""

    @property
    def whose(self) -> Hashable:
        """As for `Budget.wait`."""
        ...

    def pause_s(self, encrypted: int, text: int) -> float:
        """How long to decrypt nothing, after records of so many bytes that brought so many of text."""
        ...


def encrypt(
    transport: Any, reader: Reader, factory: TLSMemoryBIOFactory, clock: Clock, limits: Limits, budget: Budget
) -> TLSMemoryBIOProtocol:
    """Speak TLS, as a server, from the next byte on. Returns the transport of the reader from then on.

    The reader is connected, and nothing that was written to its transport waits there. What it had received
    already is to be given to the transport's new ``protocol``.
    """
    budget.begin()  # it is done in any case (0.1 ms, measured); what comes of it waits if there is no time
    try:
        tls = TLSMemoryBIOProtocol(factory, reader, False)
        transport.protocol = below = _Below(transport, tls, reader, clock, limits, budget)
        tls.makeConnection(below)
        return tls
    finally:
        budget.end()


@implementer(IPullProducer)
class _Drain:
    """Is called when a transport has drained."""

    def __init__(self, transport: Any, drained: Callable[[], None]) -> None:
        self._transport = transport
        self._drained = drained
        self._registering = True
        transport.registerProducer(self, False)
        self._registering = False

    def resumeProducing(self) -> None:
        if not self._registering:  # it asks at once on registering, when everything is still to be sent
            self._transport.unregisterProducer()
            self._drained()

    def stopProducing(self) -> None:
        """The transport is closed; whoever writes to it hears of that by itself."""


class _Below(proxyForInterface(ITCPTransport, "_transport")):  # type: ignore[misc]
    """The transport below TLS, and the protocol above TCP.

    The producer above is paused when the socket did not take everything.
    """

    def __init__(
        self,
        transport: Any,
        tls: TLSMemoryBIOProtocol,
        reader: Reader,
        clock: Clock,
        limits: Limits,
        budget: Budget,
    ) -> None:
        super().__init__(transport)
        self._tls: Any = tls
        self._reader: Any = reader
        self._clock = clock
        self._limits = limits
        self._budget = budget
        self._send: Callable[[bytes], int] = transport.getHandle().send
        self._producer: Any = None
        self._waiting = False
        self._waiting_bytes = 0
        self._unread = b""
        self._records = Records()
        self._wanted = True
        self._reading = True  # from the socket
        self._busy = False
        self._resting: Call | None = None
        self._gone = False

    # -- what comes

    def dataReceived(self, encrypted: bytes) -> None:
        """Of TCP."""
        self._unread += encrypted
        self._read_on()

    def connectionLost(self, reason: Failure) -> None:
        """Of TCP."""
        self._gone = True
        self._unread = b""
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        self._tls.connectionLost(reason)
        self._tls = self._reader = self._producer = None  # they hold this one

    def pauseProducing(self) -> None:
        """Who reads the text wants nothing more at present."""
        self._wanted = False
        self._read_on()

    def resumeProducing(self) -> None:
        """It does again."""
        self._wanted = True
        self._read_on()

    def _read_on(self) -> None:
        """Decrypt what came as far as may be, and then more from the socket."""
        if self._busy or self._gone:  # it goes on by itself
            return
        self._busy = True
        try:
            while self._unread and self._may_read():
                try:
                    if self._budget.begin():
                        self._decrypt()
                    else:
                        self._wait()
                finally:
                    self._budget.end()
        finally:
            self._busy = False
        if self._gone:
            return
        wanted = not self._unread and self._may_read()
        if wanted != self._reading:
            self._reading = wanted
            if wanted:
                self._transport.resumeProducing()
            else:
                self._transport.pauseProducing()

    def _may_read(self) -> bool:
        return self._wanted and self._resting is None and not (self._gone or self._is_clogged())

    def _is_clogged(self) -> bool:
        return self._waiting_bytes > CHUNKS * self._limits.chunk_bytes

    def _decrypt(self) -> None:
        size = max(PIECE_BYTES, self._records.left(self._unread))
        piece, self._unread = self._unread[:size], self._unread[size:]
        reader: Reader = self._reader  # by then it may be gone
        before = reader.text_bytes
        self._tls.dataReceived(piece)
        ended, text = self._records.ended_with(piece), reader.text_bytes - before
        pause_s = reader.pause_s(ended, text)
        if self._gone:
            return
        if pause_s:
            self._resting = self._clock.callLater(pause_s, self._wait)
        elif self._unread and ended and not text:
            self._wait()  # a handshake, or no good: others have their turn

    def _wait(self) -> None:
        self._resting = self._budget.wait(self._reader.whose, self._rested)

    def _rested(self) -> None:
        self._resting = None
        self._read_on()

    # -- what goes

    def write(self, encrypted: bytes) -> None:
        if self._waiting:
            self._waiting_bytes += len(encrypted)
            self._transport.write(encrypted)
            if self._reading and self._is_clogged():
                self._read_on()
            return
        try:
            taken = self._send(encrypted)
        except OSError:  # BlockingIOError, or the connection is gone and the transport is about to tell
            taken = 0
        if taken != len(encrypted):
            self._waiting = True
            self._waiting_bytes = len(encrypted) - taken
            self._transport.write(encrypted[taken:])
            _Drain(self._transport, self._drained)
            if self._producer is not None:
                self._producer.pauseProducing()

    def writeSequence(self, encrypted: Any) -> None:
        self.write(b"".join(encrypted))

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self._producer = producer

    def unregisterProducer(self) -> None:
        self._producer = None

    def _drained(self) -> None:
        self._waiting = False
        self._waiting_bytes = 0
        if self._producer is not None:
            self._producer.resumeProducing()
        self._read_on()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
