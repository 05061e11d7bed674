"""Taking old events out of the file, a few at a time: between two steps everybody talks."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from lanchatd.history.disk.rows import US

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

# When nothing is left, places begin anew.
_INDEXED = "UPDATE log SET indexed = min(indexed, (SELECT coalesce(max(place), 0) FROM event))"

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
    """What a step took out: the events of a room, by its number, up to an id."""

    room: int
    until: int


def prune(connection: sqlite3.Connection, now: float, keep_s: float, keep_events: int) -> Pruned | None:
    """Take the oldest events of one room out, or none if there is nothing to take out in any.

    Those older than ``keep_s`` at the moment ``now`` (seconds since the epoch), and those beyond the newest
    ``keep_events``. The ids of what comes later go on all the same. Raises sqlite3.Error.
    """
    now_us, before_us = round(now * US), round((now - keep_s) * US)
    for (room,) in connection.execute("SELECT number FROM room").fetchall():
        (newest,) = connection.execute("SELECT max(id) FROM event WHERE room = ?", (room,)).fetchone()
        too_many, until, taken_bytes = (newest or 0) - keep_events, 0, 0
        for id_, at_us, size in connection.execute(_OLDEST, (room, now_us, too_many, STEP)).fetchall():
            if taken_bytes >= STEP_BYTES or (at_us >= before_us and id_ > too_many):
                break
            until = id_
            taken_bytes += size
        if until:
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.execute("UPDATE room SET pruned = ? WHERE number = ?", (until, room))
                connection.execute("DELETE FROM event WHERE room = ? AND id <= ?", (room, until))
                connection.execute(_INDEXED)
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            return Pruned(room, until)
    return None


def due(connection: sqlite3.Connection, now: float, keep_s: float) -> int:
    """How many events `prune` would take out in all, as older than ``keep_s``. Raises sqlite3.Error."""
    times = {"now": round(now * US), "before": round((now - keep_s) * US)}
    (count,) = connection.execute(_DUE, times).fetchone()
    return int(count)
