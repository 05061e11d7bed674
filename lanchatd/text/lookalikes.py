"""Names that look alike: nobody takes one that others would read as somebody else's.

What a name is compared by is its key (`lanchatd.text.names`). This is on top of that, and only where a nick
is taken or a room is made: whoever is named in a command, a ban or a file is named by the key.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from lanchatd.text import confusables
from lanchatd.text.names import Name
from lanchatd.text.refused import Refused

# Scripts that people write one word in (UTS #39, 5.2: "Highly Restrictive"): Japanese, Chinese and Korean,
# each with Latin letters.
_TOGETHER = (
    frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "HAN", "BOPOMOFO"}),
    frozenset({"LATIN", "HAN", "HANGUL"}),
)


def refuse_mixed(nick: Name) -> None:
    """Raises `Refused` (``bad_nick``) if a nick is not of one script, or has digits of more than one."""
    if nick.shown.isascii():
        return
    scripts = confusables.scripts(nick.shown)
    if len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER):
        named = " and ".join(sorted(script.replace("_", " ").title() for script in scripts))
        raise Refused("bad_nick", f"A nick is of one script; that one mixes {named}.")
    digits = (character for character in nick.shown if unicodedata.category(character) == "Nd")
    if len({ord(digit) - unicodedata.decimal(digit) for digit in digits}) > 1:
        raise Refused("bad_nick", "A nick has digits of one script only.")


@lru_cache(maxsize=4_096)  # whoever comes goes as well
def looks_of(name: Name) -> tuple[str, ...]:
    """The skeletons of a name, in the ways that its owner and those who read it write it.

    As it is shown, because capitals have look-alikes of their own (``aIice``); in small letters, as people
    remember it; and in capitals, because ``ВОВ`` in Cyrillic looks like ``BOB``. Some look like a letter of
    the other case: ``0`` is an ``O``, and ``WilIiam`` passes for ``william``; small letters stand for both.
    """
    shown = confusables.skeleton(name.shown)
    small = shown if name.key == name.shown else confusables.skeleton(name.key)
    return shown, shown.lower(), small.lower(), confusables.skeleton(name.key.upper())


class Looks:
    """The looks of the names in use, each with whose it is."""

    def __init__(self) -> None:
        self._names: dict[str, Name] = {}

    def add(self, name: Name) -> None:
        """A name is in use from now on. One that looks like an older one leaves that its looks."""
        for look in looks_of(name):
            self._names.setdefault(look, name)

    def remove(self, name: Name) -> None:
        """A name is free again."""
        for look in looks_of(name):
            if self._names.get(look) == name:
                del self._names[look]

    def like(self, name: Name, *, but: Name | None = None) -> Name | None:
        """The name in use that another one looks like, if there is one: not itself, and not ``but``."""
        if not self._names:
            return None  # as where nobody owns a nick: that is asked twice for each who joins
        for look in looks_of(name):
            other = self._names.get(look)
            if other is not None and other != but and other.key != name.key:
                return other
        return None
