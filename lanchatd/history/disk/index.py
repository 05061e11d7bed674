"""The index of words, brought up to what was said, many lines at a time.

A line is kept before anybody sees it; to find it can wait a second. With each line, the index would cost more
than the line itself.
"""

from __future__ import annotations

import json
import sqlite3

from lanchatd.history.disk.words import words_of

# What one step takes in at the most, in events and in bytes of text (and one event at least): milliseconds,
# in which nothing else is written. With many short words a byte costs ten times as much as with few.
STEP = 1_000
STEP_BYTES = 32_768

_UNTIL = """
    WITH RECURSIVE step (place, bytes, events) AS (
        SELECT indexed, 0, 0 FROM log
        UNION ALL
        SELECT event.place, bytes + length(CAST(coalesce(words, text) AS BLOB)), events + 1
        FROM step JOIN event ON event.place = (SELECT min(place) FROM event WHERE place > step.place)
        WHERE bytes < ? AND events < ?
    ) SELECT max(place), max(events), max(bytes) FROM step
"""
_INDEX = """
    INSERT INTO word (rowid, text) SELECT place, coalesce(words, text) FROM event
    WHERE place > (SELECT indexed FROM log) AND place <= ?
"""
_INDEXED = "UPDATE log SET indexed = ?"

_OUTDATED = """
    SELECT json_group_array(json_array(place, text, words)) FROM event, log
    WHERE place > indexed AND place <= min(outdated, ?)
"""
_RENEW = """
    UPDATE event SET words = json_extract(value, '$[1]') FROM json_each(?)
    WHERE place = json_extract(value, '$[0]')
"""


def index(connection: sqlite3.Connection) -> bool:
    """Take in the next events that are not in the index. Returns whether there may be more of them.

    Raises sqlite3.Error.
    """
    # If a power cut takes the index back, it also takes back up to where it went.
    (was,) = connection.execute("PRAGMA synchronous").fetchone()
    connection.execute("PRAGMA synchronous = NORMAL")
    try:
        connection.execute("BEGIN IMMEDIATE")
        until, events, size = connection.execute(_UNTIL, (STEP_BYTES, STEP)).fetchone()
        if events:
            _renew_words(connection, until)
            connection.execute(_INDEX, (until,))
            connection.execute(_INDEXED, (until,))
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute(f"PRAGMA synchronous = {was}")
    return bool(events == STEP or size >= STEP_BYTES)


def _renew_words(connection: sqlite3.Connection, until: int) -> None:
    """Make the words of the next events again, up to a place, if they are of an older version."""
    (outdated,) = connection.execute(_OUTDATED, (until,)).fetchone()
    found = ((place, words_of(text), words) for place, text, words in json.loads(outdated))
    renewed = [(place, words) for place, words, was in found if words != was]
    if renewed:
        connection.execute(_RENEW, (json.dumps(renewed, ensure_ascii=False),))
