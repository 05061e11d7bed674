"""What is on its way into the file of all rooms.

All that happens in one turn of the reactor is one commit, and the next one gathers meanwhile. What can't be
written is refused; each further batch is tried again, so that lines are taken as soon as the disk is well.
While a commit hangs, lines are refused too; those in it are told when it has been made after all.
"""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from lanchatd.chat.posted import Posted
from lanchatd.clock import Call, Clock, call_all
from lanchatd.history.disk import sql
from lanchatd.history.disk.sql import RoomRow
from lanchatd.limits import Limits
from lanchatd.state.database import why_not
from lanchatd.state.worker import Worker
from lanchatd.text.refused import Refused

# How long a commit may take, before no more lines are taken until it has been made. Another program that
# writes to the file is waited for for half of that (`opening`).
HANGS_S = 10
DOES_NOT_ANSWER = "the disk does not answer"


class _Unwritable(Exception):
    """The disk takes nothing, for a reason that SQLite would not tell, or not as well."""


class Keeping(Protocol):
    """What keeps the lines. ``trouble`` says what is wrong with that, None while nothing is."""

    trouble: str | None

    def begin(self, worker: Worker, connection: sqlite3.Connection, changed: Callable[[], None]) -> None:
        """The file is open. ``changed`` is called when there is other ``trouble``, or none any more."""
        ...

    def end(self) -> None:
        """The file is about to be closed."""
        ...

    def refuses(self) -> Refused | None:
        """Answer as `lanchatd.chat.log.Log.refuses` does."""
        ...

    def append(
        self, room: RoomRow, batch: Sequence[Posted], appended: Callable[[Refused | None], None]
    ) -> None:
        """Keep events that are numbered, and then call; or call with why not, and nothing is kept."""
        ...


class Commits:
    """The lines that are being kept. Implements `Keeping`.

    ``trouble`` says why lines are refused, None while they are not.
    """

    def __init__(
        self, path: Path, limits: Limits, clock: Clock, kept: Callable[[], None], hangs: Callable[[], None]
    ) -> None:
        """``kept`` is called when a commit was made, ``hangs`` when from now on all lines are refused."""
        self.trouble: str | None = None
        self._changed: Callable[[], None] = lambda: None
        self._hang_begins = hangs
        self._path = path
        self._limits = limits
        self._clock = clock
        self._kept = kept
        self._writer: tuple[Worker, sqlite3.Connection] | None = None
        self._gathered: list[tuple[RoomRow, Sequence[Posted], Callable[[Refused | None], None]]] = []
        self._committing = False
        self._turn_ends = False
        self._late: Call | None = None
        self._hangs = False

    def begin(self, worker: Worker, connection: sqlite3.Connection, changed: Callable[[], None]) -> None:
        """The file is open. ``changed`` is called when there is other ``trouble``, or none any more."""
        self._writer = worker, connection
        self._changed = changed

    def end(self) -> None:
        """The file is about to be closed."""
        self._writer = None
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def refuses(self) -> Refused | None:
        """Answer as `lanchatd.chat.log.Log.refuses` does."""
        return _refused(DOES_NOT_ANSWER) if self._hangs else None

    def append(
        self, room: RoomRow, batch: Sequence[Posted], appended: Callable[[Refused | None], None]
    ) -> None:
        """Keep events that are numbered, and then call; or call with why not, and nothing is kept.

        Those of one commit are called one right after the other, before anything else happens.
        """
        if (refused := self.refuses()) is not None:
            appended(refused)
            return
        self._gathered.append((room, batch, appended))
        self._commit_soon()

    def _commit_soon(self) -> None:
        if not self._committing and not self._turn_ends:
            self._turn_ends = True
            self._clock.callLater(0, self._commit)

    def _commit(self) -> None:
        self._turn_ends = False
        if self._writer is None:
            return  # closed in this very turn
        batches, self._gathered = self._gathered, []
        new = [room for room, batch, _ in batches if batch[0].event.id == 1]
        rooms = sql.rooms_as_json(new) if new else ""
        events = sql.events_as_json([(room.number, batch) for room, batch, _ in batches])
        worker, connection = self._writer
        work = partial(_write, connection, self._path, self._limits.min_free_bytes, rooms, events)
        self._committing = True
        self._late = self._clock.callLater(HANGS_S, self._hang)
        worker.do(work, partial(self._committed, [appended for _, _, appended in batches]))

    def _hang(self) -> None:
        """What is on its way may be kept yet, and waits; what has gathered behind it is refused."""
        self._late = None
        self._hangs = True
        batches, self._gathered = self._gathered, []
        refused = _refused(DOES_NOT_ANSWER)
        calls: deque[Callable[[], None]] = deque(
            [partial(self._in_trouble, DOES_NOT_ANSWER), self._hang_begins]
        )
        calls.extend(partial(appended, refused) for _, _, appended in batches)
        call_all(self._clock, calls)

    def _committed(self, batches: list[Callable[[Refused | None], None]], error: Exception | None) -> None:
        self._committing = self._hangs = False
        if self._late is not None:
            self._late.cancel()
            self._late = None
        why = None if error is None else why_not(error)
        refused = None if why is None else _refused(why)
        calls: deque[Callable[[], None]] = deque(partial(appended, refused) for appended in batches)
        if why != self.trouble:
            calls.appendleft(partial(self._in_trouble, why))
        if why is None:
            self._kept()
        try:
            call_all(self._clock, calls)
        finally:
            if self._gathered:
                self._commit_soon()

    def _in_trouble(self, why: str | None) -> None:
        was, self.trouble = self.trouble, why
        if (was is None) != (why is None):
            self._changed()


def _write(connection: sqlite3.Connection, path: Path, min_free_bytes: int, rooms: str, events: str) -> None:
    disk = os.statvfs(path)
    if disk.f_bavail * disk.f_frsize < min_free_bytes:
        raise _Unwritable("the disk is nearly full")
    if disk.f_flag & os.ST_RDONLY:  # Linux makes it so after an error
        raise _Unwritable("the disk can only be read")
    sql.write(connection, rooms, events)


def _refused(why: str) -> Refused:
    return Refused("log_failed", f"That line can't be kept: {why}.")
