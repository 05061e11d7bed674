"""The fingerprint of a key, as people compare it."""

from __future__ import annotations

import pytest

from lanchatd.text.fingerprint import fingerprint, fingerprint_from

KEY = fingerprint(b"a public key")


def test_it_is_the_hash_of_the_key() -> None:
    """As any tool computes it: `openssl dgst -sha256 -binary | base64`."""
    assert KEY == "sha256:C3NI+gOJcMSOwHzXO2JX857IEPYPFu5zti48biYQq8Y"


@pytest.mark.parametrize("typed", [KEY, f" {KEY}\n", KEY + "=", KEY.replace("sha256", "SHA256")])
def test_it_is_read_as_it_is_pasted(typed: str) -> None:
    """With what comes along."""
    assert fingerprint_from(typed) == KEY


@pytest.mark.parametrize(
    "typed", ["", "sha256:", KEY[:-1], KEY + "A", KEY[7:], "md5:" + KEY[7:], KEY[:-1] + "é", KEY[:-1] + "-"]
)
def test_anything_else_is_refused(typed: str) -> None:
    """With a sentence."""
    with pytest.raises(ValueError, match="a fingerprint is sha256: and 43"):
        fingerprint_from(typed)
