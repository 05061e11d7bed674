"""What people wrote, within and beside what the server says: so that neither can be taken for the other."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

# What shows nothing at all, and what shows nothing but takes room: spaces, fillers, the empty Braille cell.
_UNSEEN = "\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff"
_BLANK = "\u0020\u00a0\u115f\u1160\u1680\u17b4\u17b5\u2000-\u200a\u202f\u205f\u2800\u3000\u3164\uffa0"
_BLANKS = re.compile(f"[{_BLANK}][{_UNSEEN}]*(?:[{_BLANK}][{_UNSEEN}]*)+")

# Whatever looks like the quotation mark that we use, two single ones too.
_QUOTES = re.compile(
    "[\"\u02ba\u02dd\u02ee\u05f4\u201c-\u201f\u2033\u2036\u275d\u275e\u301d-\u301f\uff02]+|['`\u2019]{2,}"
)


single_spaced: Callable[[str], str] = partial(_BLANKS.sub, " ")
"""The text with every run of spaces as one: on a terminal that wraps, many would be rows of their own."""


def quoted(text: str) -> str:
    """What a person wrote, as a part of what the server says: in marks that it can't close."""
    return f'"{_QUOTES.sub(chr(39), single_spaced(text))}"'


def with_quote(words: str, text: str) -> str:
    """What the server says, and behind it what a person wrote; each may be empty."""
    return ": ".join(filter(None, (words, quoted(text) if text else "")))
