"""One connection to the console, from its first byte: key exchange, the time to log in, and how it ends."""

# Conch is untyped for the most part, and has names of its own.
# mypy: allow-untyped-calls
# ruff: noqa: N802, N803, N815, RUF012

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from twisted.conch.ssh.common import NS, getNS
from twisted.conch.ssh.transport import (
    DISCONNECT_BY_APPLICATION,
    DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE,
    DISCONNECT_PROTOCOL_ERROR,
    DISCONNECT_SERVICE_NOT_AVAILABLE,
    DISCONNECT_TOO_MANY_CONNECTIONS,
    MSG_DISCONNECT,
    MSG_EXT_INFO,
    MSG_KEXINIT,
    MSG_SERVICE_ACCEPT,
    MSG_SERVICE_REQUEST,
    SSHServerTransport,
)
from twisted.conch.ssh.userauth import MSG_USERAUTH_REQUEST, MSG_USERAUTH_SUCCESS
from twisted.internet.interfaces import IAddress
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanchatd.clock import Call, Clock
from lanchatd.limits import Limits
from lanchatd.net.peer_of import peer_of
from lanchatd.ssh.application import Application, Identity, Output
from lanchatd.ssh.authorized_keys import harmless
from lanchatd.ssh.channels import Channels
from lanchatd.ssh.login import ALGORITHMS, Account, Login
from lanchatd.ssh.login_limits import Guard
from lanchatd.ssh.packet_limits import Intake
from lanchatd.ssh.quiet_log import QUIET
from lanchatd.ssh.refused_connection import LINGER_S, VERSION

_FIRST_NOT_OF_TRANSPORT = MSG_USERAUTH_REQUEST


def address_of(addr: IAddress | None) -> str:
    """The IP address at the other end, or what is shown for one that has none."""
    peer = peer_of(addr)
    return peer.address or peer.shown


class Owner(Protocol):
    """The server: what all of its connections share."""

    clock: Clock
    limits: Limits
    guard: Guard
    accounts: Mapping[str, Account]

    @property
    def may_open_session(self) -> bool:
        """Whether there can be one more session."""
        ...

    def came(self, connection: Transport) -> None:
        """A connection is there."""
        ...

    def gone(self, connection: Transport) -> None:
        """A connection is no more."""
        ...


