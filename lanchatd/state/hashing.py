"""Passwords as they are kept: Argon2id, in a thread of its own.

OWASP's parameters (Password Storage Cheat Sheet): 19 MiB and two passes take 42 ms. One thread makes 41 a
second and holds the reactor up for 2.5 ms at most; ten make 52, and hold it up for 16 ms (measured).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from lanchatd.chat.answers import Answer
from lanchatd.state.worker import Worker
from lanchatd.text.refused import Refused

MEMORY_KIB, PASSES = 19_456, 2
_LANES, _SALT_BYTES, _HASH_BYTES = 1, 16, 32
_AS_NEW = f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={_LANES}$"

# Passwords that wait for the thread: the last one of them for a second and a half.
MOST_WAITING = 32

_T = TypeVar("_T")


class Argon2:
    """Implements `lanchatd.chat.accounts.passwords.Hashing`."""

    def __init__(self, new_worker: Callable[[str], Worker]) -> None:
        """``new_worker`` starts a thread with a name, when there is the first password."""
        self._new_worker = new_worker
        self._worker: Worker | None = None
        self._waiting = 0

    def hash(self, password: str) -> Answer[str]:
        return self._do(partial(_hash, password))

    def verify(self, password: str, hashed: str) -> Answer[bool]:
        return self._do(partial(_verify, password, hashed))

    def is_outdated(self, hashed: str) -> bool:
        return not hashed.startswith(_AS_NEW)

    def _do(self, work: Callable[[], _T]) -> Answer[_T]:
        if self._waiting >= MOST_WAITING:
            raise Refused("busy", "Too many passwords are being looked at; try again in a moment.")
        if self._worker is None:
            self._worker = self._new_worker("passwords")
        self._waiting += 1
        answer: Answer[_T] = Answer()
        self._worker.do(work, partial(self._done, answer))
        return answer

    def _done(self, answer: Answer[_T], result: _T | Exception) -> None:
        self._waiting -= 1
        if isinstance(result, MemoryError):
            answer.fail(Refused("busy", "There is no memory to look at passwords now; try again later."))
        elif isinstance(result, Exception):
            raise result
        else:
            answer.settle(result)


def _hash(password: str) -> str:
    salt = os.urandom(_SALT_BYTES)
    kept = Argon2id(salt=salt, length=_HASH_BYTES, iterations=PASSES, lanes=_LANES, memory_cost=MEMORY_KIB)
    return kept.derive_phc_encoded(password.encode())


def _verify(password: str, hashed: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(password.encode(), hashed)
    except InvalidKey:
        return False
    return True
