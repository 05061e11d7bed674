"""What only the client shows: nicks in their colours, and lines where nothing can be painted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from lanchatd.client.rendering import Shape
from lanchatd.client.wishes import nick_key
from lanchatd.terminal import screen
from lanchatd.terminal.row import Row
from lanchatd.terminal.screen import Part, Screen
from lanchatd.text.mentions import mentions

# Colours of the 256 that can be read on black and on white: a contrast (WCAG 2.1) of at least 4.5 to black
# and 3 to white, spread over the hues. A test computes it.
NICK_COLOURS = (167, 166, 136, 100, 64, 29, 30, 31, 33, 69, 99, 134, 164, 198)


# By the settings: those for one background have a contrast of 7 to black, or 4.5 to white. Without any there
# still is bold, and reverse: NO_COLOR (https://no-color.org) does not mean them.
PALETTES: dict[str, tuple[int, ...]] = {
    "auto": NICK_COLOURS,
    "dark": (203, 209, 215, 221, 185, 149, 114, 79, 80, 81, 75, 111, 147, 177, 213, 211),
    "light": (124, 130, 94, 58, 22, 28, 23, 24, 25, 26, 19, 55, 91, 127, 125, 88),
    "none": (),
}


def nick_colour(key: str, palette: Sequence[int] = NICK_COLOURS) -> int:
    """The colour of a nick, by its key: the same everywhere and in every run."""
    return palette[blake2b(key.encode(errors="replace"), digest_size=4).digest()[0] % len(palette)]


def coloured(shown: Shape, line: str, own_nick: str, palette: Sequence[int] = NICK_COLOURS) -> str:
    """A line of it, with its time, as it is shown to this nick where more than letters can be."""
    if shown.kind in ("said", "acted", "private"):
        line = _in_nick_colours(shown, line, own_nick, palette)
        if shown.mentions:
            line = line.replace(screen.RESET, screen.RESET + screen.BOLD)
            line = f"{screen.BOLD}{line}{screen.RESET}"
    elif shown.kind == "error":
        line = f"{screen.BOLD}{line}{screen.RESET}"
    else:
        line = f"{screen.DIM}{line}{screen.RESET}"
    return f"{screen.DIM}{shown.at}{screen.RESET} {line}" if shown.at else line


def _in_nick_colours(shown: Shape, line: str, own_nick: str, palette: Sequence[int]) -> str:
    if shown.nick not in line or not shown.nick:
        return line
    begin, found, rest = line.partition(shown.nick)
    if shown.mentions and own_nick:
        for start, end in reversed(list(mentions(rest, own_nick))):
            rest = f"{rest[:start]}{screen.REVERSE}{rest[start:end]}{screen.RESET}{rest[end:]}"
    if palette:
        found = screen.in_colour(found, nick_colour(nick_key(found), palette))
    return begin + found + rest


class PlainScreen(Screen):
    """A terminal that can only write one line below the other; what is typed it shows by itself."""

    begin = end = ""
    several_rows = False

    def __init__(self, width: int) -> None:
        super().__init__(width, styles=False)

    def update(
        self,
        row: Row,
        status: Sequence[Part] | None = None,
        lines: Iterable[str] = (),
        waiting: Sequence[str] = (),
    ) -> str:
        return "".join(line + "\r\n" for line in lines)

    def erase(self) -> str:
        return ""

    def clear(self) -> str:
        return ""
