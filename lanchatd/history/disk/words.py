"""The words of a line, as the index has them and as they are searched for: in any script.

The index splits at what is no letter, digit, mark or sign. Where people write without spaces, each character
is a word of its own there, and what is searched for is a row of them. Case makes no difference to the
index, and what else makes none is folded before (`lanchatd.text.folding`).
"""

from __future__ import annotations

import re
import unicodedata

from lanchatd.text.folding import folded
from lanchatd.text.scripts import WITHOUT_SPACES

# What is a word by itself: also the signs from which emoji are made.
_ALONE = re.compile(f"([{WITHOUT_SPACES}\u2600-\u27bf\U0001f000-\U0001faff])")

# A longer word is found by its beginning as well; of shorter ones there would be too many.
_BEGINNING = 3  # bytes: of Korean, a syllable

MOST_WORDS = 20  # that are searched for at once
LONGEST = 256  # characters of what is typed to search for; what is behind them is not looked at


def words_of(text: str) -> str | None:
    """What the index is given for a line, None for the line itself."""
    if text.isascii():
        return None
    words = _ALONE.sub(r" \1 ", folded(text))
    return None if words == text else words


def query_of(text: str) -> str:
    """What FTS5 is asked for lines that hold all these words; empty if there is none in it."""
    words = text[: LONGEST + 1].split()
    if len(text) > LONGEST and len(words) > 1:
        words.pop()  # its end is not there
    once: dict[str, str] = {}
    for word in dict.fromkeys(words):
        words_in_index = words_of(word)
        prepared = (word if words_in_index is None else words_in_index).strip()
        if _is_word(prepared):
            once.setdefault(prepared.casefold(), prepared)
        if len(once) == MOST_WORDS:
            break
    return " ".join(map(_term, once.values()))


def _term(words: str) -> str:
    # The index splits it further, and it is the last piece of which a beginning is enough.
    last = "".join(letter if _is_word(letter) else " " for letter in words).split()[-1]
    beginning = len(last.encode()) >= _BEGINNING and _ALONE.search(last[-1]) is None
    quoted = words.replace('"', '""')
    return f'"{quoted}"{"*" if beginning else ""}'


def _is_word(text: str) -> bool:
    """Whether the index would hold anything of it."""
    return any(kind[0] in "LNM" or kind in ("So", "Co") for kind in map(unicodedata.category, text))
