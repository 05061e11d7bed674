"""Doors: the first bytes of a connection say who it is for.

One port, whatever is pointed at it. `DOORS` has a row for each way in: the first bytes, and the protocol that
takes over. A browser, SSH and IRC are rows that will be added here. Inside TLS the same choice is made again.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener, ISSLTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from lanchatd.chat.events import Notice
from lanchatd.chat.format import Format
from lanchatd.chat.peer import Peer
from lanchatd.clock import Call
from lanchatd.doors import http
from lanchatd.doors.last_line import LAST_LINE_S, LastLine
from lanchatd.doors.protocol import ChatProtocol
from lanchatd.doors.web.connection import HttpConnection
from lanchatd.net.credentials import why_lost
from lanchatd.net.outbox import BufferedOutbox, Outbox, outbox_for
from lanchatd.net.rates import Allowance, Verdict
from lanchatd.net.tls_transport import ALPN_HTTP, encrypt
from lanchatd.text.refused import Refusal

if TYPE_CHECKING:
    from lanchatd.doors.factory import ChatFactory
    from lanchatd.doors.web.door import WebDoor

# Who says nothing for this long may be a person with `nc`, and is asked for a nick; programs begin at once.
PATIENCE_S = 0.3

ASK_NICK = "What is your nick?"

# Where TLS has to be, it is waited for longer: what was lost is sent again after a second (RFC 6298).
LATE_HELLO_S = 3


@implementer(IHalfCloseableProtocol, IHandshakeListener)
class FirstBytes(Protocol):
    """Every connection, until its first bytes have said who it is for; then it only passes them on.

    They may say that it is TLS, and then those inside count. Of an endpoint that speaks TLS by itself
    (``--listen ssl:…``) all bytes are inside.
    """

    def __init__(self, factory: ChatFactory, peer: Peer, allowance: Allowance) -> None:
        self.factory = factory
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
        self._is_tls_endpoint = False
        self._in_handshake = False
        self._why_aborted = ""
        self._timers: list[Call] = []

    def connectionMade(self) -> None:
        self.came_at = self.factory.clock.seconds()
        self.nick_by = self.came_at + self.factory.limits.nick_timeout_s
        self.factory.began(self)
        self.outbox = outbox_for(self.transport, self.factory.clock, self.factory.limits, self)
        self._is_tls_endpoint = ISSLTransport.providedBy(self.transport)
        if self._is_tls_endpoint:
            self._await_handshake()
        else:
            self._await_first_bytes()

    def start_tls(self) -> None:
        """The bytes that came are those of a handshake."""
        begin, self.begin = self.begin, b""
        self.outbox.close()
        factory, tcp = self.factory, self.transport
        clock, limits = factory.clock, factory.limits
        tls: Any = encrypt(tcp, self, factory.credentials.tls, clock, limits, factory.budget)
        self.transport = tls
        self.outbox = BufferedOutbox(tls, clock, limits, self)
        self._await_handshake()
        tls.transport.dataReceived(begin)  # the next bytes will go there by themselves

    def handshakeCompleted(self) -> None:
        """What comes and goes is encrypted from here on."""
        self._in_handshake = False
        self.peer = replace(self.peer, encrypted=True)
        self._stop_waiting()
        self._await_first_bytes()

    def pause_s(self, encrypted: int, text: int) -> float:
        """`Reader`: what brings no text is within an allowance of its own."""
        now = self.factory.clock.seconds()
        verdict = self.allowance.encrypted_came(encrypted, text, now)
        if verdict is Verdict.TAKE:
            return 0
        if verdict is Verdict.CLOSE:
            text_ = f"Too much without a word for {self.factory.limits.flood_timeout_s:g} s; closed."
            self._close("flood", Refusal("flood", text_), LAST_LINE_S)
        slot_s: float = self.factory.flood_slots.next_in(now)
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
        # Some editors begin a file with a byte order mark, and the file may be piped in.
        self.begin = (self.begin + data).removeprefix(BOM_UTF8)
        door = door_for(self.begin)
        if door is not None:
            self._open(door)

    def readConnectionLost(self) -> None:
        """The peer has closed its side."""
        inner = self.inner or self._open(TEXT)
        if inner is not None:
            inner.readConnectionLost()

    def writeConnectionLost(self) -> None:
        """Our side is closed."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.closed(self)
        if self.inner is None:
            self._stop_waiting()
            self.outbox.close()
            code = "tls" if self._in_handshake else "lost"
            self.factory.ended(self.peer, code, detail=self._why_aborted or why_lost(reason))
        else:
            self.inner.connectionLost(reason)

    def leave_entrance(self) -> None:
        """It has a nick, or is being closed."""
        self.factory.entrance.leave(self)

    def await_nick(self) -> None:
        """It has none yet, and the time for it begins: who asked for the page first asks to talk now."""
        self.came_at = self.factory.clock.seconds()
        self.nick_by = self.came_at + self.factory.limits.nick_timeout_s
        self.factory.entrance.enter(self)

    def chat(self, kind: type[ChatProtocol], form: Format) -> ChatProtocol:
        """Who takes over to talk in this format."""
        return kind(
            self.factory,
            form,
            self.outbox,
            self.peer,
            self.whose,
            self.allowance,
            self.nick_by,
            self.leave_entrance,
        )

    def take_over(self, inner: Inner, begin: bytes) -> None:
        """What comes is for this one from now on, and what came was."""
        self.inner = inner
        inner.makeConnection(self.transport)  # type: ignore[no-untyped-call]
        if begin:
            inner.dataReceived(begin)

    def greet(self) -> None:
        """Tell a person where they are, once."""
        if not self.greeted:
            self.greeted = True
            web: WebDoor | None = self.factory.web
            only_tls = self._is_tls_endpoint or self.factory.require_tls
            page = None if web is None else web.address_for(self.transport.getHost(), only_tls)
            self.outbox.tell(self.factory.text.render(self.factory.greeting(page)))

    def only_tls(self) -> str:
        """What is told to who has to encrypt."""
        return f"Only encrypted connections come in here. Join with: lanchat-client HOST {self.port}".rstrip()

    @property
    def port(self) -> int | str:
        """Which was connected to; a UNIX socket has none."""
        port: int | str = getattr(self.transport.getHost(), "port", "")
        return port

    def shut_down(self) -> None:
        """The daemon ends."""
        why = self.factory.shutdown_reason
        text = f"The server is shutting down{': ' + why if why else '.'}"
        self._close("shutdown", Notice((text,), "shutdown"), self.factory.limits.shutdown_s)

    def give_way(self) -> None:
        """`Newcomer`: others wait for its place."""
        text = (
            f"{self.factory.limits.max_unnamed:,} connections have given no nick yet; try again in a minute."
        )
        self._close("unnamed_full", Refusal("unnamed_full", text), LAST_LINE_S)

    @property
    def is_coming(self) -> bool:
        """`Newcomer`: it shakes hands, and was answered; or has done so."""
        return self.peer.encrypted or bool(getattr(self.transport, "has_answered", False))

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
            self._give_up_handshake(code)
            return
        inner = self.inner or self._open(TEXT)
        if isinstance(inner, ChatProtocol):
            inner.close(code, last, "", within_s)
        elif isinstance(inner, HttpConnection):
            inner.close()

    def _await_first_bytes(self) -> None:
        clock = self.factory.clock
        self._timers = [
            clock.callLater(LATE_HELLO_S if self._has_to_encrypt() else PATIENCE_S, self._read_first),
            clock.callLater(max(0, self.nick_by - clock.seconds()), self._no_nick),
        ]

    def _read_first(self) -> None:
        # The reactor may have been busy: what came meanwhile is read before it does this. It could be TLS.
        self._timers = [timer for timer in self._timers if timer.active()]
        self._timers.append(self.factory.clock.callLater(0, self._lose_patience))

    def _lose_patience(self) -> None:
        self._timers = [timer for timer in self._timers if timer.active()]
        if self.begin:
            return  # a request that comes in pieces, or somebody who types slowly: the next bytes will tell
        if not self._may_be_browser():
            self.greet()
        elif self._has_to_encrypt():
            self.outbox.tell(http.interim(self.only_tls()))
        else:
            self.outbox.tell(http.interim(f"{self.factory.welcome} {ASK_NICK}"))

    def _no_nick(self) -> None:
        self._timers = [timer for timer in self._timers if timer.active()]
        self._open(TEXT)

    def _await_handshake(self) -> None:
        self._in_handshake = True
        timeout_s = self.factory.limits.tls_handshake_s
        why = f"no handshake within {timeout_s:g} s"
        self._timers = [self.factory.clock.callLater(timeout_s, self._give_up_handshake, why)]

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
        return self.factory.require_tls and not self.peer.encrypted and not self.peer.local

    def _open(self, door: Door) -> Inner | None:
        """Who takes over; None if that is TLS, inside of which there will be another."""
        self._stop_waiting()
        if door is not TLS and self._has_to_encrypt():
            door = HTTP_ONLY_TLS if door is HTTP else ONLY_TLS
        inner = door.open(self)
        if inner is not None:
            if not isinstance(inner, ChatProtocol):
                self.leave_entrance()
            begin, self.begin = self.begin, b""
            self.take_over(inner, begin)
        return inner

    def _stop_waiting(self) -> None:
        timers, self._timers = self._timers, []
        for timer in timers:
            timer.cancel()


