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
