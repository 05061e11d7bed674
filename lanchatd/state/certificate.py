"""The key and the certificate that a client of TLS is shown: made on the first start, or somebody's own.

Both are in one file, in PEM. It is refused whole if anything is wrong with it, with one sentence. Clients
know the key, not the certificate: one made anew for the same key, with later dates, is the same server.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import stat
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lanchatd.lan.interfaces import own_addresses
from lanchatd.state.directory import write_safely
from lanchatd.state.files import StateError, refuse_foreign, refuse_unless_own
from lanchatd.text.fingerprint import fingerprint

# Long, as nobody on a LAN renews anything: clients hold on to the key, and ask for no date.
LIFE = timedelta(days=3_652)
# One that the daemon made is made anew when less than this is left, at a start or when files are read again.
RENEWED_BEFORE_END = timedelta(days=365)
# For clients whose clock is behind.
VALID_BEFORE_NOW = timedelta(days=1)
# A key of 4,096 bits and a chain of four certificates, each also printed as text, have 40 KiB.
LARGEST_FILE_BYTES = 262_144
# Addresses in a certificate: it is sent in every handshake.
MOST_ADDRESSES = 32

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey

CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})  # RFC 8446, 4.2.3
Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class Certificate:
    """A key, its certificate, and those that lead from that to an authority, in order."""

    path: Path
    encoded: bytes
    key: PrivateKey
    chain: tuple[x509.Certificate, ...]

    @property
    def fingerprint(self) -> str:
        """By which people know the key."""
        return fingerprint(_public_key(self.key.public_key()))

    @property
    def until(self) -> datetime:
        """When it expires."""
        return self.chain[0].not_valid_after_utc

    def refuse_unless_valid(self, now: datetime) -> None:
        """Raises `StateError`."""
        begin = self.chain[0].not_valid_before_utc
        if now < begin:
            raise StateError(f"the certificate {self.path} is not valid before {begin:%Y-%m-%d %H:%M} UTC")
        if now > self.until:
            raise StateError(f"the certificate {self.path} has expired, on {self.until:%Y-%m-%d}")


def certificate_from(path: Path, now: datetime) -> Certificate:
    """The key and the certificate in this file, which is somebody's own. Raises `StateError`."""
    certificate = _read(path)
    certificate.refuse_unless_valid(now)
    return certificate


def own_certificate(path: Path, now: datetime) -> Certificate:
    """The same, made in this file if there is none, and made anew for the same key when its time is over.

    One that an authority has signed is not made anew. Raises `StateError`.
    """
    try:
        refuse_unless_own(path)
        if not path.exists():
            _make(path, generate_private_key(SECP256R1()), _new_subject(), now)
        certificate = _read(path)
        leaf = certificate.chain[0]
        in_time = leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc - RENEWED_BEFORE_END
        if leaf.issuer == leaf.subject and not in_time:
            _make(path, certificate.key, leaf.subject, now)
            certificate = _read(path)
    except OSError as error:
        raise StateError(f"can't make the certificate {path}: {error.strerror}") from None
    certificate.refuse_unless_valid(now)
    return certificate


def host_names(host: str) -> list[str]:
    """What this machine is called on its network, from its host name: alone, with its domain, and in mDNS."""
    if not re.fullmatch(r"(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){0,8}", host):
        return ["localhost"]  # no name that a certificate can have
    short = host.partition(".")[0]
    return list(dict.fromkeys([host, short, f"{short}.local", "localhost"]))


def addresses() -> list[Address]:
    """The addresses of this machine's interfaces, in order; of another system than Linux, only loopback.

    Addresses that only count together with an interface (link-local ones) can't be in a certificate.
    """
    own = (one.ip.ip for one in own_addresses())
    found: set[Address] = {IPv4Address("127.0.0.1"), IPv6Address("::1"), *own}
    usable = sorted(
        (a for a in found if not a.is_link_local), key=lambda a: (not a.is_loopback, a.version, a)
    )
    return usable[:MOST_ADDRESSES]


def _new_subject() -> x509.Name:
    # Two servers of one host name would have the same name; a client that trusts both would know only one.
    name = f"{host_names(socket.gethostname())[0][:40]} {secrets.token_hex(4)}"
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _make(path: Path, key: PrivateKey, subject: x509.Name, now: datetime) -> None:
    names = [x509.DNSName(name) for name in host_names(socket.gethostname())]
    numbers = [x509.IPAddress(address) for address in addresses()]
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - VALID_BEFORE_NOW)
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([*names, *numbers]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, None if isinstance(key, Ed25519PrivateKey) else hashes.SHA256())
    )
    encoded_key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_safely(path, encoded_key + certificate.public_bytes(Encoding.PEM))


def _read(path: Path) -> Certificate:
    try:
        encoded = _bytes_of(path)
    except OSError as error:
        raise StateError(f"can't read the certificate {path}: {error.strerror}") from None
    key, chain = _key_in(path, encoded), _chain_in(path, encoded)
    try:
        matches = _public_key(chain[0].public_key()) == _public_key(key.public_key())
    except (ValueError, UnsupportedAlgorithm):  # a certificate of another kind of key
        matches = False
    if not matches:
        raise StateError(f"the private key in {path} is not that of its first certificate")
    return Certificate(path, encoded, key, chain)


def _bytes_of(path: Path) -> bytes:
    # A pipe of that name is not waited for.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        status = os.fstat(file.fileno())
        mode = status.st_mode
        if not stat.S_ISREG(mode):
            raise StateError(f"the certificate {path} is not a file")
        refuse_foreign(path, status, also=(0,))
        if mode & (0o037 if _is_credential(path) else 0o077):
            raise StateError(f"others can read the private key in {path}: chmod 600 it")
        encoded = file.read(LARGEST_FILE_BYTES + 1)
    if len(encoded) > LARGEST_FILE_BYTES:
        raise StateError(f"the certificate {path} has more than {LARGEST_FILE_BYTES:,} bytes")
    return encoded


def _is_credential(path: Path) -> bool:
    # Those of a service with a user of its own have an access list, whose mask is shown as the group's mode:
    # systemd.exec(5), Credentials.
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    return bool(directory) and path.resolve().parent == Path(str(directory)).resolve()


def _key_in(path: Path, encoded: bytes) -> PrivateKey:
    if b"PRIVATE KEY-----" not in encoded:
        raise StateError(
            f"there is no private key in {path}: it has to be there with the certificate, in PEM"
        )
    try:
        key = load_pem_private_key(encoded, None)
    except TypeError:
        raise StateError(
            f"the private key in {path} needs a passphrase, and nobody is there to give it"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise StateError(f"the private key in {path} is broken, or of an unknown kind") from None
    if not isinstance(key, PrivateKey):
        raise StateError(f"the private key in {path} is not of RSA, ECDSA or Ed25519")
    if isinstance(key, EllipticCurvePrivateKey) and key.curve.name not in CURVES:
        raise StateError(f"the private key in {path} is on {key.curve.name}, a curve that TLS does not use")
    return key


def _chain_in(path: Path, encoded: bytes) -> tuple[x509.Certificate, ...]:
    if b"-----BEGIN CERTIFICATE-----" not in encoded:
        raise StateError(f"there is no certificate in {path}: it has to be there with its key, in PEM")
    try:
        return tuple(x509.load_pem_x509_certificates(encoded))
    except (ValueError, x509.InvalidVersion):
        raise StateError(f"a certificate in {path} is broken") from None


def _public_key(key: CertificatePublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
