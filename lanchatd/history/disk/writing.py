"""Events as rows: written, many in one statement (`reading` says why)."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from lanchatd.chat.events import Kind
from lanchatd.chat.posted import Posted
from lanchatd.history.disk.reading import US, RoomRow
from lanchatd.history.disk.words import words_of

Values = list[int | str | None]
"""Those of rows, one after the other."""

# In one statement. There is one for each number of rows, and Python's connection keeps the last 128 of them:
# to make one takes as long again as to run it (measured).
MOST_ROWS = 64

_ROOM = "room (number, key, name, removals)", 4
_EVENT = "event (room, id, at_us, kind, nick, text, ref, words, known)", 9

# Not `Kind.value`, which is a call.
_KINDS = {kind: kind.value for kind in Kind}


class UnwritableError(Exception):
    """The disk takes nothing, for a reason that SQLite would not tell, or not as well."""


def values_of_rooms(rooms: Sequence[RoomRow]) -> Values:
    """Rooms as `write` takes them."""
    values: Values = []
    for room in rooms:
        values += (room.number, room.key, room.name, room.removals)
    return values


def values_of_events(batches: Sequence[tuple[int, Sequence[Posted]]]) -> Values:
    """Batches, each with the number of its room, as `write` takes them."""
    values: Values = []
    for room, batch in batches:
        for posted in batch:
            event = posted.event
            text = event.text
            values += (
                room, event.id, round(event.at * US), _KINDS[event.kind], event.nick, text, posted.ref,
                None if text.isascii() else words_of(text), 1 if event.known else None,
            )  # fmt: skip
    return values


def write(connection: sqlite3.Connection, rooms: Values, events: Values) -> None:
    """Keep new rooms, if there are any, and events: all of it or nothing. It is on the disk then.

    Raises sqlite3.Error.
    """
    if not rooms and len(events) <= MOST_ROWS * _EVENT[1]:
        insert(connection, rooms, events)  # a statement alone is a transaction
        return
    try:
        connection.execute("BEGIN IMMEDIATE")
        insert(connection, rooms, events)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def insert(connection: sqlite3.Connection, rooms: Values, events: Values) -> None:
    """The same as a part of a transaction."""
    _insert(connection, *_ROOM, rooms)
    _insert(connection, *_EVENT, events)


def _insert(connection: sqlite3.Connection, into: str, width: int, values: Values) -> None:
    step = MOST_ROWS * width
    for at in range(0, len(values), step):
        rows = values[at : at + step]
        connection.execute(_statement(into, width, len(rows) // width), rows)


@cache
def _statement(into: str, width: int, rows: int) -> str:
    row = f"({', '.join('?' * width)})"
    return f"INSERT INTO {into} VALUES {', '.join([row] * rows)}"  # noqa: S608


def write_with_room_left(
    connection: sqlite3.Connection, path: Path, min_free_bytes: int, rooms: Values, events: Values
) -> None:
    """As `write`, if the disk has so many bytes left then. Raises `UnwritableError` too."""
    disk = os.statvfs(path)
    if disk.f_bavail * disk.f_frsize < min_free_bytes:
        raise UnwritableError("the disk is nearly full")
    if disk.f_flag & os.ST_RDONLY:  # Linux makes it so after an error
        raise UnwritableError("the disk can only be read")
    write(connection, rooms, events)
