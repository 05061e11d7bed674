"""What a text looks like, and which scripts it is written in, by the tables of Unicode (UTS #39).

The tables are those that `confusable_homoglyphs` ships, of Unicode 15.1. Only its files are read, when they
are needed first: its modules would keep the name of each character in memory as well.
"""

from __future__ import annotations

import json
import unicodedata
from bisect import bisect_right
from functools import cache
from importlib.resources import files
from typing import Any

# What stands with letters of every script: digits and signs, and marks.
_ANY_SCRIPT = frozenset({"COMMON", "INHERITED"})

_UNKNOWN = "UNKNOWN"  # as Unicode calls it: of a newer Unicode than the tables


def skeleton(text: str) -> str:
    """What a text looks like: two with the same skeleton can be taken for one another (UTS #39, 4).

    It is for comparing only. Case counts: ``I`` looks like ``l``, and ``i`` does not.
    """
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFD", decomposed.translate(_prototypes()))


def scripts(text: str) -> frozenset[str]:
    """The scripts that a text is written in, by their names in Unicode, in capitals: ``LATIN``.

    Each character has one. That is stricter than UTS #39, 5.1, which knows a few more for some (the digits
    of Arabic go with Thaana as well), and laxer about the signs that all have, such as Japan's long ``ー``.
    """
    if text.isascii():
        return frozenset({"LATIN"}) if any(map(str.isalpha, text)) else frozenset()
    return frozenset(map(_script, text)) - _ANY_SCRIPT


def _script(character: str) -> str:
    firsts, lasts, names = _ranges()
    place = bisect_right(firsts, ord(character)) - 1
    return names[place] if ord(character) <= lasts[place] else _UNKNOWN


@cache
def _prototypes() -> dict[int, str]:
    """What each character looks like, if that is not itself.

    The file has each pair twice, and does not say which of the two is the prototype, to which the others of
    a class point. It is the one that more than one points to, or that is no single character; of two alone
    either will do.
    """
    alike: dict[str, list[str]] = {
        _bare(shown): list(map(_bare, others)) for shown, others in _read("confusables.json").items()
    }
    prototypes: dict[int, str] = {}
    for character, (first, *more) in alike.items():
        is_prototype = bool(more) or len(character) > 1
        if not is_prototype and (len(alike[first]) > 1 or len(first) > 1 or first < character):
            prototypes[ord(character)] = first
    # Where the prototype is of more than one character, these may look like others themselves.
    return {code: prototype.translate(prototypes) for code, prototype in prototypes.items()}


@cache
def _ranges() -> tuple[list[int], list[int], list[str]]:
    """The first and the last of each range of characters, and the name of its script; in order."""
    read = _read("categories.json")
    names = read["iso_15924_aliases"]
    rows = sorted(read["code_points_ranges"])
    return [row[0] for row in rows], [row[1] for row in rows], [names[row[2]] for row in rows]


def _bare(shown: str) -> str:
    """Without the marks of direction around what is written from right to left."""
    return shown.strip("\u200e")


def _read(name: str) -> dict[str, Any]:
    file = files("confusable_homoglyphs").joinpath(name)
    read: dict[str, Any] = json.loads(file.read_bytes(), object_hook=_unnamed)
    return read


def _unnamed(fields: dict[str, Any]) -> Any:
    """Let the names go as they are read: 10,000 of them at once take 4 MiB, which a process keeps."""
    return fields["c"] if fields.keys() == {"c", "n"} else fields
