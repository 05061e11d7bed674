"""The fingerprint of a TLS key, as people compare it: ``sha256:`` and the hash of the public key, in base64.

Of the key and not of the certificate: one that is made anew for the same key, with later dates or other
names, is the same server.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

PREFIX = "sha256:"
_LENGTH = 43  # characters of base64 for 32 bytes, without the padding


def fingerprint(public_key: bytes) -> str:
    """The fingerprint of a public key in DER (SubjectPublicKeyInfo, RFC 5280, 4.1)."""
    digest = hashlib.sha256(public_key).digest()
    return PREFIX + base64.b64encode(digest).decode().rstrip("=")


def fingerprint_from(text: str) -> str:
    """The fingerprint that was typed or pasted. Raises ValueError with a sentence."""
    prefix, rest = text.strip()[: len(PREFIX)].lower(), text.strip()[len(PREFIX) :].rstrip("=")
    try:
        valid = len(rest) == _LENGTH and len(base64.b64decode(rest + "=", validate=True)) == 32  # noqa: PLR2004
    except (binascii.Error, ValueError):
        valid = False
    if prefix != PREFIX or not valid:
        raise ValueError(f"a fingerprint is {PREFIX} and {_LENGTH} letters, digits, + and /")
    return PREFIX + rest
