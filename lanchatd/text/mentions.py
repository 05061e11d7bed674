"""Where a text names somebody: who is named is told, by a bell or a colour, whatever the way in.

The letters of the nick stand in the text, in whatever case and form (compared by NFKC and case folding). A
mark belongs to the letter before it: with an accent on its ``b``, ``rob`` is another name. Before them stands
no letter, digit, ``_``, ``.`` or ``-``, and behind them no letter, digit, ``_`` or ``-``. But where what
meets is of a script without spaces there is no border to look for, nor behind a nick where Hangul puts its
particles.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from lanchatd.text.scripts import WITHOUT_SPACES

# A syllable may be written as its letters, of which these are all but the first. Nothing else in Unicode that
# is no mark goes into one with what is before it.
_OF_SYLLABLE = re.compile("[\u1160-\u11ff\ud7b0-\ud7ff]")

_UNBOUND = re.compile(f"[{WITHOUT_SPACES}]")
_UNBOUND_BEHIND = re.compile(f"[{WITHOUT_SPACES}\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]")


def is_named(text: str, nick: str) -> bool:
    """Whether a text names a nick."""
    return next(mentions(text, nick), None) is not None


def mentions(text: str, nick: str) -> Iterator[tuple[int, int]]:
    """Where a text names a nick, in order: from which character to before which."""
    if not nick or _folded(nick) not in _folded(text):  # nearly always
        return
    name = [letter for letter, _ in _letters(nick)]
    letters = [("", -1), *_letters(text), ("", len(text))]
    first = 1
    while first + len(name) < len(letters):
        behind = first + len(name)
        if (
            [letter for letter, _ in letters[first:behind]] == name
            and letters[first][1] != letters[first - 1][1]
            and letters[behind][1] != letters[behind - 1][1]
            and _may_meet(letters[first - 1][0], name[0], _UNBOUND, ".-")
            and _may_meet(letters[behind][0], name[-1], _UNBOUND_BEHIND, "-")
        ):
            yield letters[first][1], letters[behind][1]
            first = behind
        else:
            first += 1


def _may_meet(beside: str, of_name: str, unbound: re.Pattern[str], signs: str) -> bool:
    """Whether a name may begin or end with one letter where another one, or nothing, stands beside it."""
    if not beside or unbound.match(beside) or unbound.match(of_name):
        return True
    return not (beside[0].isalnum() or beside[0] == "_" or beside[0] in signs)


def _letters(text: str) -> list[tuple[str, int]]:
    """Each letter, folded, and where in the text it is from: ``ß`` is two of them, from one place."""
    return [(letter, place) for written, place in _split(text) for letter, _ in _split(_folded(written))]


def _split(text: str) -> list[tuple[str, int]]:
    """Each letter with what belongs to it, and where it begins."""
    begins = [place for place, character in enumerate(text) if not place or not _goes_on(character)]
    return [(text[begin:end], begin) for begin, end in pairwise([*begins, len(text)])]


def _goes_on(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" or _OF_SYLLABLE.match(character) is not None


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
