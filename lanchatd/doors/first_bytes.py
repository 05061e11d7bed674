"""Doors: the first bytes of a connection say who it is for.

One port, whatever is pointed at it: `lanchatd.doors.all_doors` has a row for each way in. Inside TLS the same
choice is made again.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Hashable
from dataclasses import replace
from typing import Any

from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener, ISSLTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from lanchatd.chat.events import Notice
from lanchatd.chat.peer import Peer
from lanchatd.clock import Call
from lanchatd.doors import http
from lanchatd.doors.connections import ASK_NICK, Connections
from lanchatd.doors.door import Door, Doors, Inner
from lanchatd.doors.refusal import LAST_LINE_S, only_tls
from lanchatd.net.allowances import Allowance, Verdict
from lanchatd.net.client_hello import ClientHello, NoHelloError
from lanchatd.net.credentials import key_of, why_lost
from lanchatd.net.outbox import BufferedOutbox, Outbox, outbox_for
from lanchatd.net.tls_transport import ALPN_HTTP, encrypt
from lanchatd.text.refused import Refusal

# Who says nothing for this long may be a person with `nc`, and is asked for a nick; programs begin at once.
# HexChat begins TLS 0.3 s after it has connected, always (`SSLDOCONNTMOUT` in its server.c).
PATIENCE_S = 0.5

# Where TLS has to be, it is waited for longer: what was lost is sent again after a second (RFC 6298).
LATE_HELLO_S = 3


@implementer(IHalfCloseableProtocol, IHandshakeListener)
class FirstBytes(Protocol):
    """Every connection, until its first bytes have said who it is for; then it only passes them on.

    They may say that it is TLS, and then those inside count. Of an endpoint that speaks TLS by itself
    (``--listen ssl:…``) all bytes are inside.
    """

    def __init__(self, connections: Connections, doors: Doors, peer: Peer, allowance: Allowance) -> None:
        self.connections = connections
        self.peer = peer
        self.came_at = 0.0
        self.nick_by = 0.0
        self.text_bytes = 0
        self.allowance = allowance
        self.outbox: Outbox
        self.transport: Any
        self.inner: Inner | None = None
        self.begin = b""
        self.greeted = False
        self.is_coming = False  # `Newcomer`: its hello is whole, or it has shaken hands
        self._doors = doors
        self._is_tls_endpoint = False
        self._in_handshake = False
        self._shook = False  # hands, before what was decrypted last
        self._hello: ClientHello | None = None  # until it is whole
        self._why_aborted = ""
        self._timers: list[Call] = []

    def connectionMade(self) -> None:
        self.came_at = self.connections.clock.seconds()
        self.nick_by = self.came_at + self.connections.limits.nick_timeout_s
        self.connections.began(self)
        self.outbox = outbox_for(self.transport, self.connections.clock, self.connections.limits, self)
        self._is_tls_endpoint = ISSLTransport.providedBy(self.transport)
        if self._is_tls_endpoint:
            self._await_handshake()
        else:
            self._await_first_bytes()

    def start_tls(self) -> None:
        """The bytes that came are those of a handshake."""
        begin, self.begin = self.begin, b""
        self._hello = ClientHello()
        self._await_handshake()
        self._gather_hello(self._hello, begin)

    def handshakeCompleted(self) -> None:
        """What comes and goes is encrypted from here on."""
        self._in_handshake = False
        self.is_coming = True
        self.peer = replace(self.peer, encrypted=True, key=key_of(self.transport.getHandle()))
        self._stop_waiting()
        self._await_first_bytes()

    def pause_s(self, encrypted: int, text: int) -> float:
        """`Reader`: what brings no text is within an allowance of its own."""
        now = self.connections.clock.seconds()
        shook, self._shook = self._shook, not self._in_handshake
        verdict = self.allowance.encrypted_came(encrypted, text, now, in_handshake=not shook)
        if verdict is Verdict.TAKE:
            return 0
        if verdict is Verdict.CLOSE:
            text_ = f"Too much without a word for {self.connections.limits.flood_timeout_s:g} s; closed."
            self._close("flood", Refusal("flood", text_), LAST_LINE_S)
        else:
            self.connections.flooded(self.peer, self.allowance)
        slot_s: float = self.connections.flood_slots.next_in(now)
        return slot_s

    @property
    def whose(self) -> Hashable:
        """Those of one address share the time of the reactor; who has none has a share of its own."""
        return self.peer.address or id(self)

    def dataReceived(self, data: bytes) -> None:
        self.text_bytes += len(data)
        if self.inner is not None:
            self.inner.dataReceived(data)
            return
        if self._hello is not None:
            self._gather_hello(self._hello, data)
            return
        # Some editors begin a file with a byte order mark, and the file may be piped in.
        self.begin = (self.begin + data).removeprefix(BOM_UTF8)
        door = self._doors.door_for(self.begin)
        if door is not None:
            self._open(door)

    def readConnectionLost(self) -> None:
        """The peer has closed its side."""
        if self._in_handshake:
            self._give_up_handshake("closed in the midst of its hello")
            return
        inner = self.inner or self._open(self._doors.other)
        if inner is not None:
            inner.readConnectionLost()

    def writeConnectionLost(self) -> None:
        """Our side is closed."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.connections.closed(self)
        if self.inner is None:
            self._stop_waiting()
            self.outbox.close()
            code = "tls" if self._in_handshake else "lost"
            self.connections.ended(self.peer, code, detail=self._why_aborted or why_lost(reason))
        else:
            self.inner.connectionLost(reason)
            self.inner = None  # it holds this one
            vars(self).pop("dataReceived", None)  # as that does

    def leave_entrance(self) -> None:
        """It has a nick, or is being closed."""
        self.connections.entrance.leave(self)

    def await_nick(self) -> None:
        """It has none yet, and the time for it begins: who asked for the page first asks to talk now."""
        self.came_at = self.connections.clock.seconds()
        self.nick_by = self.came_at + self.connections.limits.nick_timeout_s
        self.connections.entrance.enter(self)

    def take_over(self, inner: Inner, begin: bytes) -> None:
        """What comes is for this one from now on, and what came was."""
        self.inner = inner
        if not self.peer.encrypted:
            # Straight to it, as every line passes here; of what was encrypted the text is counted.
            self.dataReceived = inner.dataReceived  # type: ignore[method-assign]
        inner.makeConnection(self.transport)
        if begin:
            inner.dataReceived(begin)

    def greet(self) -> None:
        """Tell a person where they are, once."""
        if not self.greeted:
            self.greeted = True
            shared = self.connections
            only_tls = self._is_tls_endpoint or shared.require_tls
            join = shared.join.for_peer(self.transport.getHost(), only_tls)
            page = None if join is None else join.page
            self.outbox.tell(shared.greeting(page, ask=not self.begin.strip()))

    @property
    def port(self) -> int | str:
        """Which was connected to; a UNIX socket has none."""
        port: int | str = getattr(self.transport.getHost(), "port", "")
        return port

    def shut_down(self) -> None:
        """The daemon ends."""
        why = self.connections.shutdown_reason
        text = f"The server is shutting down{': ' + why if why else '.'}"
        self._close("shutdown", Notice((text,), "shutdown"), self.connections.limits.shutdown_s)

    def give_way(self) -> None:
        """`Newcomer`: others wait for its place."""
        most = self.connections.limits.max_unnamed
        text = f"{most:,} connections have given no nick yet; try again in a minute."
        self._close("unnamed_full", Refusal("unnamed_full", text), LAST_LINE_S)

    @property
    def awaits_turn(self) -> bool:
        """`Newcomer`: what it said first waits for others to have their turn."""
        return self.inner is not None and self.inner.awaits_turn

    @property
    def address(self) -> str | None:
        """`Newcomer`: where it comes from; None for a UNIX socket."""
        return self.peer.address

    def abort(self) -> None:
        """Close now."""
        self.transport.abortConnection()

    def drained(self) -> None:
        """`Owner`: the greeting was taken; who takes over gives more."""

    fell_behind = stalled = overflowed = drained

    def _close(self, code: str, last: Notice | Refusal, within_s: float) -> None:
        if self._in_handshake:
            self.leave_entrance()
            self._give_up_handshake(code)
            return
        inner = self.inner or self._open(self._doors.other)
        if inner is not None:
            inner.close(code, last, "", within_s)

    def _await_first_bytes(self) -> None:
        clock = self.connections.clock
        self._timers = [
            clock.callLater(LATE_HELLO_S if self._has_to_encrypt() else PATIENCE_S, self._read_first),
            clock.callLater(max(0, self.nick_by - clock.seconds()), self._no_nick),
        ]

    def _read_first(self) -> None:
        # The reactor may have been busy: what came meanwhile is read before it does this. It could be TLS.
        self._timers = [timer for timer in self._timers if timer.active()]
        self._timers.append(self.connections.clock.callLater(0, self._lose_patience))

    def _lose_patience(self) -> None:
        self._timers = [timer for timer in self._timers if timer.active()]
        if self.begin:
            return  # a request that comes in pieces, or somebody who types slowly: the next bytes will tell
        if not self._may_be_browser():
            self.greet()
        elif self._has_to_encrypt():
            self.outbox.tell(http.interim(only_tls(self.port)))
        else:
            self.outbox.tell(http.interim(f"{self.connections.welcome} {ASK_NICK}"))

    def _no_nick(self) -> None:
        self._timers = [timer for timer in self._timers if timer.active()]
        self._open(self._doors.other)

    def _await_handshake(self) -> None:
        self._in_handshake = True
        timeout_s = self.connections.limits.tls_handshake_s
        why = f"no handshake within {timeout_s:g} s"
        self._timers = [self.connections.clock.callLater(timeout_s, self._give_up_handshake, why)]

    def _gather_hello(self, hello: ClientHello, data: bytes) -> None:
        """TLS is dear to make for one connection, so it begins when there is something to answer."""
        try:
            if not hello.has_come(data):
                return
        except NoHelloError as why:
            self._give_up_handshake(str(why))
            return
        self._hello = None
        self.is_coming = True
        self.outbox.close()
        shared, tcp = self.connections, self.transport
        clock, limits = shared.clock, shared.limits
        tls: Any = encrypt(tcp, self, shared.credentials.tls, clock, limits, shared.budget)
        self.transport = tls
        self.outbox = BufferedOutbox(tls, clock, limits, self)
        tls.transport.dataReceived(hello.came)  # the next bytes will go there by themselves

    def _give_up_handshake(self, why: str) -> None:
        self._timers = [timer for timer in self._timers if timer.active()]
        self._why_aborted = why
        self.abort()

    def _may_be_browser(self) -> bool:
        """Whether it may have been opened ahead of a request that comes within a minute.

        Browsers do that while somebody types an address, and use such a connection without a look at what has
        come on it by then. Inside TLS they say what they will speak.
        """
        if self.peer.encrypted:
            return bool(self.transport.negotiatedProtocol == ALPN_HTTP)
        return self.peer.address is not None

    def _has_to_encrypt(self) -> bool:
        return self.connections.require_tls and not self.peer.encrypted and not self.peer.local

    def _open(self, door: Door) -> Inner | None:
        """Who takes over; None if that is TLS, inside of which there will be another."""
        self._stop_waiting()
        inner = (door.open_plain if self._has_to_encrypt() else door.open)(self)
        if inner is not None:
            if not inner.wants_nick:
                self.leave_entrance()
            begin, self.begin = self.begin, b""
            self.take_over(inner, begin)
        return inner

    def _stop_waiting(self) -> None:
        timers, self._timers = self._timers, []
        for timer in timers:
            timer.cancel()
