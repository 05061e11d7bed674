"""What only the client shows: nicks in their colours, and lines where nothing can be painted."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from lanchatd.row import Row
from lanchatd.screen import Screen

# Colours of the 256 that can be read on black and on white: a contrast (WCAG 2.1) of at least 4.5 to black
# and 3 to white, spread over the hues. A test computes it.
NICK_COLOURS = (167, 166, 136, 100, 64, 29, 30, 31, 33, 69, 99, 134, 164, 198)


def nick_colour(key: str) -> int:
    """The colour of a nick, by its key: the same everywhere and in every run."""
    return NICK_COLOURS[blake2b(key.encode(errors="replace"), digest_size=4).digest()[0] % len(NICK_COLOURS)]


class PlainScreen(Screen):
    """A terminal that can only write one line below the other; what is typed it shows by itself."""

    begin = end = ""

    def __init__(self, width: int) -> None:
        super().__init__(width, colours=False)

    def update(self, row: Row, status: str | None = None, lines: Iterable[str] = ()) -> str:
        return "".join(line + "\r\n" for line in lines)

    def erase(self) -> str:
        return ""

    def clear(self) -> str:
        return ""
