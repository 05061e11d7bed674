"""What is printed into the terminal's scrollback: lines with their times, and one for each day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from lanchatd.client.colours import coloured
from lanchatd.client.kept import Kept
from lanchatd.client.rendering import Shape
from lanchatd.terminal.screen import DIM, RESET, Screen

# What people say is left to the terminal to wrap: who copies it gets it as it was said.
_SAID = frozenset({"said", "acted", "private", "past"})


class Printed:
    """Makes rows of shapes, and keeps them to be saved. ``day`` is the last one that who reads knows.

    ``palette`` has the colours of nicks, and is empty for none.
    """

    def __init__(self, screen: Screen, kept: Kept, day: str, palette: Sequence[int]) -> None:
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
            indent = " " * len(f"{shown.at} ")
            rows += [row] if shown.kind in _SAID else self._screen.wrapped(row, indent=indent)
        return rows

    def _new_day(self, day: str) -> list[str]:
        if day in ("", self._day):
            return []
        self._day = day
        line = f"-- {date.fromisoformat(day):%A}, {day} --"
        self._kept.add(line)
        return [f"{DIM}{line}{RESET}" if self._screen.styles else line]
