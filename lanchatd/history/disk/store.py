"""The file of all rooms: opened and closed, read, and kept in order. `commits` writes the lines into it."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from weakref import WeakValueDictionary

from lanchatd.chat.answers import Answer, begin
from lanchatd.chat.events import Event
from lanchatd.clock import Call, Clock, call_all
from lanchatd.history.disk import reading
from lanchatd.history.disk.asking import Asking
from lanchatd.history.disk.commits import Commits, Keeping
from lanchatd.history.disk.index import index
from lanchatd.history.disk.opening import Warn, open_log
from lanchatd.history.disk.pruning import DAY_S, Pruned, prune
from lanchatd.history.disk.reading import Restored, RoomRow
from lanchatd.history.disk.removing import remove, removed
from lanchatd.history.disk.room_log import DiskLog
from lanchatd.history.disk.searches import Searches
from lanchatd.history.memory import Tail, Tails
from lanchatd.limits import Limits
from lanchatd.state.database import PARTS, connect, why_not
from lanchatd.state.files import StateError
from lanchatd.state.trusted_time import BelievedTime
from lanchatd.state.worker import Worker
from lanchatd.text.refused import Refused

# How long it is waited for the disk, when the daemon ends.
CLOSES_WITHIN_S = 4

# How often it is looked for what is to go, and the pause after each step while there is something.
PRUNE_EVERY_S = 60
PRUNE_PAUSE_S = 0.05

# How long after a line its words go into the index, unless somebody searches before; and the pause between
# two steps, while there are more.
INDEX_AFTER_S = 1
INDEX_PAUSE_S = 0.05


class DiskStore:
    """The file, with the threads that write it, read it and search in it."""

    def __init__(
        self,
        path: Path,
        limits: Limits,
        clock: Clock,
        now: Callable[[], float],
        new_worker: Callable[[str], Worker],
        commits: Keeping | None = None,
    ) -> None:
        """``now`` tells seconds since the epoch; ``new_worker`` starts a thread with a name.

        ``commits`` are what writes into the file, if they are not its own.
        """
        self.name = ""
        self.path = path
        self.commits = commits or Commits(path, limits, clock, self._hangs)
        self.searches = Searches(clock, self.commits.refuses)
        self._limits = limits
        self._clock = clock
        self._now = now
        self._new_worker = new_worker
        self._tails = Tails(limits)
        self._rooms: dict[str, Restored] = {}
        self._logs: WeakValueDictionary[int, DiskLog] = WeakValueDictionary()
        self._pruning: Call | None = None
        self._indexing: Call | None = None
        self._believed: BelievedTime
        self._last_number = self._removals = 0
        self._reads: Asking
        self._workers: list[tuple[Worker, sqlite3.Connection]] = []

    # -- opening and closing

    def open(
        self,
        warn: Callable[[str], None],
        trouble_changed: Callable[[], None],
        open_file: Callable[[Path, Warn], tuple[sqlite3.Connection, str]] = open_log,
    ) -> list[Restored]:
        """The rooms there are, with what is known again of each.

        ``open_file`` opens the file to write in, and knows its name.
        Raises `lanchatd.state.files.StateError`; ``warn`` is told of a damaged file, and ``trouble_changed``
        is called when ``commits.trouble`` is another.
        """
        to_write, self.name = open_file(self.path, warn)
        try:
            found = list(
                reading.restore(to_write, self._limits, self._tails, self._now() - self._limits.ref_memory_s)
            )
            newest_at = reading.newest_at(to_write)
            self._removals, unfinished = removed(to_write)
            to_read, to_search = (connect(self.path, read_only=True) for _ in range(2))
        except sqlite3.Error as error:
            raise StateError(f"{self.path}: {error}") from None
        self._rooms = {restored.room.key: restored for restored in found}
        self._last_number = max([restored.room.number for restored in found] + unfinished, default=0)
        self._workers = [
            (self._new_worker("log writes"), to_write),
            (self._new_worker("log reads"), to_read),
            (self._new_worker("log searches"), to_search),
        ]
        self.commits.begin(*self._workers[0], trouble_changed)
        self._reads = Asking(self._workers[1][0], self._clock)
        self.searches.begin(self._workers[0], self._workers[2])
        self._believed = BelievedTime(self._clock, self._now, newest_at)
        self._prune_in(PRUNE_PAUSE_S if unfinished else PRUNE_EVERY_S)
        self._index_in(INDEX_AFTER_S)
        return found

    def close(self) -> bool:
        """Wait for the last commit, and close the file. Returns False if the disk does not answer.

        Who reads is not waited for as long: nothing of theirs can be lost.
        """
        self.commits.end()
        self.searches.end()
        for call in (self._pruning, self._indexing):
            if call is not None:
                call.cancel()
        self._pruning = self._indexing = None
        workers, self._workers = self._workers, []
        if not workers:
            return True  # it could not be opened
        for worker, connection in workers[1:]:
            connection.interrupt()
            worker.do(connection.close, lambda _: None)
        late_at = self._clock.seconds() + CLOSES_WITHIN_S
        for worker, _ in workers[1:]:
            worker.stop(max(0, late_at - self._clock.seconds()) / 2)
        # The one that writes last: with its connection the file is put in order.
        writer, writing = workers[0]
        writer.do(writing.close, lambda _: None)
        return writer.stop(max(0, late_at - self._clock.seconds()))

    @property
    def trouble(self) -> str | None:
        """Why lines are refused, None while they are not."""
        return self.commits.trouble

    def size_bytes(self) -> int:
        """Of its files."""
        return sum(_size_of(Path(f"{self.path}{part}")) for part in PARTS)

    def log_of(self, key: str) -> DiskLog:
        """The log of a room, by its key."""
        restored = self._rooms.pop(key, None)
        if restored is not None:
            return self._made(restored.room, restored.tail)
        self._last_number += 1
        room = RoomRow(self._last_number, key, key, removals=self._removals)
        return self._made(room, Tail(self._limits, self._tails))

    def _made(self, room: RoomRow, tail: Tail) -> DiskLog:
        # Ids of another file mean something else, and so do those of a room of that name that was removed.
        name = f"{self.name}-{room.removals}" if room.removals else self.name
        self._logs[room.number] = log = DiskLog(name, room, tail, self.commits, self._read, self._remove)
        return log

    def _hangs(self) -> None:
        self.searches.now()
        call_all(self._clock, deque(log.hangs for log in self._logs.values()))

    # -- pruning

    def _prune_in(self, seconds: float) -> None:
        self._pruning = self._clock.callLater(seconds, self._prune)

    def _prune(self) -> None:
        self._pruning = None
        worker, connection = self._workers[0]
        keep_s = self._limits.keep_days * DAY_S
        limits = self._limits
        work = partial(
            prune, connection, self._believed.seconds(), keep_s, limits.keep_events, limits.keep_bytes
        )
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

    def pruned(self) -> Answer[list[tuple[str, int]]]:
        """The rooms from which lines were taken out, by their keys, and up to which id."""
        _, connection = self._workers[1]
        return begin(self._reads.do(partial(reading.pruned, connection)))

    def _remove(self, room: RoomRow) -> Answer[None]:
        answer: Answer[None] = Answer()
        if self._workers:  # else it is closed
            worker, connection = self._workers[0]
            worker.do(partial(remove, connection, room.number), partial(self._removed, answer))
        return answer

    def _removed(self, answer: Answer[None], result: int | Exception) -> None:
        if isinstance(result, Exception):
            answer.fail(Refused("log_failed", f"The log can't be thrown away: {why_not(result)}."))
            return
        self._removals = result
        if self._pruning is not None:
            self._pruning.cancel()
            self._prune_in(PRUNE_PAUSE_S)
        answer.settle(None)

    # -- the index of words

    def _index_in(self, seconds: float) -> None:
        if self._indexing is None and self._workers:
            self._indexing = self._clock.callLater(seconds, self._index)

    def _index(self) -> None:
        self._indexing = None
        self.commits.when_written(partial(self._index_in, INDEX_AFTER_S))
        worker, connection = self._workers[0]
        worker.do(partial(index, connection), self._indexed)

    def _indexed(self, more: bool | Exception) -> None:
        if isinstance(more, Exception):
            self._index_in(PRUNE_EVERY_S)  # those who talk are told what is wrong
        elif more:
            self._index_in(INDEX_PAUSE_S)

    # -- reading

    def _read(self, room: RoomRow, after: int, until: int, limit_bytes: int) -> Answer[Sequence[Event]]:
        _, connection = self._workers[1]
        work: Callable[[], Sequence[Event]] = partial(
            reading.read, connection, room, after, until, limit_bytes
        )
        return begin(self._reads.do(work))


def _size_of(path: Path) -> int:
    """In bytes; 0 if it is not there."""
    return path.stat().st_size if path.exists() else 0
