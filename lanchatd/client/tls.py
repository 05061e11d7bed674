"""TLS to the server: nothing is said, and nobody hears of a connection, before its key is accepted."""

from __future__ import annotations

import re
from typing import Any

from cryptography import x509
from OpenSSL import SSL
from OpenSSL.crypto import X509
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import (
    IHandshakeListener,
    IOpenSSLClientConnectionCreator,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates
from twisted.protocols.tls import BufferingTLSTransport, TLSMemoryBIOFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from lanchatd.client.keepalive import keep_alive
from lanchatd.client.trust import NotTls, Trust, Untrusted, flaw_of

# How long the handshake may take: a few round trips, and some milliseconds of both processors.
HANDSHAKE_S = 10

# The first byte of a TLS record that a server may begin with: an alert, the handshake (RFC 8446, 5.1).
_RECORDS = (b"\x15", b"\x16")

# What may come before it: lines of text, and the question for a nick.
_ASKED = b"HTTP/1.1 100 "
_BEFORE = re.compile(rb"(--[^\n]*\n|" + re.escape(_ASKED) + rb"[^\n]*\n\r\n)*")
_HALF_ASKED = re.compile(re.escape(_ASKED) + rb"[^\n]*(\n\r?)?")

# How much of that. A greeting has at most 16 KiB.
_TEXT_BYTES = 65_536

# What a server says to who is turned away before it knows how they speak. Anybody on the way can say so, too:
# it counts as much as a closed connection, and nothing but these very words is shown.
_TURNED_AWAY = re.compile(
    rb"!! (The limit of [0-9,]{1,9} connections(?: from one address)? is reached\."
    rb"|[0-9,]{1,9} connections have given no nick yet; try again in a minute\."
    rb"|Your address is banned\."
    rb"|TLS has to begin with the first byte of a connection, and only there\.)\r?\n"
)
_LONGEST_TURNED_AWAY = 128  # bytes


class HandshakeFailed(Exception):
    """There is no agreement on how to speak TLS, or no answer in time; the text says so."""


class RefusedByServer(HandshakeFailed):
    """The server wants nobody now, or not us; the text is what it says."""


@implementer(IStreamClientEndpoint)
class TlsEndpoint:
    """Connects to an endpoint by TLS. Fails with `Untrusted`, `HandshakeFailed`, or as the endpoint does."""

    def __init__(self, clock: IReactorTime, endpoint: IStreamClientEndpoint, trust: Trust) -> None:
        self._clock = clock
        self._endpoint = endpoint
        self._trust = trust

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:  # noqa: N803
        return Deferred.fromCoroutine(self._connect(protocolFactory))

    async def _connect(self, factory: IProtocolFactory) -> IProtocol:
        handshakes = Factory.forProtocol(_Handshake)
        tls_factory = TLSMemoryBIOFactory(_Judging(self._trust), True, handshakes, clock=self._clock)
        tls_factory.protocol = _Tls
        tls: Any = await self._endpoint.connect(tls_factory)
        done: Deferred[None] = tls.wrappedProtocol.done
        done.addTimeout(HANDSHAKE_S, self._clock, onTimeoutCancel=tls.too_slow)
        try:
            await done
        except SSL.Error as error:
            raise HandshakeFailed(_reasons(error)) from None
        except (HandshakeFailed, NotTls, CancelledError):
            tls.abortConnection()
            raise
        protocol: Any = factory.buildProtocol(tls.getPeer())
        tls.wrappedProtocol = protocol
        protocol.makeConnection(tls)
        return protocol  # type: ignore[no-any-return]


@implementer(IHandshakeListener)
class _Handshake(Protocol):
    """The protocol above TLS until the handshake is done. ``done`` fires then, or says why it is not."""

    def __init__(self) -> None:
        self.done: Deferred[None] = Deferred()

    def handshakeCompleted(self) -> None:
        if not self.done.called:
            self.done.callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self.done.called:
            self.done.errback(reason)


class _Tls(BufferingTLSTransport):
    """TLS, if the server speaks it: OpenSSL has many names for what it gets if it does not."""

    _begin: bytes | None = b""

    def makeConnection(self, transport: Any) -> None:  # noqa: N802
        keep_alive(transport.getHandle())  # our own handle is OpenSSL's
        super().makeConnection(transport)  # type: ignore[no-untyped-call, unused-ignore]

    def dataReceived(self, data: bytes) -> None:  # type: ignore[override, unused-ignore]
        if self._begin is not None:
            data = self._begin + data
            try:
                place = tls_begins(data)
            except (NotTls, RefusedByServer):
                self.failVerification(Failure())  # type: ignore[no-untyped-call]
                return
            self._begin = data if place is None else None
            data = b"" if place is None else data[place:]
        if data:
            super().dataReceived(data)  # type: ignore[no-untyped-call]

    def too_slow(self, result: object, seconds: float) -> object:
        """The time for the handshake is over."""
        if self._begin:
            raise NotTls  # it greeted us as one that speaks no TLS does, or somebody who takes it away
        raise HandshakeFailed(f"no answer within {seconds:g} s")


def tls_begins(begin: bytes) -> int | None:
    """Where TLS begins in the first bytes of a server; None while more have to tell. Raises `NotTls`, and
    `RefusedByServer`.

    A lanchat asks who has said nothing for 0.5 s for a nick, and our hello may come later than that; what it
    says there is not read.
    """
    before = _BEFORE.match(begin)
    place = before.end() if before is not None else 0
    rest = begin[place : place + _LONGEST_TURNED_AWAY]
    if rest[:1] in _RECORDS:
        return place
    if (refusal := _TURNED_AWAY.match(rest)) is not None:
        raise RefusedByServer(refusal[1].decode())
    may_be_refusal = b"!! ".startswith(rest[:3]) and len(rest) < _LONGEST_TURNED_AWAY and b"\n" not in rest
    may_be_question = _ASKED.startswith(rest) or _HALF_ASKED.fullmatch(begin, place) is not None
    if (b"--".startswith(rest[:2]) or may_be_refusal or may_be_question) and len(begin) <= _TEXT_BYTES:
        return None
    raise NotTls


@implementer(IOpenSSLClientConnectionCreator)
class _Judging:
    """Makes the connections of `optionsForClientTLS`, and has their certificates judged by `Trust`.

    Twisted's own verification does not tell why a chain is not trusted. And in 26.10 it takes a certificate
    with no names in it for anybody's: it only logs that service_identity raised a CertificateError.
    """

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        roots = None  # those of the system
        if trust.authorities:
            roots = trustRootFromCertificates(
                [Certificate(X509.from_cryptography(authority)) for authority in trust.authorities]
            )
        self._options: Any = optionsForClientTLS(trust.host, roots, trust.own)

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:  # noqa: N802, N803
        connection: SSL.Connection = self._options.clientConnectionForTLS(tlsProtocol)
        flaw: Untrusted | None = None
        own: x509.Certificate | None = None

        def verify(_: object, certificate: X509, number: int, depth: int, ok: int) -> bool:
            # OpenSSL calls it for each flaw, and for each certificate that has none, the server's own behind
            # those that vouch for it; and once more for what they may not vouch for. So it is judged from the
            # server's own on, each time. What is raised here would be lost.
            nonlocal flaw, own
            try:
                parsed = certificate.to_cryptography()
                if not ok and flaw is None:
                    flaw = flaw_of(number, parsed, depth)
                if depth == 0:
                    own = parsed
                if own is not None:
                    self._trust.judge(own, flaw)
            except Untrusted:
                tlsProtocol.failVerification(Failure())
                return False
            except BaseException as error:
                tlsProtocol.failVerification(Failure(HandshakeFailed(f"its certificate is odd: {error}")))
                return False
            return True

        connection.set_verify(SSL.VERIFY_PEER, verify)
        return connection


def _reasons(error: SSL.Error) -> str:
    """What OpenSSL says, such as "tlsv1 alert protocol version"."""
    queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return ", ".join(str(entry[-1]) for entry in queue) or "no reason given"
