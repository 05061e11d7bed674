"""Names: what a nick and a room may be called, and which of them are the same.

Compared by the Nickname profile of RFC 8266, through precis-i18n. That accepts a Cyrillic "а" in "аlice";
`lanchatd.text.lookalikes` does not.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from precis_i18n import get_profile

from lanchatd.text import cleaning
from lanchatd.text.refused import Refused

LONGEST = 32  # characters
LONGEST_DEVICE_NAME = 32  # characters
LOBBY = "#lobby"

# Says what administrators say in a room. Nobody can take it.
ADMIN = "admin"

# Answers who has no other place for what the server says. Nobody can take it either.
SERVER = "lanchat"

# IRC clients, and people by habit, send their passwords to these. Whoever had such a nick would be told them.
SERVICES = ("nickserv", "chanserv")
RESERVED = (ADMIN, SERVER, *SERVICES)

_SHOWN = get_profile("NicknameCasePreserved")
_COMPARED = get_profile("NicknameCaseMapped")

# Of these, precis-i18n would find that they may stay as they are, with the key in small letters: in a fifth
# of the time that a join takes (measured).
_PLAIN = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_.-]{{0,{LONGEST - 1}}}")

# What a part of an address looks like, or of a range or pattern of them: decimal, hexadecimal, `x` for any.
_OF_ADDRESS = re.compile(r"\d*|0x[0-9a-f]+|x+")

_RULE = f"1 to {LONGEST} letters, digits, '_', '-' and '.', and begins with a letter, a digit or '_'"


@dataclass(frozen=True, slots=True)
class Name:
    """A nick or a room: as it is shown, and the key by which it is compared."""

    shown: str
    key: str


@lru_cache(maxsize=4_096)  # who comes in is asked for proof, and then let in
def nick(text: str) -> Name:
    """The nick that was typed. Raises `Refused` (``bad_nick``)."""
    name = _name(text.strip(" "))
    if name is None:
        raise Refused("bad_nick", f"A nick has {_RULE}.")
    if _like_address(name.key):
        raise Refused("bad_nick", "A nick does not look like an address: it is more than numbers and dots.")
    return name


@lru_cache(maxsize=4_096)  # everybody who comes enters the same few; a seventh of a join, otherwise
def room(text: str) -> Name:
    """The room that was typed, with its ``#`` or without. Raises `Refused` (``bad_room``)."""
    name = _name(text.strip(" ").removeprefix("#"))
    if name is None:
        raise Refused("bad_room", f"A room is # and {_RULE}.")
    return Name("#" + name.shown, "#" + name.key)


@lru_cache(maxsize=4_096)  # comparing costs 17 µs, and the same few people speak
def key_of(shown: str) -> str:
    """The key of a nick that was accepted before, as it is shown."""
    return str(_COMPARED.enforce(shown))


def _name(text: str) -> Name | None:
    if _PLAIN.fullmatch(text):
        return Name(text, text.lower())
    if not _allowed(text):
        return None
    try:
        # The profile also normalises (NFKC), which can make more or other characters of it: two nicks that
        # look the same have to have the same key, so that is made from what is shown.
        shown = _SHOWN.enforce(text)
        key = _COMPARED.enforce(shown)
        cleaning.clean(shown)
    except (UnicodeEncodeError, Refused):  # the first is how precis-i18n says that its profile forbids a name
        return None
    return Name(shown, key) if _allowed(shown) else None


def _like_address(key: str) -> bool:
    """Whether it is no address and no range of them, but looks so: a ban on it would keep out nobody."""
    if "." not in key or not key[0].isdigit():
        return False
    return all(_OF_ADDRESS.fullmatch(part) for part in re.split("[.-]", key))


def _allowed(text: str) -> bool:
    if not 1 <= len(text) <= LONGEST:
        return False
    kinds = [unicodedata.category(character) for character in text]
    first = text[0] == "_" or kinds[0][0] == "L" or kinds[0] == "Nd"
    return first and all(
        character in "_-." or kind[0] in "LM" or kind == "Nd"
        for character, kind in zip(text, kinds, strict=True)
    )
