"""TLS as the server speaks it: the newest certificate, and what is allowed with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from OpenSSL import SSL, crypto
from twisted.application.service import Service
from twisted.internet.protocol import Factory
from twisted.internet.ssl import AcceptableCiphers, CertificateOptions
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure

from lanchatd.clock import Clock
from lanchatd.net.tls_transport import ALPN_HTTP
from lanchatd.state.certificate import Certificate
from lanchatd.state.files import StateError
from lanchatd.text.fingerprint import fingerprint

# Of TLS 1.2 only what keeps the past secret when the key is lost (ephemeral keys), and encrypts and
# authenticates in one. All of TLS 1.3 is so.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"

_BROWSERS_OFFER = frozenset((ALPN_HTTP, b"h2"))


class Credentials(Service):
    """What clients of TLS are shown. Loaded at the start, and again whenever somebody asks."""

    log = Logger("lanchatd")

    def __init__(self, read: Callable[[], Certificate], clock: Clock) -> None:
        """``read`` gives the newest certificate, or raises `StateError`."""
        self._read = read
        self._clock: Any = clock
        self._certificate: Certificate | None = None
        self.tls: TLSMemoryBIOFactory
        self.fingerprint = ""
        self.until = 0.0  # when the certificate ends, in seconds since the epoch

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        self.load()

    def load(self) -> None:
        """Show new connections the newest certificate; those that there are do not notice.

        Raises `StateError`, and goes on with the one before.
        """
        certificate = self._read()
        if self._certificate is not None and certificate.encoded == self._certificate.encoded:
            return
        self.tls = TLSMemoryBIOFactory(options_for(certificate), False, Factory(), self._clock)
        self._certificate = certificate
        self.fingerprint = certificate.fingerprint
        self.until = certificate.until.timestamp()
        self.log.info(
            "TLS key {fingerprint}, certificate until {until}",
            fingerprint=self.fingerprint, until=f"{certificate.until:%Y-%m-%d}",
        )  # fmt: skip


def options_for(certificate: Certificate) -> CertificateOptions:
    """How Twisted is to speak TLS with this certificate. Raises `StateError` if OpenSSL won't use it.

    TLS 1.2 and newer and no compression, which are Twisted's own choice. So are sessions that can't be
    resumed: that would save a part of the millisecond that a handshake takes, and its key would be one more
    that the secrets of the past depend on.
    """
    leaf, *others = certificate.chain
    # They are handed through to pyOpenSSL, which since 24.3 prefers these types over its own.
    options = CertificateOptions(
        privateKey=certificate.key,  # type: ignore[arg-type]
        certificate=leaf,  # type: ignore[arg-type]
        extraCertChain=others,  # type: ignore[arg-type]
        acceptableCiphers=AcceptableCiphers.fromOpenSSLCipherString(CIPHERS),
    )
    try:
        context = options.getContext()
    except (SSL.Error, crypto.Error):
        why = why_lost(Failure())
        raise StateError(f"OpenSSL refuses the certificate {certificate.path}: {why}") from None
    # A client could ask for one handshake after the other. (OpenSSL 3 refuses that by itself.)
    context.set_options(SSL.OP_NO_RENEGOTIATION)
    take_all_clients(context)
    return options


def take_all_clients(context: SSL.Context) -> None:
    """Shake hands with clients whatever protocols they offer to speak inside (ALPN, RFC 7301).

    Twisted ends the handshake of who offers some, as every browser and curl does, if none was asked for.

    Clients are asked for a key, in a certificate that may say what it wants (`key_of`); browsers are not,
    which would ask their users about it, or end the handshake of a WebSocket.
    """
    context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    context.set_alpn_select_callback(_choose)


def _choose(connection: SSL.Connection, offered: list[bytes]) -> Any:
    if not _BROWSERS_OFFER.isdisjoint(offered):
        connection.set_verify(SSL.VERIFY_NONE)
    return ALPN_HTTP if ALPN_HTTP in offered else SSL.NO_OVERLAPPING_PROTOCOLS


def key_of(connection: SSL.Connection) -> str | None:
    """The print of the key that the client has proved in the handshake to hold; None if it showed none."""
    certificate = connection.get_peer_certificate()
    if certificate is None:
        return None
    try:
        key = certificate.to_cryptography().public_key()
        encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm):
        return None  # of a kind that nobody here knows
    return fingerprint(encoded)


class TakingAllClients:
    """The reactor, for endpoints that speak TLS by themselves: `take_all_clients` holds for them as well."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def listenSSL(self, port: int, factory: Any, contextFactory: Any, **options: Any) -> Any:
        take_all_clients(contextFactory.getContext())
        return self._reactor.listenSSL(port, factory, contextFactory, **options)


def why_lost(reason: Failure) -> str:
    """In a few words, as OpenSSL's own error is a list of lists: ``no shared cipher``."""
    errors = (
        reason.value.args[0]
        if isinstance(reason.value, SSL.Error | crypto.Error) and reason.value.args
        else None
    )
    return str(errors[-1][2]) if isinstance(errors, list) and errors else reason.getErrorMessage()
