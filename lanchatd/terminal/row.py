"""What is typed in: a line with a cursor in it, and the part of it that is painted, in one row or in several.

A line is edited by grapheme clusters, what people take for one character: a letter with its accents, a flag,
a family. Borders and columns come from wcwidth; of that only `iter_graphemes` from a border onwards, for its
functions that go backwards err after U+0600 and scan far.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wcwidth import iter_graphemes, wcswidth


@dataclass(frozen=True, slots=True)
class Row:
    """What to paint, and the column of the cursor, from 0.

    ``above`` and ``below`` are the other rows of a line of several; ``note`` stands below all of them.
    """

    text: str
    column: int
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    note: str = ""


class Line:
    """Clusters on both sides of the cursor, so that a key costs the same in any line."""

    def __init__(self, before: str = "", after: str = "") -> None:
        self._before = list(iter_graphemes(before))
        self._after = list(iter_graphemes(after))[::-1]  # the nearest last
        self.length = len(before) + len(after)  # in characters

    @property
    def before(self) -> str:
        return "".join(self._before)

    @property
    def after(self) -> str:
        return "".join(reversed(self._after))

    @property
    def text(self) -> str:
        return self.before + self.after

    @property
    def at_start(self) -> bool:
        return not self._before

    @property
    def rows_before(self) -> int:
        """How many rows it has above that of the cursor."""
        return self._before.count("\n")

    @property
    def rows_after(self) -> int:
        return self._after.count("\n")

    def backwards(self) -> Iterator[str]:
        """The clusters before the cursor, the nearest first."""
        return reversed(self._before)

    def onwards(self) -> Iterator[str]:
        """The clusters after the cursor, the nearest first."""
        return reversed(self._after)

    def insert(self, text: str) -> None:
        last = self._before.pop() if self._before else ""
        self._before += iter_graphemes(last + text)
        self.length += len(text)

    def back(self, count: int) -> bool:
        """Move the cursor, as far as there are clusters; false if there were none."""
        count = min(count, len(self._before))
        for _ in range(count):
            self._after.append(self._before.pop())
        return count > 0

    def on(self, count: int) -> bool:
        count = min(count, len(self._after))
        for _ in range(count):
            self._before.append(self._after.pop())
        return count > 0

    def cut_back(self, count: int) -> str:
        """Delete before the cursor; what was deleted, nothing if there was nothing."""
        kept = max(0, len(self._before) - count)
        cut = "".join(self._before[kept:])
        del self._before[kept:]
        self.length -= len(cut)
        return cut

    def cut_on(self, count: int) -> str:
        kept = max(0, len(self._after) - count)
        cut = "".join(reversed(self._after[kept:]))
        del self._after[kept:]
        self.length -= len(cut)
        return cut

    def settled(self) -> Line:
        """This line, with the cursor behind the cluster that the two sides make together, if they do.

        Typing does not settle: the two halves of a flag, typed before another flag, stay together.
        """
        if not (self._before and self._after):
            return self
        last = self._before[-1]
        if next(iter_graphemes(last + self._after[-1])) == last:
            return self
        joined = next(iter_graphemes(last + self.after))
        text, end = self.text, len(self.before) - len(last) + len(joined)
        return Line(text[:end], text[end:])


def _painted(cluster: str) -> str:
    """A mark without a letter stands on a dotted circle, or the terminal puts it on what is before it."""
    return "\u25cc" + cluster if unicodedata.category(cluster[0])[0] == "M" else cluster


def fit(clusters: Iterable[str], room: int, mark: str) -> tuple[list[str], int]:
    """The clusters that fit into the room, with the mark behind them if some do not; and their columns."""
    shown: list[str] = []
    used = 0
    for cluster in map(_painted, clusters):
        columns = wcswidth(cluster)
        if used + columns > room:
            while shown and used + 1 > room:
                used -= wcswidth(shown.pop())
            return ([*shown, mark], used + 1) if room > 0 else ([], 0)
        shown.append(cluster)
        used += columns
    return shown, used


def window(line: Line, room: int) -> Row:
    """The part of a row around the cursor: each side gets half, and what the other does not need."""
    _, needed = fit(line.onwards(), room, ">")
    left, column = fit(line.backwards(), max((room - 1) // 2, room - needed), "<")
    right, _ = fit(line.onwards(), room - column, ">")
    return Row("".join(reversed(left)) + "".join(right), column)


def rows_around(line: Line, room: int, most: int) -> Row:
    """The rows around the cursor, so many at most; where there are more, the last one there counts them."""
    *above, before = line.before.split("\n")
    after, *below = line.after.split("\n")
    row = window(Line(before, after), room)
    first = max(0, min(len(above) - most // 2, len(above) + 1 + len(below) - most))
    more = max(0, len(above) + 1 + len(below) - first - most)
    shown_above = [_cut(text, room) for text in above[first:]]
    shown_below = [_cut(text, room) for text in below[: len(below) - more]]
    if first and shown_above:
        shown_above[0] = _cut(f"({first + 1:,} more)", room)
    if more and shown_below:
        shown_below[-1] = _cut(f"({more + 1:,} more)", room)
    return Row(row.text, row.column, tuple(shown_above), tuple(shown_below))


def _cut(text: str, room: int) -> str:
    return "".join(fit(iter_graphemes(text), room, ">")[0])