Inner = ChatProtocol | HttpConnection | LastLine


@dataclass(frozen=True, slots=True)
class Door:
    """A way in: what a connection begins with, and who takes over; None if it has to choose again."""

    name: str
    first_bytes: tuple[bytes, ...]
    open: Callable[[FirstBytes], Inner | None]


def door_for(begin: bytes) -> Door | None:
    """Whose connection begins like this; None while more bytes have to tell."""
    undecided = BOM_UTF8.startswith(begin)
    for door in DOORS:
        for first in door.first_bytes:
            if begin.startswith(first):
                return door
            undecided |= first.startswith(begin)
    return None if undecided else TEXT


def _text(first: FirstBytes) -> ChatProtocol:
    first.greet()
    return first.chat(ChatProtocol, first.factory.text)


def _json(first: FirstBytes) -> ChatProtocol:
    return first.chat(ChatProtocol, first.factory.json)


def _tls(first: FirstBytes) -> LastLine | None:
    # A hello that was lost on the way comes after the question for a nick, which clients of TLS skip then.
    if first.peer.encrypted or first.outbox.waiting:
        return _refused(first, "tls", "TLS has to begin with the first byte of a connection, and only there.")
    first.start_tls()
    return None


def _refused(first: FirstBytes, code: str, text: str) -> LastLine:
    return _last_line(first, code, first.factory.text.render(Refusal(code, text)))


