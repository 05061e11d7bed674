"""What is on its way into the file of all rooms.

All that happens in one turn of the reactor is one commit, and the next one gathers meanwhile. What can't be
written is refused; each further batch is tried again, so that lines are taken as soon as the disk is well.
While a commit hangs, lines are refused too; those in it are told when it has been made after all.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from lanchatd.chat.posted import Posted
from lanchatd.clock import Call, Clock
from lanchatd.history.disk import writing
from lanchatd.history.disk.reading import RoomRow
from lanchatd.limits import Limits
from lanchatd.state.database import why_not
from lanchatd.state.worker import Worker
from lanchatd.text.refused import Refused

# How long a commit may take, before no more lines are taken until it has been made. Another program that
# writes to the file is waited for for half of that (`opening`).
HANGS_S = 10
DOES_NOT_ANSWER = "the disk does not answer"

Appended = Callable[[Refused | None], None]
"""Is called when a batch was kept (None), or with why it is not."""


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

    def append(self, room: RoomRow, batch: Sequence[Posted], appended: Appended) -> None:
        """Keep events that are numbered, and then call; or call with why not, and nothing is kept."""
        ...

    def when_written(self, call: Callable[[], None]) -> None:
        """Call it once, when something was written next."""
        ...


class Commits:
    """The lines that are being kept. Implements `Keeping`.

    ``trouble`` says why lines are refused, None while they are not.
    """

    def __init__(self, path: Path, limits: Limits, clock: Clock, hangs: Callable[[], None]) -> None:
        """``hangs`` is called when from now on all lines are refused."""
        self.trouble: str | None = None
        self._changed: Callable[[], None] = lambda: None
        self._hang_begins = hangs
        self._path = path
        self._limits = limits
        self._clock = clock
        self._writer: tuple[Worker, sqlite3.Connection] | None = None
        self._gathered: list[tuple[RoomRow, Sequence[Posted], Appended]] = []
        self._committing = False
        self._turn_ends = False
        self._late: Call | None = None
        self._hangs = False
        self._when_written: Callable[[], None] | None = None

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

    def append(self, room: RoomRow, batch: Sequence[Posted], appended: Appended) -> None:
        """Keep events that are numbered, and then call; or call with why not, and nothing is kept.

        Those of one commit are called one right after the other, before anything else happens.
        """
        if (refused := self.refuses()) is not None:
            appended(refused)
            return
        self._gathered.append((room, batch, appended))
        self._commit_soon()

    def when_written(self, call: Callable[[], None]) -> None:
        self._when_written = call

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
        rooms = writing.values_of_rooms(new) if new else []
        calls = deque(appended for _, _, appended in batches)
        events = writing.values_of_events([(room.number, batch) for room, batch, _ in batches])
        worker, connection = self._writer
        work = partial(
            writing.write_with_room_left, connection, self._path, self._limits.min_free_bytes, rooms, events
        )
        self._committing = True
        self._late = self._clock.callLater(HANGS_S, self._hang)
        worker.do(work, partial(self._committed, calls))

    def _hang(self) -> None:
        """What is on its way may be kept yet, and waits; what has gathered behind it is refused."""
        self._late = None
        self._hangs = True
        batches, self._gathered = self._gathered, []
        refused = _refused(DOES_NOT_ANSWER)
        calls = deque(appended for _, _, appended in batches)
        calls.appendleft(lambda _: self._hang_begins())
        calls.appendleft(lambda _: self._in_trouble(DOES_NOT_ANSWER))
        self._tell(calls, refused)

    def _committed(self, calls: deque[Appended], error: Exception | None) -> None:
        self._committing = self._hangs = False
        if self._late is not None:
            self._late.cancel()
            self._late = None
        why = None if error is None else why_not(error)
        refused = None if why is None else _refused(why)
        if why != self.trouble:
            calls.appendleft(lambda _: self._in_trouble(why))
        if why is None and (when_written := self._when_written) is not None:
            self._when_written = None
            when_written()
        try:
            self._tell(calls, refused)
        finally:
            if self._gathered:
                self._commit_soon()

    def _tell(self, calls: deque[Appended], refused: Refused | None) -> None:
        # As `lanchatd.clock.call_all`; every line passes here, and is told without one more call.
        try:
            while calls:
                calls.popleft()(refused)
        finally:
            if calls:
                self._clock.callLater(0, self._tell, calls, refused)

    def _in_trouble(self, why: str | None) -> None:
        was, self.trouble = self.trouble, why
        if (was is None) != (why is None):
            self._changed()


def _refused(why: str) -> Refused:
    return Refused("log_failed", f"That line can't be kept: {why}.")
