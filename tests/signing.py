"""A program that has a key, and signs what it is asked to."""

from __future__ import annotations

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lanchatd.text.fingerprint import fingerprint


class SigningKey:
    """A key of P-256."""

    def __init__(self, curve: ec.EllipticCurve | None = None) -> None:
        self.private = ec.generate_private_key(curve or ec.SECP256R1())
        self.encoded = self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.print = fingerprint(self.encoded)

    @property
    def public(self) -> str:
        """As it is in a hello."""
        return base64.b64encode(self.encoded).decode()

    def signs(self, challenge: dict[str, Any], origin: str = "", server: str | None = None) -> str:
        """What proves the key, as docs/protocol.md says: to the ``server`` that it speaks to."""
        said = challenge["server"] if server is None else server
        text = f"lanchatd key proof 1\n{origin}\n{said}\n{challenge['challenge']}"
        r, s = decode_dss_signature(self.private.sign(text.encode(), ec.ECDSA(SHA256())))
        return base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()
