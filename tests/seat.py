"""An administrator's seat in memory: what is shown there is read as a terminal emulator shows it."""

from __future__ import annotations

from collections.abc import Callable

import pyte

from lanchatd.ssh.application import Identity

ALICE = Identity("admin", "SHA256:mK3v", "alice@laptop", "192.0.2.7")

ENTER, TAB, UP = "\r", "\t", "\x1b[A"
CTRL_C, CTRL_D, CTRL_L = "\x03", "\x04", "\x0c"


def pasted(text: str) -> str:
    """What a terminal sends for a paste."""
    return f"\x1b[200~{text}\x1b[201~"


class Seat:
    """Implements `lanchatd.ssh.application.Output`."""

    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self.out = ""
        self.errors = ""
        self.code: int | None = None
        self._unread = ""
        self._terminal = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self._terminal)

    def write(self, text: str) -> None:
        assert self.code is None, f"written after the end: {text!r}"
        text.encode()  # what can't be encoded can't be sent
        self.out += text
        self._unread += text

    def write_error(self, text: str) -> None:
        assert self.code is None, f"written after the end: {text!r}"
        self.errors += text

    def when_taken(self, call: Callable[[], None]) -> None:
        call()

    def end(self, code: int) -> None:
        assert self.code is None, "ended twice"
        self.code = code

    @property
    def _screen(self) -> pyte.Screen:
        self._stream.feed(self._unread)
        self._unread = ""
        return self._terminal

    @property
    def screen(self) -> list[str]:
        """The rows as they are shown, without the empty ones."""
        return [row.rstrip() for row in self._screen.display if row.strip()]

    @property
    def row(self) -> str:
        """The row that the cursor is in."""
        return str(self._screen.display[self._screen.cursor.y]).rstrip()

    @property
    def column(self) -> int:
        """The column of the cursor."""
        return int(self._screen.cursor.x)

    def colour(self, text: str) -> str:
        """The colour of the first letter of a text in the row that the cursor is in."""
        y = self._screen.cursor.y
        return str(self._screen.buffer[y][self._screen.display[y].index(text)].fg)

    def resize(self, columns: int) -> None:
        """The window has this many columns now."""
        self._screen.resize(columns=columns)
