"""What a terminal shows: lines that scroll by, and below them the row being typed and perhaps one of status.

Pure: it gives back the characters to write. The terminal's own scrollback is kept, so there is no other
screen and no scroll region: what arrives is written over the last rows, which are then painted again
below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wcwidth import propagate_sgr, wcswidth, wcwidth, width

from lanchatd.terminal.row import Row

RESET, BOLD, DIM, REVERSE = "\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[7m"
BELL = "\a"
CLEAR = "\x1b[H\x1b[2J"
# This row and all below it. Not at once from the first column on: in the top row that is the whole screen,
# and tmux puts an erased screen into its scrollback, a copy with every key.
_ERASE = "\r\x1b[K\x1b[C\x1b[J\r"

# Pasted text comes between marks then, so that its line ends are not taken for Enter.
MARK_PASTES, DONT_MARK_PASTES = "\x1b[?2004h", "\x1b[?2004l"

# Of the row of status: a text, and the style that it has beyond that of the row.
Part = tuple[str, str]

_NARROWEST = 5  # columns; below it nothing can be edited
_USUAL = 80

# Characters of a line that is wrapped, which takes some ms: at the console, megabytes can be printed in one.
_LONGEST_WRAPPED = 16_384


def usable_width(columns: int) -> int:
    """The width to paint for on a terminal that says that it has so many columns."""
    return max(_NARROWEST, columns) if columns > 0 else _USUAL  # serial lines and containers say 0


def in_colour(text: str, colour: int) -> str:
    """Text in one of the 256 colours."""
    return f"\x1b[38;5;{colour}m{text}{RESET}"


def cut(text: str, columns: int) -> str:
    """As much of the text as fits in so many columns."""
    used = 0
    for place, character in enumerate(text):
        used += max(0, wcwidth(character))
        if used > columns:
            return text[:place]
    return text


class Screen:
    """The last rows, and what is written above them.

    What is painted is kept at most one column short of the width, so that no terminal wraps it. ``styles``
    says whether anything is bold, dim or reverse.
    """

    begin, end = MARK_PASTES, DONT_MARK_PASTES
    several_rows = True  # can be painted

    def __init__(self, width: int, styles: bool) -> None:
        self.width = width
        self.styles = styles
        self._column: int | None = None  # of the cursor in the painted row; None while nothing is painted
        self._above: list[int] = []  # the columns of the painted rows above it
        self._painted: object = None

    def update(
        self,
        row: Row,
        status: Sequence[Part] | None = None,
        lines: Iterable[str] = (),
        waiting: Sequence[str] = (),
    ) -> str:
        """Write lines above, and paint the rows and the status, if there is one, again below them.

        ``waiting`` are rows that stand above those being typed, until they are lines. Colours may be in the
        lines and in the row of the cursor: its column is all that counts there.
        """
        lines = list(lines)
        painted = (row, status, self.width, tuple(waiting))
        if not lines and self._painted == painted:
            return ""
        erased = self.erase()
        self._column = row.column
        self._above = [wcswidth(text) for text in (*waiting, *row.above)]
        self._painted = painted
        above = "".join(text + "\r\n" for text in (*lines, *map(self._dim, waiting), *row.above))
        below = [*row.below]
        if row.note:
            below.append(self._dim(row.note))
        if status is not None:
            below.append(self._status(status))
        rest = "".join("\r\n" + text for text in below)
        back = f"\x1b[{len(below)}A" if below else ""
        right = f"\x1b[{row.column}C" if row.column else ""
        return f"{erased}{above}{row.text}{rest}{back}\r{right}"

    def _dim(self, text: str) -> str:
        return f"{DIM}{text}{RESET}" if self.styles else text

    def wrapped(self, line: str, indent: str = "") -> list[str]:
        """The line in rows, broken between words.

        The rows after the first begin with ``indent``, where there is room for it. A word that is wider than
        a row is left to the terminal to wrap, where who copies it gets it whole.
        """
        room = self.width - 1
        if len(line) > _LONGEST_WRAPPED or (line.isascii() and len(line) <= room):
            return [line]
        indent = indent if len(indent) < room // 2 else ""
        first, *words = line.split(" ")
        rows, used = [first], width(first)
        for word in words:
            columns = width(word)
            if used > room or used + 1 + columns > room >= columns:
                if word:  # of the spaces where it is broken nothing is left
                    begin = indent if len(indent) + columns <= room else ""
                    rows.append(begin + word)
                    used = len(begin) + columns
            else:
                rows[-1] += f" {word}"
                used += 1 + columns
        return propagate_sgr(rows)

    def erase(self) -> str:
        """Take the last rows away; the cursor is where they began."""
        if self._column is None:
            return ""
        # A terminal that was made narrower has wrapped the rows: the cursor's part may be further down.
        width = max(1, self.width)
        up = self._column // width + sum(max(1, -(-columns // width)) for columns in self._above)
        self.forget()
        return (f"\x1b[{up}A" if up else "") + _ERASE

    def forget(self) -> None:
        """Nothing is painted any more: the terminal was given back."""
        self._column = None
        self._painted = None

    def clear(self) -> str:
        """Empty the terminal. Some put what it held into their scrollback, so the last rows go first."""
        return self.erase() + CLEAR

    def _status(self, status: Sequence[Part]) -> str:
        # Not filled up to the end of the row: made narrower, most terminals would wrap what fills it, and
        # push the row above, which is being typed, into their scrollback.
        left, shown = self.width - 1, ""
        for text, style in status:
            fits = cut(text, left)
            left -= max(0, wcswidth(fits))
            shown += f"{style}{fits}{RESET}{REVERSE}" if style and self.styles else fits
        return f"{REVERSE}{shown}{RESET}" if self.styles else shown
