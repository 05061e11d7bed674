"""Passwords as they are kept: Argon2id, in a thread of its own; scrypt where OpenSSL has no Argon2id.

OWASP's parameters (Password Storage Cheat Sheet): 19 MiB and two passes take 42 ms. One thread makes 41 a
second and holds the reactor up for 2.5 ms at most; ten make 52, and hold it up for 16 ms (measured). The
parameters of scrypt that OWASP gives as their equal take 16 MiB and 320 ms: three a second.

What is kept says how it was made. What was made by scrypt, or with other parameters, is hashed anew when its
password is told, as soon as there is Argon2id.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from cryptography.exceptions import InvalidKey, UnsupportedAlgorithm
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from twisted.logger import Logger

from lanchatd.chat.answers import Answer
from lanchatd.state.worker import Worker
from lanchatd.text.refused import Refused

MEMORY_KIB, PASSES = 19_456, 2
_LANES, _SALT_BYTES, _HASH_BYTES = 1, 16, 32
_AS_NEW = f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={_LANES}$"

# Where there is no Argon2id: 2 to this many blocks of 8 times 128 bytes, gone through five times.
SCRYPT_LOG2_BLOCKS = 14
_SCRYPT_BLOCK, _SCRYPT_PASSES = 8, 5
_SCRYPT_AS_NEW = f"$scrypt$ln={SCRYPT_LOG2_BLOCKS},r={_SCRYPT_BLOCK},p={_SCRYPT_PASSES}$"
_SCRYPT = re.compile(re.escape(_SCRYPT_AS_NEW) + r"([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)")
# More than the 16 MiB that it takes, or OpenSSL refuses.
_SCRYPT_MEMORY_BYTES = 33_554_432

# Passwords that wait for the thread: the last one of them for a second and a half, by scrypt ten.
MOST_WAITING = 32

_T = TypeVar("_T")


class PasswordHashing:
    """Implements `lanchatd.chat.accounts.passwords.Hashing`."""

    log = Logger("lanchatd")

    def __init__(self, new_worker: Callable[[str], Worker]) -> None:
        """``new_worker`` starts a thread with a name, when there is the first password."""
        self._new_worker = new_worker
        self._has_argon2 = _has_argon2()
        self._worker: Worker | None = None
        self._waiting = 0

    def hash(self, password: str) -> Answer[str]:
        return self._do(partial(_hash if self._has_argon2 else _scrypt, password))

    def verify(self, password: str, hashed: str) -> Answer[bool]:
        return self._do(partial(_verify, password, hashed))

    def is_outdated(self, hashed: str) -> bool:
        return not hashed.startswith(_AS_NEW if self._has_argon2 else _SCRYPT_AS_NEW)

    def _do(self, work: Callable[[], _T]) -> Answer[_T]:
        if self._waiting >= MOST_WAITING:
            raise Refused("busy", "Too many passwords are being looked at; try again in a moment.")
        if self._worker is None:
            self._worker = self._new_worker("passwords")
            if not self._has_argon2:
                self.log.warn("OpenSSL has no Argon2id here: passwords are hashed by scrypt, and more slowly")
        self._waiting += 1
        answer: Answer[_T] = Answer()
        self._worker.do(work, partial(self._done, answer))
        return answer

    def _done(self, answer: Answer[_T], result: _T | Exception) -> None:
        self._waiting -= 1
        if isinstance(result, MemoryError):
            answer.fail(Refused("busy", "There is no memory to look at passwords now; try again later."))
        elif isinstance(result, UnsupportedAlgorithm):
            # Kept by another installation, which had it.
            text = "This server can't look at that password at present; a key or a code lets you in."
            answer.fail(Refused("busy", text))
        elif isinstance(result, Exception):
            raise result
        else:
            answer.settle(result)


def _hash(password: str) -> str:
    salt = os.urandom(_SALT_BYTES)
    kept = Argon2id(salt=salt, length=_HASH_BYTES, iterations=PASSES, lanes=_LANES, memory_cost=MEMORY_KIB)
    return kept.derive_phc_encoded(password.encode())


def _has_argon2() -> bool:
    try:
        Argon2id(salt=bytes(_SALT_BYTES), length=_HASH_BYTES, iterations=1, lanes=1, memory_cost=8)
    except UnsupportedAlgorithm:
        return False
    return True


def _scrypt(password: str, salt: bytes | None = None) -> str:
    salt = os.urandom(_SALT_BYTES) if salt is None else salt
    made = hashlib.scrypt(
        password.encode(), salt=salt, n=1 << SCRYPT_LOG2_BLOCKS, r=_SCRYPT_BLOCK, p=_SCRYPT_PASSES,
        maxmem=_SCRYPT_MEMORY_BYTES, dklen=_HASH_BYTES,
    )  # fmt: skip
    shown = (base64.b64encode(each).decode().rstrip("=") for each in (salt, made))
    return _SCRYPT_AS_NEW + "$".join(shown)


def _verify(password: str, hashed: str) -> bool:
    if (scrypt := _SCRYPT.fullmatch(hashed)) is not None:
        salt = base64.b64decode(scrypt[1] + "==")
        return hmac.compare_digest(_scrypt(password, salt), hashed)
    try:
        Argon2id.verify_phc_encoded(password.encode(), hashed)
    except InvalidKey:
        return False
    return True
