"""Throwing away the log of a room: at once for everybody, and from the file in the steps of `pruning`.

By one transaction the room is not there any more. A room of that name that is made afterwards has
another number, and its log another name; so what is left of the old one can be taken out at any time, also
after a crash.
"""

from __future__ import annotations

import sqlite3

# What one step writes of the index of words, in its pages of 4 KB: milliseconds.
MERGED_PAGES = 32

_MERGE = "INSERT INTO word (word, rank) VALUES ('merge', ?)"


def remove(connection: sqlite3.Connection, number: int) -> int:
    """Throw away a room, by its number. Returns how many have been removed by now. Raises sqlite3.Error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("INSERT INTO removed (number) SELECT number FROM room WHERE number = ?", (number,))
        connection.execute("DELETE FROM room WHERE number = ?", (number,))
        connection.execute("UPDATE log SET removals = removals + 1")
        (removals,) = connection.execute("SELECT removals FROM log").fetchone()
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return int(removals)


def removed(connection: sqlite3.Connection) -> tuple[int, list[int]]:
    """How many rooms have been removed, and the numbers of those that are still to be taken out of the file.

    Raises sqlite3.Error.
    """
    (removals,) = connection.execute("SELECT removals FROM log").fetchone()
    return removals, [number for (number,) in connection.execute("SELECT number FROM removed")]


def take_words_out(connection: sqlite3.Connection, number: int) -> bool:
    """Write a part of the index anew, when the events of a removed room are gone: its words are in it yet.

    They can't be found, but read. Returns whether there is more to write. When there is not, nothing is left
    of the room. Raises sqlite3.Error.
    """
    (merging,) = connection.execute("SELECT merging FROM removed WHERE number = ?", (number,)).fetchone()
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Less than 0 begins with all of it, else it goes on (https://sqlite.org/fts5.html#the_merge_command).
        before = connection.total_changes
        connection.execute(_MERGE, (MERGED_PAGES if merging else -MERGED_PAGES,))
        more = connection.total_changes - before > 1
        if more:
            connection.execute("UPDATE removed SET merging = 1 WHERE number = ?", (number,))
        else:
            connection.execute("DELETE FROM removed WHERE number = ?", (number,))
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    if not more:
        # While little is said, it would be long before the file itself is written.
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    return more
