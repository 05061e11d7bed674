"""Taking old events out of the file, a few at a time: between two steps everybody talks."""

from __future__ import annotations

import sqlite3
import sys
from dataclasses import dataclass

from lanchatd.history.disk.reading import US
from lanchatd.history.disk.removing import removed, take_words_out

# What one step takes out at the most, in events and in bytes of text (and one event at least): a few
# milliseconds, in which nothing else is written.
STEP = 100
STEP_BYTES = 32_768

DAY_S = 86_400

# Without those from the future, said while the clock was ahead: they are as old as the others around them.
_OLDEST = """
    SELECT id, at_us, length(CAST(coalesce(words, text) AS BLOB)) FROM event
    WHERE room = ? AND (at_us <= ? OR id <= ?) ORDER BY id LIMIT ?
"""

# The room that has most, and its newest id, if all of them have more than so many bytes.
_FULLEST = """
    SELECT number, (SELECT max(id) FROM event WHERE room = number) FROM room
    WHERE bytes > 0 AND (SELECT sum(bytes) FROM room) > ? ORDER BY bytes DESC LIMIT 1
"""

# When nothing is left, places begin anew.
INDEXED = "UPDATE log SET indexed = min(indexed, (SELECT coalesce(max(place), 0) FROM event))"

# Of each room, all up to the last one before the first that stays, with those from the future between them.
_DUE = """
    SELECT coalesce(sum((SELECT count(*) FROM event WHERE room = number AND id <= until)), 0) FROM (
        SELECT number, (
            SELECT max(id) FROM event WHERE room = number AND at_us < :before AND id < coalesce(stays, id + 1)
        ) AS until FROM (
            SELECT number, (
                SELECT min(id) FROM event WHERE room = number AND at_us BETWEEN :before AND :now
            ) AS stays FROM room
        )
    )
"""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a step took out: the events of a room, by its number, up to an id; 0 if it was something else."""

    room: int
    until: int


def prune(
    connection: sqlite3.Connection, now: float, keep_s: float, keep_events: int, keep_bytes: int = sys.maxsize
) -> Pruned | None:
    """Take the oldest events of one room out, or none if there is nothing to take out in any.

    Those of rooms that were removed first. While all rooms have more than ``keep_bytes`` (as `schema` counts
    them), those of the fullest room. Then those older than ``keep_s`` at the moment ``now`` (seconds since
    the epoch), and those beyond the newest ``keep_events``. The ids of what comes later go on all the same.
    Raises sqlite3.Error.
    """
    for room in removed(connection)[1]:
        until = _until(connection, room, 0, sys.maxsize, 0)
        if until:
            return _take_out(connection, room, until)
        if take_words_out(connection, room):
            return Pruned(room, 0)
    now_us, before_us = round(now * US), round((now - keep_s) * US)
    fullest = connection.execute(_FULLEST, (keep_bytes,)).fetchone()
    if fullest is not None:
        room, newest = fullest
        until = _until(connection, room, 0, newest - 1, now_us)  # the newest stays
        if until:
            return _take_out(connection, room, until)
    for (room,) in connection.execute("SELECT number FROM room").fetchall():
        (newest,) = connection.execute("SELECT max(id) FROM event WHERE room = ?", (room,)).fetchone()
        until = _until(connection, room, before_us, (newest or 0) - keep_events, now_us)
        if until:
            return _take_out(connection, room, until)
    return None


def _until(connection: sqlite3.Connection, room: int, before_us: int, too_many: int, now_us: int) -> int:
    """Up to which id the events of a room go in this step, 0 for none.

    They are older than a moment, or go up to the id ``too_many``.
    """
    until = taken_bytes = 0
    for id_, at_us, size in connection.execute(_OLDEST, (room, now_us, too_many, STEP)).fetchall():
        if taken_bytes >= STEP_BYTES or (at_us >= before_us and id_ > too_many):
            break
        until = id_
        taken_bytes += size
    return until


def _take_out(connection: sqlite3.Connection, room: int, until: int) -> Pruned:
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("UPDATE room SET pruned = ? WHERE number = ?", (until, room))
        connection.execute("DELETE FROM event WHERE room = ? AND id <= ?", (room, until))
        connection.execute(INDEXED)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return Pruned(room, until)


def due(connection: sqlite3.Connection, now: float, keep_s: float) -> int:
    """How many events `prune` would take out in all, as older than ``keep_s``. Raises sqlite3.Error."""
    times = {"now": round(now * US), "before": round((now - keep_s) * US)}
    (count,) = connection.execute(_DUE, times).fetchone()
    return int(count)
