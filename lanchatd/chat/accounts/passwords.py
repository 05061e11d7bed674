"""Passwords: which may be one, over which connection, and what is asked of the slow work on them."""

from __future__ import annotations

import unicodedata
from typing import Protocol

from lanchatd.chat.answers import Answer
from lanchatd.chat.peer import Peer
from lanchatd.text import cleaning, names
from lanchatd.text.names import Name
from lanchatd.text.refused import Refused

# Characters. NIST SP 800-63B, 5.1.1.2: at least 8, and no rule about what is in it.
SHORTEST, LONGEST = 8, 128


class Hashing(Protocol):
    """What is slow on purpose, and done elsewhere. Both refuse (``busy``) when too much waits."""

    def hash(self, password: str) -> Answer[str]:
        """What is kept of a password, in PHC's form."""
        ...

    def verify(self, password: str, hashed: str) -> Answer[bool]:
        """Whether it is the one."""
        ...

    def is_outdated(self, hashed: str) -> bool:
        """Whether it is to be hashed anew: not as new ones are."""
        ...


def normal(typed: str) -> str:
    """A password, however a keyboard composes its letters (RFC 8265, 4.2.1)."""
    return unicodedata.normalize("NFC", typed.strip())


def refuse_plain(peer: Peer) -> None:
    """Raises `Refused` if others could read a password on its way."""
    if not (peer.encrypted or peer.local):
        why = "Others could read a password on its way here: come by lanchat-client or https, or with a code."
        raise Refused("not_encrypted", why)


def new_password(typed: str, name: Name) -> str:
    """A password that somebody chose, for this nick. Raises `Refused` if it can't be one."""
    password = normal(typed)
    cleaning.refuse_unseen(password)
    if not SHORTEST <= len(password) <= LONGEST:
        raise Refused("bad_password", f"A password has {SHORTEST} to {LONGEST} characters.")
    if password.casefold() == name.shown.casefold() or _key_of(password) == name.key:
        raise Refused("bad_password", "A password is not the nick.")
    return password


def _key_of(text: str) -> str | None:
    try:
        return names.nick(text).key
    except Refused:
        return None
