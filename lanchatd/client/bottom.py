"""What stands below all lines: those that wait, the row being typed, a note, and the row of status.

It is painted anew with each line, and never higher than the terminal: what is painted must not scroll by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wcwidth import iter_graphemes

from lanchatd.client.leaving import Leaving
from lanchatd.client.outgoing import TypedLine
from lanchatd.client.session import ClientSession
from lanchatd.client.status import Status, status_row
from lanchatd.client.windows import Windows
from lanchatd.terminal.editor import MOST_ROWS, Editor
from lanchatd.terminal.row import Row, fit
from lanchatd.terminal.screen import Screen, cut

# Lines that wait and are shown; the others are counted.
MOST_WAITING = 3

# Rows of the lowest terminal that has one for a note, beside the row and the status.
_ROWS_WITH_NOTE = 3


class Bottom:
    """``state`` is how the connection is, ``rows`` how many the terminal has."""

    def __init__(
        self,
        screen: Screen,
        rows: int,
        session: ClientSession,
        windows: Windows,
        editor: Editor,
        leaving: Leaving,
        server: str,
    ) -> None:
        """``server`` is what the user called it, clean."""
        self.state = "connecting"
        self.rows = rows
        self._screen = screen
        self._session = session
        self._windows = windows
        self._editor = editor
        self._leaving = leaving
        self._server = server

    def paint(self, encrypted: bool, lines: Sequence[str]) -> str:
        """What to write so that these lines stand above it."""
        status = status_row(self._status(encrypted), self._windows, self._screen.width - 1)
        return self._screen.update(self._row(), status, lines, self._waiting())

    def _row(self) -> Row:
        row = self._editor.row(max(1, min(MOST_ROWS, self.rows // 3)))
        note = cut(self._leaving.note, self._screen.width - 1) or row.note
        return replace(row, note=note if self.rows >= _ROWS_WITH_NOTE else "")

    def _waiting(self) -> list[str]:
        """The lines that could not be sent at once, the newest last."""
        late = [line for line in self._session.waiting_lines if line.late]
        most = min(MOST_WAITING, self.rows // 4)
        if not most:
            return []
        texts = [self._named(line) for line in late[-most:]]
        if len(late) > most:
            texts[0] = f"{len(late) - most + 1:,} more"
        columns = self._screen.width - 1
        return ["".join(fit(iter_graphemes(f"waits: {text}"), columns, ">")[0]) for text in texts]

    def _named(self, line: TypedLine) -> str:
        elsewhere = line.room not in ("", self._windows.shown.name)
        return f"{line.room} {line.text}" if elsewhere else line.text

    def _status(self, encrypted: bool) -> Status:
        session = self._session
        state = "leaving" if self._leaving.begun else self.state
        return Status(
            session.nick,
            session.away,
            session.operator,
            session.places.current.here,
            session.waiting,
            "" if state == "connected" else state,
            encrypted,
            self._server,
        )
