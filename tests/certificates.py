"""Certificates as a test needs them: a file with a key and what was signed for it, and its fingerprint."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lanchatd.client.trust import fingerprint_of


@dataclass(frozen=True)
class Identity:
    """What a server shows: a file with its key and its certificate."""

    pem: Path
    fingerprint: str

    @property
    def listen(self) -> str:
        """The option to let a daemon listen as this."""
        return self.at(0)

    def at(self, port: int) -> str:
        """The same, on a port."""
        return f"--listen=ssl:{port}:privateKey={self.pem}:certKey={self.pem}:interface=127.0.0.1"


def issued(authority: trustme.CA, pem: Path, *names: str, **how: Any) -> Identity:
    """Signed by an authority, for names and addresses."""
    leaf = authority.issue_cert(*names, **how)
    leaf.private_key_and_cert_chain_pem.write_to_path(str(pem))
    return Identity(pem, fingerprint_of(x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())))


def self_made(pem: Path) -> Identity:
    """Signed by itself, for nobody."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "chat")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return Identity(pem, fingerprint_of(certificate))


def _signed(
    subject: str, issuer: tuple[str, ec.EllipticCurvePrivateKey] | None, *extensions: x509.ExtensionType
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    by, by_key = issuer or (subject, key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(subject))
        .issuer_name(_named(by))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return key, builder.sign(by_key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def over_the_bounds(pem: Path, root: Path, host: str) -> Identity:
    """Signed by one whom its own authority (``root``) does not let vouch for anybody."""
    ca = x509.BasicConstraints(ca=True, path_length=None)
    forbidden = x509.NameConstraints(None, [x509.DirectoryName(_named("between"))])
    root_key, root_certificate = _signed("root", None, ca, forbidden)
    between_key, between = _signed("between", ("root", root_key), ca)
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    key, leaf = _signed("chat", ("between", between_key), names)
    encoding = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    root.write_bytes(root_certificate.public_bytes(encoding))
    pem.write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
        + leaf.public_bytes(encoding)
        + between.public_bytes(encoding)
    )
    pem.chmod(0o600)
    return Identity(pem, fingerprint_of(leaf))
