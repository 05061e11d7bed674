"""The key of this device, by which a server knows its user again: made once, and read by nobody else.

It proves itself in the handshake of TLS, in a certificate that is made anew each time: a server looks at the
key alone.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from OpenSSL.crypto import X509, PKey
from twisted.internet.ssl import Certificate, KeyPair, PrivateCertificate

from lanchatd.client import xdg

# What a certificate has to say besides the key, and nobody looks at.
_NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lanchat-client")])
_FROM, _UNTIL = datetime(2000, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


class Unusable(Exception):
    """The file is there, and is no key that can be used; the text says why."""


def path() -> Path | None:
    """Where it is kept; None where there is no home."""
    config = xdg.base("XDG_CONFIG_HOME", ".config")
    return None if config is None else config / "lanchatd" / "device_key.pem"


def certificate_of_device(file: Path) -> PrivateCertificate:
    """The key in this file, which is made if there is none. Raises `Unusable`, and OSError."""
    try:
        encoded = _read(file)
    except FileNotFoundError:
        encoded = _make(file)
    try:
        key = load_pem_private_key(encoded, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Unusable("it is no key in PEM without a password") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Unusable("it is no key of an elliptic curve")
    certificate = (
        x509.CertificateBuilder(_NAME, _NAME, key.public_key(), x509.random_serial_number(), _FROM, _UNTIL)
    ).sign(key, hashes.SHA256())
    pair = KeyPair(PKey.from_cryptography_key(key))
    shown: PrivateCertificate = PrivateCertificate.fromCertificateAndKeyPair(
        Certificate(X509.from_cryptography(certificate)), pair
    )
    return shown


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        status = os.fstat(opened.fileno())
        if status.st_uid == os.getuid() and status.st_mode & 0o077:
            raise Unusable(f"others can read it: chmod 600 {file}")
        return opened.read()


def _make(file: Path) -> bytes:
    """Of several that make one at once, all get the same."""
    key = ec.generate_private_key(ec.SECP256R1())
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            opened.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(new, file)
    finally:
        new.unlink(missing_ok=True)
    return _read(file)
