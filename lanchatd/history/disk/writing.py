"""Events as rows: written, as one JSON text and in one step of SQLite (`sql` says why)."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from lanchatd.chat.posted import Posted
from lanchatd.history.disk.sql import US, RoomRow
from lanchatd.history.disk.words import words_of

_WRITE_ROOMS = """
    INSERT INTO room (number, key, name, removals)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
        json_extract(value, '$[3]')
    FROM json_each(?)
"""

_WRITE_EVENTS = f"""
    INSERT INTO event (room, id, at_us, kind, nick, text, ref, words, known)
    SELECT {", ".join(f"json_extract(value, '$[{column}]')" for column in range(9))}
    FROM json_each(?)
"""  # noqa: S608


class UnwritableError(Exception):
    """The disk takes nothing, for a reason that SQLite would not tell, or not as well."""


def rooms_as_json(rooms: Sequence[RoomRow]) -> str:
    """Rooms as `write` takes them."""
    return json.dumps(
        [(room.number, room.key, room.name, room.removals) for room in rooms], ensure_ascii=False
    )


def events_as_json(batches: Sequence[tuple[int, Sequence[Posted]]]) -> str:
    """Batches, each with the number of its room, as `write` takes them."""
    rows = [
        (
            room,
            event.id,
            round(event.at * US),
            event.kind.value,
            event.nick,
            event.text,
            posted.ref,
            None if event.text.isascii() else words_of(event.text),
            1 if event.known else None,
        )
        for room, batch in batches
        for posted in batch
        for event in (posted.event,)
    ]
    return json.dumps(rows, ensure_ascii=False)


def write(connection: sqlite3.Connection, rooms: str, events: str) -> None:
    """Keep new rooms, if there are any, and events: all of it or nothing. It is on the disk then.

    Raises sqlite3.Error.
    """
    if not rooms:
        insert(connection, rooms, events)  # a statement alone is a transaction
        return
    try:
        connection.execute("BEGIN IMMEDIATE")
        insert(connection, rooms, events)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def insert(connection: sqlite3.Connection, rooms: str, events: str) -> None:
    """The same as a part of a transaction."""
    if rooms:
        connection.execute(_WRITE_ROOMS, (rooms,))
    connection.execute(_WRITE_EVENTS, (events,))


def write_with_room_left(
    connection: sqlite3.Connection, path: Path, min_free_bytes: int, rooms: str, events: str
) -> None:
    """As `write`, if the disk has so many bytes left then. Raises `UnwritableError` too."""
    disk = os.statvfs(path)
    if disk.f_bavail * disk.f_frsize < min_free_bytes:
        raise UnwritableError("the disk is nearly full")
    if disk.f_flag & os.ST_RDONLY:  # Linux makes it so after an error
        raise UnwritableError("the disk can only be read")
    write(connection, rooms, events)
