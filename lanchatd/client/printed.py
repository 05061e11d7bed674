"""What is printed into the terminal's scrollback: lines with their times, and one for each day."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from wcwidth import wcswidth

from lanchatd.client.colours import coloured
from lanchatd.client.kept import Kept
from lanchatd.client.links import linked
from lanchatd.client.rendering import Shape
from lanchatd.terminal.screen import DIM, RESET, Screen

# What stands before the text: the nick of who says or does something, or a mark.
_HEAD = re.compile(r"(?:<[^>]*>|\[[^\]]*\]|\*|--|!!) ")


class Printed:
    """Makes rows of shapes, and keeps them to be saved. ``day`` is the last one that who reads knows.

    ``palette`` has the colours of nicks, and is empty for none. ``links``: URLs are hyperlinks.
    """

    def __init__(self, screen: Screen, kept: Kept, day: str, palette: Sequence[int], links: bool) -> None:
        self._links = links
        self._palette = palette
        self._screen = screen
        self._kept = kept
        self._day = day

    def rows(self, shapes: Iterable[Shape], own_nick: str) -> list[str]:
        """The rows of them, in colours where there are any."""
        return [row for shown in shapes if shown.lines for row in self._rows(shown, own_nick)]

    def _rows(self, shown: Shape, own_nick: str) -> list[str]:
        rows = self._new_day(shown.day)
        for line, stamped in zip(shown.lines, shown.stamped, strict=True):
            self._kept.add(stamped)
            row = coloured(shown, line, own_nick, self._palette) if self._screen.styles else stamped
            wrapped = [row] if self._fits(stamped) else self._screen.wrapped(row, self._indent(shown, line))
            rows += map(linked, wrapped) if self._links else wrapped
        return rows

    def _fits(self, text: str) -> bool:
        return len(text) < self._screen.width and text.isascii()

    def _indent(self, shown: Shape, line: str) -> str:
        """Behind the nick, if that leaves half of the row; else behind the time."""
        time = f"{shown.at} " if shown.at else ""
        head = _HEAD.match(line)
        columns = wcswidth(time + (head[0] if head else ""))
        return " " * (columns if 0 <= columns < (self._screen.width - 1) // 2 else len(time))

    def _new_day(self, day: str) -> list[str]:
        if day in ("", self._day):
            return []
        self._day = day
        line = f"-- {date.fromisoformat(day):%A}, {day} --"
        self._kept.add(line)
        return [f"{DIM}{line}{RESET}" if self._screen.styles else line]
