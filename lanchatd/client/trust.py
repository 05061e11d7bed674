"""What makes a server the right one: its key is known, or was given, or an authority vouches for its name.

All has to fit: the key that is known (`known_servers`), the one that was given, the authorities that were
given. With none of these, an authority that the system trusts will do, and so does any key on this machine;
and else somebody has to be asked.
Certificates go in, `Untrusted` comes out; there is no network here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from service_identity import CertificateError, VerificationError
from service_identity.cryptography import verify_certificate_hostname, verify_certificate_ip_address
from twisted.internet.ssl import PrivateCertificate

from lanchatd.client import known_servers
from lanchatd.client.known_servers import server_name
from lanchatd.text.fingerprint import fingerprint, fingerprint_from

# What OpenSSL calls the reasons why a chain of certificates is not valid (x509_vfy.h).
_NOT_YET_VALID, _EXPIRED = 9, 10
_NO_ISSUER_TRUSTED = frozenset({2, 18, 19, 20, 21})


class Untrusted(Exception):
    """This is not the server, as far as can be known. Nothing was said to it."""


class NotTls(Untrusted):
    """It answered, and not in TLS."""


@dataclass(eq=False)
class UnknownKey(Untrusted):
    """Nothing speaks for it, or against it: somebody has to be asked."""

    fingerprint: str


@dataclass(eq=False)
class OtherKey(Untrusted):
    """It has another key than it should. ``known``: than the one that is known; else than the one given."""

    expected: str
    found: str
    known: bool


@dataclass(eq=False)
class WrongName(Untrusted):
    """Its certificate is for these names and addresses."""

    names: list[str]


@dataclass(eq=False)
class WrongTime(Untrusted):
    """Its certificate, or that of an authority (``of``, else empty), expired then or is not valid before."""

    of: str
    when: datetime
    expired: bool


@dataclass(eq=False)
class WrongAuthority(Untrusted):
    """Its certificate is from somebody who is not trusted; or from itself, where this is empty."""

    issuer: str


@dataclass(eq=False)
class Invalid(Untrusted):
    """Its certificate is not valid for a reason that only OpenSSL has a number for (`openssl verify`)."""

    number: int


class Trust:
    """Of one server, over all connections of a run."""

    def __init__(
        self,
        host: str,
        port: int,
        authorities: tuple[x509.Certificate, ...],
        file: Path | None,
        own: PrivateCertificate | None = None,
    ) -> None:
        """``authorities`` have to vouch for it, if there are any. ``file`` is for `keep`. ``own`` has the key
        of this device, for a server that asks for one.
        """
        self.host = host
        self.authorities = authorities
        self.own = own
        self._name = server_name(host, port)
        self._file = file
        self._key = ""  # the only right one, if there is one
        self._known = False  # whether that is in the file
        self._vouched_for = False  # by an authority, in this run

    @property
    def speaks_tls(self) -> bool:
        """Whether the server is known to speak TLS: then it is alarming if it does not."""
        return bool(self._key or self.authorities or self._vouched_for)

    def know(self, key: str) -> None:
        """This is its key, says the file."""
        self._key, self._known = key, True

    def accept(self, key: str) -> None:
        """This is its key, says the user: it will be kept when the server has shown that it has it."""
        self._key = key

    def judge(self, certificate: x509.Certificate, flaw: Untrusted | None) -> None:
        """Whether this is the server. ``flaw`` is what is wrong with its chain. Raises `Untrusted`."""
        key = fingerprint_of(certificate)
        if self._key and key != self._key:
            raise OtherKey(self._key, key, self._known)
        if self._key and not self.authorities:
            return  # whatever its certificate says
        try:
            if flaw is not None:
                raise flaw
            check_name(certificate, self.host)
        except Untrusted:
            if self.authorities or self._vouched_for:
                raise
            if not is_this_machine(self.host):
                raise UnknownKey(key) from None
            self.accept(key)
        else:
            self._vouched_for = True

    def keep(self) -> None:
        """Remember the key that was accepted; to be called when the server has shown it. Raises `OtherKey` if
        another client has remembered another one meanwhile, and OSError.
        """
        # A certificate of an authority is renewed with another key, so its key is not remembered.
        if not self._key or self._known:
            return
        self._known = True  # a file that can't be written is told once
        known = known_servers.remember(self._file, self._name, self._key)
        if known != self._key:
            found, self._key = self._key, known
            raise OtherKey(known, found, known=True)


def is_this_machine(host: str) -> bool:
    """Whether a host is this machine by its name or address: nobody stands between us and a server there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"  # RFC 6761, 6.3


def fingerprint_of(certificate: x509.Certificate) -> str:
    """The fingerprint of its key."""
    return fingerprint(certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def flaw_of(number: int, certificate: x509.Certificate, depth: int) -> Untrusted:
    """What an error of OpenSSL means, at a certificate of the chain; ``depth`` 0 is the server's own."""
    subject = certificate.subject.rfc4514_string()
    if number == _EXPIRED:
        return WrongTime(subject if depth else "", certificate.not_valid_after_utc, expired=True)
    if number == _NOT_YET_VALID:
        return WrongTime(subject if depth else "", certificate.not_valid_before_utc, expired=False)
    if number in _NO_ISSUER_TRUSTED:
        issuer = certificate.issuer.rfc4514_string()
        return WrongAuthority("" if depth == 0 and issuer == subject else issuer)
    return Invalid(number)


def check_name(certificate: x509.Certificate, host: str) -> None:
    """Whether a certificate is for a host, which is a name or an IP address. Raises `WrongName`."""
    try:
        try:
            address = str(ip_address(host.partition("%")[0]))  # without the interface of a link-local one
        except ValueError:
            verify_certificate_hostname(certificate, host.rstrip(".").encode("idna").decode())
        else:
            verify_certificate_ip_address(certificate, address)
    except (VerificationError, CertificateError, ValueError):
        raise WrongName(names_of(certificate)) from None


def names_of(certificate: x509.Certificate) -> list[str]:
    """The names and addresses that a certificate is for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return names.get_values_for_type(x509.DNSName) + [
        str(address) for address in names.get_values_for_type(x509.IPAddress)
    ]


def answer(text: str, fingerprint: str) -> bool | None:
    """What somebody means who was asked about a key: who types its fingerprint means yes. None is neither."""
    match text.strip().lower():
        case "yes":
            return True
        case "no" | "n" | "":
            return False
    try:
        return True if fingerprint_from(text) == fingerprint else None
    except ValueError:
        return None