def _http(first: FirstBytes) -> HttpConnection | LastLine:
    web: WebDoor | None = first.factory.web
    if web is not None:
        return web.open(first)
    text = f"This is a chat server (lanchatd), not a web server. Join it with: nc HOST {first.port}".rstrip()
    return _last_line(first, "http", http.answer("404 Not Found", text, to=first.begin))


def _http_only_tls(first: FirstBytes) -> HttpConnection | LastLine:
    web: WebDoor | None = first.factory.web
    if web is not None:
        return web.open(first, must_encrypt=True)
    return _last_line(first, "tls_required", http.answer("403 Forbidden", first.only_tls(), to=first.begin))


def _last_line(first: FirstBytes, code: str, encoded: bytes) -> LastLine:
    return LastLine(first.factory, first.peer, code, encoded, first.outbox)


TEXT = Door("text", (), _text)
TLS = Door("tls", (b"\x16",), _tls)  # a record of the handshake (RFC 8446, 5.1)
ONLY_TLS = Door("only tls", (), lambda first: _refused(first, "tls_required", first.only_tls()))
# No nick has a space.
HTTP = Door("http", tuple(method + b" " for method in http.METHODS), _http)
HTTP_ONLY_TLS = Door("http, only tls", (), _http_only_tls)

DOORS = (Door("json", (b"{",), _json), TLS, HTTP)
