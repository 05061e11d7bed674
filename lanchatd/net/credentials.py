"""TLS as the server speaks it: the newest certificate, and what is allowed with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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

# Of TLS 1.2 only what keeps the past secret when the key is lost (ephemeral keys), and encrypts and
# authenticates in one. All of TLS 1.3 is so.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


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
    answer_alpn(context)
    return options


def answer_alpn(context: SSL.Context) -> None:
    """Shake hands with clients whatever protocols they offer to speak inside (ALPN, RFC 7301).

    Twisted ends the handshake of who offers some, as every browser and curl does, if none was asked for.
    """
    context.set_alpn_select_callback(_choose)


def _choose(_: SSL.Connection, offered: list[bytes]) -> Any:
    return ALPN_HTTP if ALPN_HTTP in offered else SSL.NO_OVERLAPPING_PROTOCOLS


class AnsweringAlpn:
    """The reactor, for endpoints that speak TLS by themselves: `answer_alpn` holds for them as well."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def listenSSL(self, port: int, factory: Any, contextFactory: Any, **options: Any) -> Any:
        answer_alpn(contextFactory.getContext())
        return self._reactor.listenSSL(port, factory, contextFactory, **options)


def why_lost(reason: Failure) -> str:
    """In a few words, as OpenSSL's own error is a list of lists: ``no shared cipher``."""
    errors = (
        reason.value.args[0]
        if isinstance(reason.value, SSL.Error | crypto.Error) and reason.value.args
        else None
    )
    return str(errors[-1][2]) if isinstance(errors, list) and errors else reason.getErrorMessage()
