"""Events as rows: read, and taken up again after a restart. `writing` writes them.

Whatever has many rows goes in and comes out in one step of SQLite, and comes out as one JSON text: at each
step Python's lock is given up and asked for again, and while the reactor is busy every asking would wait for
it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lanchatd.chat.events import NO_TOPIC, Event, Kind, Topic
from lanchatd.chat.searching import Hits
from lanchatd.history.memory import Tail, Tails
from lanchatd.limits import Limits

US = 1_000_000  # microseconds in a second: of the events' times in the file

# Events in one answer: a chunk of 64 KiB has less of them, as a line has at least a hundred bytes in JSON.
MOST_READ = 640

# What is in memory again after a restart: the last minutes, for those who come back, and at least so many
# events, for those who join.
LEAST_RESTORED = 20

_READ = """
    SELECT json_group_array(json_array(id, at_us, kind, nick, text, known)) FROM (
        SELECT *, row_number() OVER before AS place, sum(size) OVER before AS bytes FROM (
            SELECT id, at_us, kind, nick, text, known,
                length(CAST(nick AS BLOB)) + length(CAST(text AS BLOB)) AS size
            FROM event WHERE room = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?
        ) WINDOW before AS (ORDER BY id ROWS UNBOUNDED PRECEDING)
    ) WHERE place = 1 OR bytes <= ?
"""

_SEARCH = """
    SELECT place, room.name, id, at_us, kind, nick, event.text, known
    FROM word JOIN event ON place = word.rowid JOIN room ON number = room
    WHERE word.text MATCH ? AND word.rowid < ? ORDER BY word.rowid DESC LIMIT ?
"""

# Steps of SQLite's virtual machine between two looks at the clock: less than a millisecond, or what the index
# does in one of them, which is up to a tenth of a second.
_LOOK_EVERY = 1_000

_ROOMS = """
    SELECT number, key, name, removals, topic, topic_by, topic_at_us, pruned FROM room ORDER BY number
"""

_NEWEST_FIRST = "SELECT id, at_us, kind, nick, text, known, ref FROM event WHERE room = ? ORDER BY id DESC"


@dataclass(slots=True)
class RoomRow:
    """A room in the file: the number that stands for it, and its name as it is shown.

    ``removals`` is how many rooms had been removed when it was made.
    """

    number: int
    key: str
    name: str
    removals: int = 0
    topic: Topic = NO_TOPIC


@dataclass(slots=True)
class Restored:
    """What is known of a room after a restart; ``used_at`` is when something was said there last, or 0.

    ``refs`` are those of the last minutes: when (seconds since the epoch), what, and the event's id.
    """

    room: RoomRow
    tail: Tail
    refs: list[tuple[float, str, int]] = field(default_factory=list)
    used_at: float = 0


def read(
    connection: sqlite3.Connection, room: RoomRow, after: int, until: int, limit_bytes: int
) -> list[Event]:
    """The events of a room as `lanchatd.chat.log.Log.read` answers them. Raises sqlite3.Error."""
    (rows,) = connection.execute(_READ, (room.number, after, until, MOST_READ, limit_bytes)).fetchone()
    return [event_from(room.name, *row) for row in json.loads(rows)]


def search(
    connection: sqlite3.Connection,
    query: str,
    before: int,
    count: int,
    new_end: Callable[[], Callable[[], bool]],
) -> Hits:
    """The newest events that a query of FTS5 finds before a place; those found so far when it has to end.

    ``new_end`` is called at the beginning, and what it returns often. Raises sqlite3.Error.
    """
    # Row by row, other than all else, as one JSON text would be lost when it has to end.
    found: list[tuple[int, Event]] = []
    connection.set_progress_handler(new_end(), _LOOK_EVERY)
    try:
        for place, *columns in connection.execute(_SEARCH, (query, before, count)):
            found.append((place, event_from(*columns)))
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return Hits(found, whole=False)
    finally:
        connection.set_progress_handler(None, 0)
    return Hits(found)


def pruned(connection: sqlite3.Connection) -> list[tuple[str, int]]:
    """The rooms from which lines were taken out, by their keys, and up to which id. Raises sqlite3.Error."""
    return connection.execute("SELECT key, pruned FROM room WHERE pruned > 0").fetchall()


def newest_at(connection: sqlite3.Connection) -> float | None:
    """When the newest line of all rooms was said, in seconds since the epoch. Raises sqlite3.Error."""
    newest = connection.execute("SELECT at_us FROM event ORDER BY place DESC LIMIT 1").fetchone()
    return None if newest is None else newest[0] / US


def event_from(room: str, id_: int, at_us: int, kind: str, nick: str, text: str, known: int | None) -> Event:
    """A row as an event again."""
    return Event(Kind(kind), room, nick, text, at_us / US, id_, known=bool(known))


def restore(connection: sqlite3.Connection, limits: Limits, tails: Tails, since: float) -> Iterator[Restored]:
    """Each room, with its newest events and the refs ``since`` a moment. Raises sqlite3.Error."""
    rooms = connection.execute(_ROOMS).fetchall()
    for number, key, name, removals, topic, topic_by, topic_at_us, pruned in rooms:
        room = RoomRow(number, key, name, removals, Topic(topic, topic_by, topic_at_us / US))
        yield _restored(connection, room, Tail(limits, tails, pruned), limits, round(since * US))


def _restored(
    connection: sqlite3.Connection, room: RoomRow, tail: Tail, limits: Limits, since_us: int
) -> Restored:
    """``tail`` holds nothing yet."""
    size = 0
    events: list[Event] = []
    refs: list[tuple[float, str, int]] = []
    rows: Iterator[tuple[Any, ...]] = connection.execute(_NEWEST_FIRST, (room.number,))
    for count, (id_, at_us, kind, nick, text, known, ref) in enumerate(rows):
        if count >= LEAST_RESTORED and (at_us < since_us or len(refs) >= limits.max_refs):
            break
        if len(events) < limits.log_events and size < limits.log_bytes:
            size += len(text)
            events.append(event_from(room.name, id_, at_us, kind, nick, text, known))
        if ref is not None and at_us >= since_us:
            refs.append((at_us / US, ref, id_))
    events.reverse()
    refs.reverse()
    tail.hold(events)
    return Restored(room, tail, refs, events[-1].at if events else 0)
