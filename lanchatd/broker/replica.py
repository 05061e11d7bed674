"""A daemon's own copy of the rooms: the file that one daemon alone keeps its log in, and how far it goes.

Nothing is promised by it. The broker has what it has, so no commit waits for the disk, and it can be thrown
away at any time: then it is read from the broker again. What was read and how far that was are one
transaction, so that after a power cut it goes on where the file ends.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lanchatd.chat.answers import Answer
from lanchatd.chat.posted import Posted
from lanchatd.clock import Clock
from lanchatd.history.disk import writing
from lanchatd.history.disk.commits import Appended
from lanchatd.history.disk.opening import Warn, open_log
from lanchatd.history.disk.pruning import INDEXED
from lanchatd.history.disk.reading import RoomRow
from lanchatd.history.disk.writing import Values
from lanchatd.state.database import PARTS, why_not
from lanchatd.state.files import StateError
from lanchatd.state.worker import Worker
from lanchatd.text.refused import Refused

# How long lines gather for one commit: nobody waits for it but who reads.
GATHERS_S = 0.1
AGAIN_S = 1.0  # after it could not be written
# Lines that wait while it can't be written; with more it is given up, until the daemon starts again.
MOST_WAITING = 20_000

_TABLES = """
    CREATE TABLE IF NOT EXISTS replica (sequence INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS subject (
        key TEXT PRIMARY KEY, sequence INTEGER NOT NULL, removed INTEGER NOT NULL
    );
    INSERT INTO replica SELECT 0 WHERE NOT EXISTS (SELECT * FROM replica);
"""
_SUBJECTS = """
    INSERT OR REPLACE INTO subject (key, sequence, removed)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
    FROM json_each(?)
"""


@dataclass(slots=True)
class Base:
    """What the next message of a room counts on.

    The sequence of the newest message of its subject, and of the newest that removed it; 0 if there is none.
    """

    sequence: int = 0
    removed: int = 0


@dataclass(slots=True)
class Kept:
    """How far the copy goes in the stream, and in each room, by its key."""

    sequence: int
    bases: dict[str, Base]


def open_replica(
    log: str, kept: Callable[[Kept], None], path: Path, warn: Warn
) -> tuple[sqlite3.Connection, str]:
    """The connection to write by, to the copy of a log; one of another log is thrown away.

    ``kept`` is called with what is in it. Raises `StateError`, as `open_log` does.
    """
    connection, name = open_log(path, warn)
    try:
        if name != log:
            connection.close()
            for part in PARTS:
                Path(f"{path}{part}").unlink(missing_ok=True)
            connection, _ = open_log(path, warn)
            connection.execute("UPDATE log SET name = ?", (log,))
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} COMMIT;")
        (sequence,) = connection.execute("SELECT sequence FROM replica").fetchone()
        with closing(connection.execute("SELECT key, sequence, removed FROM subject")) as rows:
            kept(Kept(sequence, {key: Base(*base) for key, *base in rows}))
    except sqlite3.Error as error:
        raise StateError(f"{path}: {error}") from None
    except OSError as error:
        raise StateError(f"{path}: {error.strerror}") from None
    return connection, log


@dataclass(frozen=True, slots=True)
class _Write:
    """What one transaction writes; ``goes`` from one sequence to another. It has ``count`` lines."""

    rooms: Values
    events: Values
    lost: Sequence[tuple[int, int]]
    bases: str
    goes: tuple[int, int]
    count: int


class _NotYet(Exception):
    """What comes before it is not written."""

    def __init__(self) -> None:
        super().__init__("it is being written")


class Writes:
    """What is being written into it. Implements `lanchatd.history.disk.commits.Keeping`.

    What comes within `GATHERS_S` is one commit: one behind each fan-out would be in the way of the next.
    """

    def __init__(self, clock: Clock) -> None:
        self.trouble: str | None = None
        self._clock = clock
        self._changed: Callable[[], None] = lambda: None
        self._writer: tuple[Worker, sqlite3.Connection] | None = None
        self._known: set[int] = set()
        self._batches: list[tuple[RoomRow, Sequence[Posted]]] = []
        self._lost: list[tuple[RoomRow, int]] = []
        self._bases: dict[str, Base] = {}
        self._sequence = self._goes_to = 0
        self._waiting = 0
        self._writing = 0
        self._gathers = False
        self._given_up = False
        self._all_written: list[Answer[None]] = []
        self._when_written: Callable[[], None] | None = None

    def begin(self, worker: Worker, connection: sqlite3.Connection, changed: Callable[[], None]) -> None:
        self._writer, self._changed = (worker, connection), changed

    def end(self) -> None:
        if self._batches or self._bases:
            self.write()
        self._writer = None

    def refuses(self) -> Refused | None:
        return None

    def knows(self, numbers: set[int], sequence: int) -> None:
        """These rooms are in the file, by their numbers, and it goes up to this sequence."""
        self._known, self._goes_to, self._sequence = numbers, sequence, sequence

    def append(self, room: RoomRow, batch: Sequence[Posted], appended: Appended) -> None:
        if not self._given_up:
            self._batches.append((room, batch))
            self._waiting += len(batch)
            self._write_soon()
        appended(None)

    def when_written(self, call: Callable[[], None]) -> None:
        self._when_written = call

    def lost(self, room: RoomRow, until: int) -> None:
        """The events of a room up to an id are not in the stream any more, or are to be no more."""
        self._lost.append((room, until))

    def read(self, key: str, base: Base, sequence: int) -> None:
        """A message of a room was read, the one with this sequence, and so the room has this base."""
        if not self._given_up:
            self._bases[key] = base
            self._sequence = sequence
            self._write_soon()

    @property
    def _has_lines(self) -> bool:
        return bool(self._batches or self._lost or self._writing)

    def written(self) -> Answer[None]:
        """When all that was read until now is in the file, or can't be written."""
        answer: Answer[None] = Answer()
        if self._writer is not None and self._has_lines and self.trouble is None:
            self._all_written.append(answer)
            if not self._writing:
                self.write()
        else:
            answer.settle(None)
        return answer

    def write(self) -> None:
        """Write what has gathered, before anything else that is done to the file."""
        if self._writer is None or not (self._batches or self._bases):
            return
        batches, self._batches = self._batches, []
        lost, self._lost = self._lost, []
        new = {room.number: room for room, _ in (*batches, *lost) if room.number not in self._known}
        self._known |= new.keys()
        rooms = writing.values_of_rooms(list(new.values()))
        events = writing.values_of_events([(room.number, batch) for room, batch in batches])
        bases = json.dumps([(key, base.sequence, base.removed) for key, base in self._bases.items()])
        self._bases = {}
        self._writing += 1
        gone = [(room.number, until) for room, until in lost]
        goes = self._goes_to, self._sequence
        self._goes_to = self._sequence
        self._do(_Write(rooms, events, gone, bases, goes, sum(len(batch) for _, batch in batches)))

    def _do(self, write: _Write) -> None:
        if self._writer is not None:
            worker, connection = self._writer
            worker.do(partial(_written, connection, write), partial(self._done, write))

    def _done(self, write: _Write, error: Exception | None) -> None:
        if error is not None:
            self._failed(write, why_not(error))
            return
        self._writing -= 1
        self._waiting -= write.count
        if self.trouble is not None:
            self._in_trouble(None)
        if (when_written := self._when_written) is not None:
            self._when_written = None
            when_written()
        if self._writing:
            return
        if not (self._batches or self._bases):
            self._tell_written()
        elif self._all_written or not self._gathers:
            self.write()

    def _failed(self, write: _Write, why: str) -> None:
        self._tell_written()
        if self._waiting <= MOST_WAITING:
            self._clock.callLater(AGAIN_S, self._do, write)
        else:
            self._given_up = True
            self._batches, self._bases, self._waiting = [], {}, 0
        if self.trouble is None:
            self._in_trouble(why)

    def _tell_written(self) -> None:
        answers, self._all_written = self._all_written, []
        for answer in answers:
            answer.settle(None)

    def _in_trouble(self, why: str | None) -> None:
        self.trouble = why
        self._changed()

    def _write_soon(self) -> None:
        if not self._gathers:
            self._gathers = True
            self._clock.callLater(GATHERS_S, self._gathered)

    def _gathered(self) -> None:
        self._gathers = False
        if not self._writing:
            self.write()


def _written(connection: sqlite3.Connection, write: _Write) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
        writing.insert(connection, write.rooms, write.events)
        for number, until in write.lost:
            connection.execute("UPDATE room SET pruned = max(pruned, ?) WHERE number = ?", (until, number))
            connection.execute("DELETE FROM event WHERE room = ? AND id <= ?", (number, until))
            connection.execute(INDEXED)
        connection.execute(_SUBJECTS, (write.bases,))
        moved = connection.execute("UPDATE replica SET sequence = ?2 WHERE sequence = ?1", write.goes)
        if not moved.rowcount:
            raise _NotYet
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
