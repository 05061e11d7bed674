"""Masks of rooms, as LIST takes them: ``*`` stands for any characters, ``?`` for one (ELIST=M)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from fnmatch import translate

from lanchatd.text import names

# A "#" and the longest name, with a "*" around each character: a longer one that fits something has "**".
LONGEST = 2 * (names.LONGEST + 1) + 1

# In one LIST: to compile the longest takes two milliseconds (measured).
MOST = 4


def is_mask(text: str) -> bool:
    """Whether it stands for several rooms."""
    return "*" in text or "?" in text


def fitting(masks: Sequence[str]) -> Callable[[str], object]:
    """What tells whether the key of a room fits one of them, which may be names as well."""
    short = (mask for mask in masks[:MOST] if len(mask) <= LONGEST)
    patterns = (translate(_folded(mask).replace("[", "[[]")) for mask in short)
    return re.compile("|".join(patterns) or "(?!)").match


def _folded(mask: str) -> str:
    """As keys are, and with the "#" that may be left out of a room."""
    folded = unicodedata.normalize("NFKC", mask).lower()
    return folded if folded[:1] in ("#", "*", "?") else f"#{folded}"
