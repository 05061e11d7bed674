"""The file of all rooms, and what is on its way into it.

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
from weakref import WeakValueDictionary

from lanchatd.clock import Call, Clock, call_all
from lanchatd.disk import rows
from lanchatd.disk.belief import BelievedTime
from lanchatd.disk.index import index
from lanchatd.disk.log import DiskLog
from lanchatd.disk.opening import PARTS, connect, open_log
from lanchatd.disk.pruning import DAY_S, Pruned, prune
from lanchatd.disk.rows import Restored, RoomRow
from lanchatd.disk.words import query_of
from lanchatd.disk.worker import Worker
from lanchatd.events import Event, Refused
from lanchatd.limits import Limits
from lanchatd.log import Found, Tail
from lanchatd.report import Cell
from lanchatd.state import StateError

Answer = Callable[[Refused | None], None]

# What SQLite's own words for it would not tell everybody.
_WHY = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk fails",
    sqlite3.SQLITE_READONLY: "it can only be read",
    sqlite3.SQLITE_BUSY: "another program is writing to it",
    sqlite3.SQLITE_CORRUPT: "it is damaged",
    sqlite3.SQLITE_NOTADB: "it is damaged",
}


# How long a commit may take, before no more lines are taken until it has been made. Another program that
# writes to the file is waited for for half of that (`opening`).
HANGS_S = 10

# How long it is waited for the disk, when the daemon ends.
CLOSES_WITHIN_S = 4

# How often it is looked for what is to go, and the pause after each step while there is something.
PRUNE_EVERY_S = 60
PRUNE_PAUSE_S = 0.05

# How long after a line its words go into the index, unless somebody searches before; and the pause between
# two steps, while there are more.
INDEX_AFTER_S = 1
INDEX_PAUSE_S = 0.05

_NEWEST = 1 << 62  # a place past all others


class _Unwritable(Exception):
    """The disk takes nothing, for a reason that SQLite would not tell, or not as well."""


class DiskStore:
    """Implements `lanchatd.disk.log.Disk`.

    ``trouble`` says why lines are refused, None while they are not; ``changed`` is called when it is another.
    """

    def __init__(
        self,
        path: Path,
        limits: Limits,
        clock: Clock,
        now: Callable[[], float],
        new_worker: Callable[[str], Worker],
    ) -> None:
        """``now`` tells seconds since the epoch; ``new_worker`` starts a thread with a name."""
        self.name = ""
        self.path = path
        self.trouble: str | None = None
        self.changed: Callable[[], None] = lambda: None
        self._limits = limits
        self._clock = clock
        self._now = now
        self._new_worker = new_worker
        self._rooms: dict[str, Restored] = {}
        self._new_rooms: dict[str, RoomRow] = {}
        self._logs: WeakValueDictionary[int, DiskLog] = WeakValueDictionary()
        self._pruning: Call | None = None
        self._indexing: Call | None = None
        self._believed: BelievedTime
        self._last_number = 0
        self._gathered: list[tuple[RoomRow, Sequence[Event], Answer]] = []
        self._committing = False
        self._turn_ends = False
        self._late: Call | None = None
        self._hangs = False
        self._workers: list[tuple[Worker, sqlite3.Connection]] = []

    # -- opening and closing

    def open(self, warn: Callable[[str], None]) -> list[Restored]:
        """The rooms there are, with what is known again of each.

        Raises `lanchatd.state.StateError`; ``warn`` is told of a damaged file.
        """
        writing, self.name = open_log(self.path, warn)
        try:
            found = list(rows.restore(writing, self._limits, self._now() - self._limits.ref_memory_s))
            newest_at = rows.newest_at(writing)
            reading, searching = (connect(self.path, read_only=True) for _ in range(2))
        except sqlite3.Error as error:
            raise StateError(f"{self.path}: {error}") from None
        self._rooms = {restored.room.key: restored for restored in found}
        self._last_number = max((restored.room.number for restored in found), default=0)
        self._workers = [
            (self._new_worker("log writes"), writing),
            (self._new_worker("log reads"), reading),
            (self._new_worker("log searches"), searching),
        ]
        self._believed = BelievedTime(self._clock, self._now, newest_at)
        self._prune_in(PRUNE_EVERY_S)
        self._index_in(INDEX_AFTER_S)
        return found

    def close(self) -> bool:
        """Wait for the last commit, and close the file. Returns False if the disk does not answer."""
        for call in (self._pruning, self._indexing, self._late):
            if call is not None:
                call.cancel()
        self._pruning = self._indexing = self._late = None
        workers, self._workers = self._workers, []
        for _, connection in workers[1:]:
            connection.interrupt()
        # The one that writes last: with its connection the file is put in order.
        closed = True
        for worker, connection in reversed(workers):
            worker.do(connection.close, lambda _: None)
            closed = worker.stop(CLOSES_WITHIN_S) and closed
        return closed

    def facts(self) -> dict[str, Cell]:
        """How it does, for administrators."""
        if not self._workers:
            return {"log": "in memory"}
        sizes = [_size_of(Path(f"{self.path}{part}")) for part in PARTS]
        return {"log": self.trouble or "on disk", "log_kib": sum(sizes) // 1_024}

    def log_of(self, key: str) -> DiskLog:
        """The log of a room, by its key."""
        restored = self._rooms.pop(key, None)
        if restored is not None:
            return self._made(restored.room, restored.tail)
        self._last_number += 1
        return self._made(RoomRow(self._last_number, key, key), Tail(self._limits))

    def _made(self, room: RoomRow, tail: Tail) -> DiskLog:
        self._logs[room.number] = log = DiskLog(self, room, tail)
        return log

    # -- writing

    def refuses(self) -> Refused | None:
        return _refused(self.trouble) if self._hangs else None

    def append(self, room: RoomRow, batch: Sequence[Event], answer: Answer) -> None:
        if (refused := self.refuses()) is not None:
            answer(refused)
            return
        self._gathered.append((room, batch, answer))
        self._commit_soon()

    def _commit_soon(self) -> None:
        if not self._committing and not self._turn_ends:
            self._turn_ends = True
            self._clock.callLater(0, self._commit)

    def _commit(self) -> None:
        self._turn_ends = False
        if not self._workers:
            return  # closed in this very turn
        self._committing = True
        batches, self._gathered = self._gathered, []
        new = [room for room, batch, _ in batches if batch[0].id == 1]
        rooms = rows.rooms_as_json(new) if new else ""
        events = rows.events_as_json([(room.number, batch) for room, batch, _ in batches])
        worker, connection = self._workers[0]
        work = partial(_write, connection, self.path, self._limits.min_free_bytes, rooms, events)
        self._late = self._clock.callLater(HANGS_S, self._hang)
        worker.do(work, partial(self._committed, [answer for _, _, answer in batches]))

    def _hang(self) -> None:
        """What is on its way may be kept yet, and waits; what has gathered behind it is refused."""
        self._late = None
        self._hangs = True
        batches, self._gathered = self._gathered, []
        self._in_trouble("the disk does not answer")
        self._answer([answer for _, _, answer in batches], self.refuses())

    def _committed(self, answers: list[Answer], error: Exception | None) -> None:
        self._committing = self._hangs = False
        if self._late is not None:
            self._late.cancel()
            self._late = None
        why = None if error is None else _why(error)
        self._in_trouble(why)
        if why is None:
            self._index_in(INDEX_AFTER_S)
        try:
            self._answer(answers, None if why is None else _refused(why))
        finally:
            if self._gathered:
                self._commit_soon()

    def _in_trouble(self, why: str | None) -> None:
        was, self.trouble = self.trouble, why
        if (was is None) != (why is None):
            self.changed()

    def _answer(self, answers: list[Answer], refused: Refused | None) -> None:
        call_all(self._clock, deque(partial(answer, refused) for answer in answers))

    # -- pruning

    def _prune_in(self, seconds: float) -> None:
        self._pruning = self._clock.callLater(seconds, self._prune)

    def _prune(self) -> None:
        self._pruning = None
        worker, connection = self._workers[0]
        keep_s = self._limits.keep_days * DAY_S
        work = partial(prune, connection, self._believed.seconds(), keep_s, self._limits.keep_events)
        worker.do(work, self._pruned)

    def _pruned(self, pruned: Pruned | Exception | None) -> None:
        if not self._workers:
            return
        if isinstance(pruned, Pruned):
            if (log := self._logs.get(pruned.room)) is not None:
                log.forget(pruned.until)
            self._prune_in(PRUNE_PAUSE_S)
        else:
            self._prune_in(PRUNE_EVERY_S)  # if it failed, those who talk are told what is wrong

    # -- the index of words

    def _index_in(self, seconds: float) -> None:
        if self._indexing is None and self._workers:
            self._indexing = self._clock.callLater(seconds, self._index)

    def _index(self) -> None:
        self._indexing = None
        worker, connection = self._workers[0]
        worker.do(partial(index, connection), self._indexed)

    def _indexed(self, more: bool | Exception) -> None:
        if isinstance(more, Exception):
            self._index_in(PRUNE_EVERY_S)  # those who talk are told what is wrong
        elif more:
            self._index_in(INDEX_PAUSE_S)

    # -- reading

    def read(
        self, room: RoomRow, after: int, until: int, limit_bytes: int, answer: Callable[[Found], None]
    ) -> None:
        worker, connection = self._workers[1]
        work = partial(rows.read, connection, room, after, until, limit_bytes)
        worker.do(work, lambda found: answer(_unreadable(found) if isinstance(found, Exception) else found))

    def search(
        self,
        words: str,
        before: int | None,
        count: int,
        answer: Callable[[Sequence[tuple[int, Event]] | Refused], None],
    ) -> None:
        """Implements `lanchatd.chat.Search`."""
        query = query_of(words)
        if not query:
            answer(Refused("usage", "There is no word in that to search for."))
            return
        worker, connection = self._workers[2]
        work = partial(rows.search, connection, query, _NEWEST if before is None else before, count)

        def when_indexed(more: bool | Exception) -> None:
            # If the index can't be written, what is in it is still found.
            if self._workers:
                worker.do(
                    work, lambda found: answer(_unreadable(found) if isinstance(found, Exception) else found)
                )

        # What was said a moment ago is found too.
        writer, writing = self._workers[0]
        writer.do(partial(index, writing), when_indexed)


def _size_of(path: Path) -> int:
    """In bytes; 0 if it is not there."""
    return path.stat().st_size if path.exists() else 0


def _write(connection: sqlite3.Connection, path: Path, min_free_bytes: int, rooms: str, events: str) -> None:
    disk = os.statvfs(path)
    if disk.f_bavail * disk.f_frsize < min_free_bytes:
        raise _Unwritable("the disk is nearly full")
    if disk.f_flag & os.ST_RDONLY:  # Linux makes it so after an error
        raise _Unwritable("the disk can only be read")
    rows.write(connection, rooms, events)


def _refused(why: str | None) -> Refused:
    return Refused("log_failed", f"That line can't be kept: {why}.")


def _why(error: Exception) -> str:
    """Why something could not be written or read, as it ends a sentence."""
    code = getattr(error, "sqlite_errorcode", 0)
    return _WHY.get(code & 0xFF, str(error))


def _unreadable(error: Exception) -> Refused:
    return Refused("log_failed", f"The log can't be read: {_why(error)}.")
