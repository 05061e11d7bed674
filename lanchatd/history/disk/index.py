"""The index of words, brought up to what was said, many lines at a time.

A line is kept before anybody sees it; to find it can wait a second. With each line, the index would cost more
than the line itself.
"""

from __future__ import annotations

import sqlite3

# Events that one step takes in: a few milliseconds, in which nothing else is written.
STEP = 1_000

_NEXT = "SELECT * FROM event WHERE place > (SELECT indexed FROM log) ORDER BY place LIMIT ?"
_INDEX = f"INSERT INTO word (rowid, text) SELECT place, coalesce(words, text) FROM ({_NEXT})"  # noqa: S608
_INDEXED = f"UPDATE log SET indexed = coalesce((SELECT max(place) FROM ({_NEXT})), indexed)"  # noqa: S608


def index(connection: sqlite3.Connection) -> bool:
    """Take in the next events that are not in the index. Returns whether there may be more of them.

    Raises sqlite3.Error.
    """
    # If a power cut takes the index back, it also takes back up to where it went.
    connection.execute("PRAGMA synchronous = NORMAL")
    try:
        connection.execute("BEGIN IMMEDIATE")
        taken_in = connection.execute(_INDEX, (STEP,)).rowcount
        if taken_in:
            connection.execute(_INDEXED, (STEP,))
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute("PRAGMA synchronous = FULL")
    return taken_in == STEP
