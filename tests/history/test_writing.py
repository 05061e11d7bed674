"""Rows go into the file many at once: all of them, in their order, or none."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from lanchatd.chat.events import Event, Kind
from lanchatd.chat.posted import Posted
from lanchatd.history.disk import reading, writing
from lanchatd.history.disk.opening import open_log
from lanchatd.history.disk.reading import RoomRow
from lanchatd.history.disk.writing import MOST_ROWS

LOBBY = RoomRow(1, "#lobby", "#Lobby")
TEXTS = ("hi", "ünï", "o'clock; DROP TABLE event; --", "null", "", "\x00", "[1]")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection, _ = open_log(tmp_path / "history.sqlite", pytest.fail)
    writing.write(connection, writing.values_of_rooms([LOBBY]), [])
    yield connection
    connection.close()


def said(*ids: int) -> list[Posted]:
    return [Posted(Event(Kind.SAID, "#Lobby", "alice", TEXTS[id_ % 7], float(id_), id_)) for id_ in ids]


def kept(connection: sqlite3.Connection) -> list[Event]:
    found: list[Event] = []
    while events := reading.read(connection, LOBBY, len(found), 1 << 40, 1 << 30):
        found += events
    return found


@pytest.mark.parametrize("count", [1, 2, MOST_ROWS - 1, MOST_ROWS, MOST_ROWS + 1, 3 * MOST_ROWS + 5])
def test_however_many_they_are_as_they_are(connection: sqlite3.Connection, count: int) -> None:
    """Also beyond what one statement takes, and whatever the texts look like."""
    batch = said(*range(1, count + 1))
    writing.write(connection, [], writing.values_of_events([(1, batch)]))
    assert kept(connection) == [posted.event for posted in batch]
    assert not connection.in_transaction


def test_all_or_none(connection: sqlite3.Connection) -> None:
    """One in the last statement can't be kept: neither are those in the first, nor the new room."""
    events = writing.values_of_events([(1, said(*range(1, 2 * MOST_ROWS), 1))])
    with pytest.raises(sqlite3.IntegrityError):
        writing.write(connection, writing.values_of_rooms([RoomRow(2, "#dev", "#dev")]), events)
    assert (kept(connection), connection.in_transaction) == ([], False)
    assert connection.execute("SELECT key FROM room").fetchall() == [("#lobby",)]


def test_rooms_beyond_one_statement(connection: sqlite3.Connection) -> None:
    """With an event in each."""
    numbers = range(2, 2 * MOST_ROWS)
    rooms = [RoomRow(number, f"#{number}", f"#{number}", removals=number % 3) for number in numbers]
    events = writing.values_of_events([(number, said(1)) for number in numbers])
    writing.write(connection, writing.values_of_rooms(rooms), events)
    rows = connection.execute("SELECT number, key, name, removals FROM room WHERE number > 1").fetchall()
    assert [RoomRow(*row) for row in rows] == rooms
    assert connection.execute("SELECT room FROM event ORDER BY place").fetchall() == [(n,) for n in numbers]
