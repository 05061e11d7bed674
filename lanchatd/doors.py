"""Doors: the first bytes of a connection say who it is for.

One port, whatever is pointed at it. `DOORS` has a row for each way in: the first bytes, and the protocol that
takes over. TLS, a browser, SSH and IRC are rows that will be added or changed here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from lanchatd.clock import Call
from lanchatd.events import Notice, Refusal
from lanchatd.member import Peer
from lanchatd.outbox import Outbox, Transport, outbox_for
from lanchatd.protocol import LAST_LINE_S, ChatProtocol

if TYPE_CHECKING:
    from lanchatd.factory import ChatFactory

# Who says nothing for this long is a person with `nc` and is greeted; programs begin at once.
PATIENCE_S = 0.3


@implementer(IHalfCloseableProtocol)
class LastLine(Protocol):
    """Says why not, and closes."""

    def __init__(self, factory: ChatFactory, peer: Peer, code: str, text: str, outbox: Outbox | None = None):
        """``outbox`` is the connection's, if it has been used before."""
        self.factory = factory
        self.peer = peer
        self.code = code
        self.text = text
        self.outbox: Outbox
        self.transport: Transport  # type: ignore[assignment]
        self._outbox = outbox
        self._deadline: Call

    def connectionMade(self) -> None:
        clock = self.factory.clock
        self.outbox = self._outbox or outbox_for(self.transport, clock, self.factory.limits, self)
        self.outbox.owner = self
        self._deadline = clock.callLater(LAST_LINE_S, self.outbox.end)
        self.outbox.tell(self.factory.text.render(Refusal(self.code, self.text)))
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
        self.factory.turned_away.discard(self)
        self.factory.ended(self.peer, self.code)

    def drained(self) -> None:
        """`Owner`: the line was taken."""
        self.outbox.lose()

    def fell_behind(self) -> None:
        """`Owner`: `drained` will come, or the deadline."""

    stalled = overflowed = fell_behind


@implementer(IHalfCloseableProtocol)
class FirstBytes(Protocol):
    """Every connection, until its first bytes have said who it is for; then it only passes them on."""

    def __init__(self, factory: ChatFactory, peer: Peer) -> None:
        self.factory = factory
        self.peer = peer
        self.nick_by = 0.0
        self.outbox: Outbox
        self.transport: Transport  # type: ignore[assignment]
        self.inner: ChatProtocol | LastLine | None = None
        self._begin = b""
        self._greeted = False
        self._timers: list[Call] = []

    def connectionMade(self) -> None:
        clock, timeout_s = self.factory.clock, self.factory.limits.nick_timeout_s
        self.factory.began(self)
        self.nick_by = clock.seconds() + timeout_s
        self.outbox = outbox_for(self.transport, clock, self.factory.limits, self)
        self._timers = [
            clock.callLater(PATIENCE_S, self._lose_patience),
            clock.callLater(timeout_s, self._no_nick),
        ]

    def dataReceived(self, data: bytes) -> None:
        if self.inner is not None:
            self.inner.dataReceived(data)
            return
        self._begin += data
        door = door_for(self._begin)
        if door is not None:
            self._open(door)

    def readConnectionLost(self) -> None:
        """The peer has closed its side."""
        inner = self.inner or self._open(TEXT)
        inner.readConnectionLost()

    def writeConnectionLost(self) -> None:
        """Our side is closed."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.closed(self)
        if self.inner is None:
            self._stop_waiting()
            self.outbox.close()
            self.factory.ended(self.peer, "lost", detail=reason.getErrorMessage())
        else:
            self.inner.connectionLost(reason)

    def greet(self) -> None:
        """Tell a person where they are, once."""
        if not self._greeted:
            self._greeted = True
            self.outbox.tell(self.factory.text.render(self.factory.greeting))

    def shut_down(self) -> None:
        """The daemon ends."""
        inner = self.inner or self._open(TEXT)
        if isinstance(inner, ChatProtocol):
            why = self.factory.shutdown_reason
            text = f"The server is shutting down{': ' + why if why else '.'}"
            inner.close("shutdown", Notice((text,), "shutdown"), "", self.factory.limits.shutdown_s)

    def abort(self) -> None:
        """Close now."""
        self.transport.abortConnection()

    def drained(self) -> None:
        """`Owner`: the greeting was taken; who takes over gives more."""

    fell_behind = stalled = overflowed = drained

    def _lose_patience(self) -> None:
        self._timers = [timer for timer in self._timers if timer.active()]
        self.greet()

    def _no_nick(self) -> None:
        self._timers = [timer for timer in self._timers if timer.active()]
        self._open(TEXT)

    def _open(self, door: Door) -> ChatProtocol | LastLine:
        self._stop_waiting()
        self.inner = inner = door.open(self)
        inner.makeConnection(self.transport)  # type: ignore[no-untyped-call]
        begin, self._begin = self._begin, b""
        if begin:
            inner.dataReceived(begin)
        return inner

    def _stop_waiting(self) -> None:
        timers, self._timers = self._timers, []
        for timer in timers:
            timer.cancel()


@dataclass(frozen=True, slots=True)
class Door:
    """A way in: what a connection begins with, and who takes over."""

    name: str
    first_bytes: tuple[bytes, ...]
    open: Callable[[FirstBytes], ChatProtocol | LastLine]


def door_for(begin: bytes) -> Door | None:
    """Whose connection begins like this; None while more bytes have to tell."""
    undecided = False
    for door in DOORS:
        for first in door.first_bytes:
            if begin.startswith(first):
                return door
            undecided |= first.startswith(begin)
    return None if undecided else TEXT


def _text(first: FirstBytes) -> ChatProtocol:
    first.greet()
    return ChatProtocol(first.factory, first.factory.text, first.outbox, first.peer, first.nick_by)


def _json(first: FirstBytes) -> ChatProtocol:
    return ChatProtocol(first.factory, first.factory.json, first.outbox, first.peer, first.nick_by)


def _not_http(first: FirstBytes) -> LastLine:
    return _not_here(first, "http", "not a web server")


def _not_tls(first: FirstBytes) -> LastLine:
    return _not_here(first, "tls", "without TLS")


def _not_here(first: FirstBytes, code: str, what: str) -> LastLine:
    port = getattr(first.transport.getHost(), "port", "")  # a UNIX socket has none
    text = f"This is a chat server (lanchatd), {what}. Join it with: nc HOST {port}".rstrip()
    return LastLine(first.factory, first.peer, code, text, first.outbox)


TEXT = Door("text", (), _text)

DOORS = (
    Door("json", (b"{",), _json),
    Door("tls", (b"\x16",), _not_tls),  # a TLS record of the handshake (RFC 8446, 5.1)
    Door(
        "http",
        # No nick has a space. RFC 9110, 9.1; RFC 5789; and the preface of HTTP/2, RFC 9113, 3.4.
        tuple(
            method + b" "
            for method in (
                b"GET",
                b"HEAD",
                b"POST",
                b"PUT",
                b"DELETE",
                b"CONNECT",
                b"OPTIONS",
                b"TRACE",
                b"PATCH",
                b"PRI",
            )
        ),
        _not_http,
    ),
)
