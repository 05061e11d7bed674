"""A key that is proved by what it signs: of a browser, which can show none in the handshake of TLS.

What is signed is random and of one connection, names this server by its TLS key and, of a page, by the origin
that it came from. So it is worth nothing twice, elsewhere, or for another server's question that is handed on
by one in between, as long as the program says whom it really speaks to.
"""

from __future__ import annotations

import base64
import os
from contextlib import suppress

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from lanchatd.chat.events import Challenge
from lanchatd.text.fingerprint import fingerprint
from lanchatd.text.refused import Refused

# What is signed begins with this, so that it can't be taken for anything else that a key signs.
PURPOSE = "lanchatd key proof 1"

# Of one connection: a program needs one, and each is checked in 0.13 ms.
MOST = 4

_CHALLENGE_BYTES = 32
_NUMBER_BYTES = 32  # of each of the two that are a signature, r and s (IEEE P1363)


class KeyProofs:
    """What one connection was asked to sign."""

    def __init__(self, origin: str, server: str) -> None:
        """``origin`` is where its page came from, empty for none; ``server`` the print of our TLS key."""
        self._origin = origin
        self._server = server
        self._asked = 0
        self._challenge = ""

    def ask(self) -> Challenge:
        """What is to be signed next. `Refused` if it has been asked often enough."""
        if self._asked >= MOST:
            raise Refused("too_many_tries", f"This connection was asked {MOST} times to prove a key.")
        self._asked += 1
        self._challenge = base64.b64encode(os.urandom(_CHALLENGE_BYTES)).decode()
        return Challenge(self._challenge, self._server)

    def check(self, key: bytes, signature: bytes) -> str:
        """The print of the key (SubjectPublicKeyInfo, in DER) if it has signed what was asked for last.

        `Refused` if it has not. Either way that is worth nothing from now on.
        """
        challenge, self._challenge = self._challenge, ""
        public = _public_key(key)
        if not challenge or not self._is_signed(public, signature, challenge):
            raise Refused("bad_proof", "That is no proof of the key for this connection to this server.")
        return fingerprint(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    def _is_signed(self, key: ec.EllipticCurvePublicKey, signature: bytes, challenge: str) -> bool:
        if len(signature) != 2 * _NUMBER_BYTES:
            return False
        r, s = (
            int.from_bytes(half, "big") for half in (signature[:_NUMBER_BYTES], signature[_NUMBER_BYTES:])
        )
        try:
            key.verify(encode_dss_signature(r, s), self._signed(challenge), ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True

    def _signed(self, challenge: str) -> bytes:
        return "\n".join((PURPOSE, self._origin, self._server, challenge)).encode()


def _public_key(encoded: bytes) -> ec.EllipticCurvePublicKey:
    with suppress(ValueError, UnsupportedAlgorithm):
        key = load_der_public_key(encoded)
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            return key
    raise Refused("bad_field", '"key" is a public key of P-256, as SubjectPublicKeyInfo in DER, in base64.')