class Transport(SSHServerTransport):
    """The transport of RFC 4253, with what Conch leaves open: limits, and peers that don't keep to the rules.

    Implements `lanchatd.ssh.login.Owner`. It is a producer of its socket: while the socket is full, the
    sessions wait (`can_send`).
    """

    factory: Owner  # type: ignore[assignment]  # a factory of Conch, too
    transport: Any  # of TCP
    log = Logger("lanchatd")
    _log = QUIET

    ourVersionString = VERSION
    # Conch also offers CBC, SHA-1 and MD5. It offers zlib, with which a packet could be a gigabyte.
    supportedCiphers = [
        name
        for name in SSHServerTransport.supportedCiphers
        if name.startswith(b"aes") and name.endswith(b"ctr")
    ]
    supportedMACs = [name for name in SSHServerTransport.supportedMACs if b"-sha2-" in name]
    supportedKeyExchanges = [
        name
        for name in SSHServerTransport.supportedKeyExchanges
        if name.startswith((b"mlkem", b"curve25519", b"ecdh"))
    ]
    supportedCompressions = [b"none"]

    def connectionMade(self) -> None:
        self.peer = peer_of(self.transport.getPeer()).shown
        self.address = address_of(self.transport.getPeer())
        self.identity: Identity | None = None
        self._ending = False
        self.full = False  # the peer takes no more bytes for now
        self._exchanging = False
        self._timer: Call | None = None
        self._intake = Intake()
        self._next_turn: Call | None = None
        self.transport.registerProducer(self, True)
        super().connectionMade()
        self.factory.came(self)
        self._in(self.factory.limits.admin_login_s, self._takes_too_long)

    def let_in(self, identity: Identity, application: Callable[[Identity, Output], Application]) -> None:
        """The login has succeeded."""
        self.identity = identity
        self._settle()
        self._stop_timer()
        self.log.info(
            "{peer} has logged in as {account} with the key {fingerprint} ({comment})",
            peer=self.peer,
            account=identity.account,
            fingerprint=identity.fingerprint,
            comment=identity.comment,
        )
        self.sendPacket(MSG_USERAUTH_SUCCESS, b"")
        self.setService(Channels(self, partial(application, identity), lambda: self.factory.may_open_session))

    def end(self, code: int, why: str) -> None:
        """Disconnect with a code of RFC 4253, 11.1 and a sentence; if that is not taken soon, abort."""
        if self._ending:
            return
        self.log.info("{peer} is disconnected: {reason}", peer=self.peer, account=self._account, reason=why)
        self.sendPacket(MSG_DISCONNECT, struct.pack(">L", code) + NS(why) + NS(""))
        self._leave()
        # Not closed: what the peer sends meanwhile would be answered with a reset, which can overtake the
        # sentence and make it unread.
        self.transport.loseWriteConnection()

    def shut_down(self) -> None:
        """The server ends. Who has seen the end of all sessions goes by themselves, with their exit code."""
        if self._ending:
            return
        if isinstance(self.service, Channels) and not self.service.open_sessions:
            self._in(LINGER_S, self._shut_down)
        else:
            self._shut_down()

    def abort(self) -> None:
        """Close it now."""
        self.transport.abortConnection()

    def make_room(self) -> None:
        """Somebody else is to log in; see `lanchatd.ssh.login_limits.Waiting`."""
        why = "Too many connections are waiting to log in, and this one has waited longest."
        self.end(DISCONNECT_TOO_MANY_CONNECTIONS, why)

    @property
    def clock(self) -> Clock:
        return self.factory.clock

    @property
    def ending(self) -> bool:
        """Whether it has been told why it is disconnected, or is gone."""
        return self._ending

    @property
    def can_send(self) -> bool:
        """Whether more of a session's output can go on its way."""
        return not (self.full or self._exchanging or self._ending)

    @property
    def _account(self) -> str:
        return "" if self.identity is None else self.identity.account

    def _shut_down(self) -> None:
        self.end(DISCONNECT_BY_APPLICATION, "The server is shutting down.")

    def _takes_too_long(self) -> None:
        self.end(DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE, "It took too long to log in.")

    def _leave(self) -> None:
        self._ending = True
        self._settle()
        # With a producer that is paused, the socket would never be closed.
        self.transport.unregisterProducer()
        self._in(LINGER_S, self.abort)

    def _settle(self) -> None:
        self.factory.guard.settled(self)

    def _in(self, delay_s: float, call: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = self.factory.clock.callLater(delay_s, call)

    def _stop_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    # What Twisted calls.

    def dataReceived(self, data: bytes) -> None:
        if self._ending:
            return
        self._intake.bytes_came(len(data))
        try:
            super().dataReceived(data)
        except Exception as error:
            # Conch takes messages apart without looking whether they are whole, and uses what they say.
            self._breaks_the_rules(f"{type(error).__name__}: {error}")
        self._refuse_too_much()

    def getPacket(self) -> bytes | None:
        """The next packet of this turn; None if there is none."""
        if (
            self._intake.too_many_packets
        ):  # not before the last one was acted on: it may have changed the keys
            self._refuse_too_much()
        if self._ending:
            return None
        if self._intake.turn_is_over:
            self.transport.pauseProducing()
            self._next_turn = self.factory.clock.callLater(0, self._take_more)
            return None
        packet: bytes | None = super().getPacket()
        if packet:
            self._intake.packet_came()
        return packet

    def _take_more(self) -> None:
        self._next_turn = None
        self.transport.resumeProducing()
        self.dataReceived(b"")

    def _refuse_too_much(self) -> None:
        if self.identity is None and self._intake.too_much and not self._ending:
            # As a try, so that it can't be done over and over.
            self.factory.guard.failed(self.address)
            self._breaks_the_rules(f"too many {self._intake.too_much} before the login")

    def connectionLost(self, reason: Failure | None = None) -> None:
        self._ending = True
        self._stop_timer()
        if self._next_turn is not None:
            self._next_turn.cancel()
        self._settle()
        super().connectionLost(reason)
        if self.identity is not None:
            self.log.info("{peer} has left the console", peer=self.peer, account=self._account)
        self.factory.gone(self)

    def pauseProducing(self) -> None:
        self.full = True

    def resumeProducing(self) -> None:
        self.full = False
        self._go_on()

    def stopProducing(self) -> None:
        self.full = True

    def _go_on(self) -> None:
        if isinstance(self.service, Channels):
            self.service.go_on()

    def _breaks_the_rules(self, how: str) -> None:
        if self._ending:
            return
        self.log.info(
            "{peer} does not speak SSH as it should: {reason}", peer=self.peer, reason=harmless(how)
        )
        try:
            self.end(DISCONNECT_PROTOCOL_ERROR, "That is not SSH as it should be.")
        except Exception:  # it left the encryption half set up
            self.abort()

    # What Conch calls.

    def sendPacket(self, messageType: int, payload: bytes) -> None:
        if not self._ending:
            super().sendPacket(messageType, payload)

    def sendKexInit(self) -> None:
        super().sendKexInit()
        self._exchanging = True

    def ssh_NEWKEYS(self, packet: bytes) -> None:
        super().ssh_NEWKEYS(packet)
        self._exchanging = False
        self._go_on()

    def sendExtInfo(self, extensions: Sequence[tuple[bytes, bytes]]) -> None:
        # Conch would say that keys of users can only be of the types that the host key has.
        names = b",".join(name for names in ALGORITHMS.values() for name in names)
        super().sendExtInfo([(b"server-sig-algs", names)])

    def sendDisconnect(self, reason: int, desc: Any) -> None:
        why = desc if isinstance(desc, str) else desc.decode(errors="replace")
        self.end(reason, harmless(why))

    def dispatchMessage(self, messageNum: int, payload: bytes) -> None:
        if self._ending:
            return
        if self._exchanging and (
            messageNum in (MSG_SERVICE_REQUEST, MSG_SERVICE_ACCEPT, MSG_EXT_INFO)
            or messageNum >= _FIRST_NOT_OF_TRANSPORT
        ):
            # RFC 4253, 7.1. The answers would be kept until the keys are there, and nothing bounds them.
            raise ValueError(f"message {messageNum} in a key exchange")
        if messageNum == MSG_KEXINIT and self.identity is None and self.sessionID is not None:
            # Each costs milliseconds, and nobody who wants to log in needs another.
            raise ValueError("another key exchange before the login")
        super().dispatchMessage(messageNum, payload)

    def ssh_DISCONNECT(self, packet: bytes) -> None:
        self._leave()
        self.transport.loseConnection()

    def ssh_SERVICE_REQUEST(self, packet: bytes) -> None:
        name, _ = getNS(packet)
        if name != Login.name or self.service is not None:
            self.end(DISCONNECT_SERVICE_NOT_AVAILABLE, "There is no such service now.")
            return
        self.sendPacket(MSG_SERVICE_ACCEPT, NS(name))
        server = self.factory
        self.setService(Login(self, server.accounts, server.guard, server.limits))
