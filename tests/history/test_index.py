"""The index of words: behind what is said by a moment, and never so that somebody notices."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from lanchatd.chat.events import Event, Kind
from lanchatd.chat.posted import Posted
from lanchatd.history.disk import pruning, writing
from lanchatd.history.disk.index import STEP, STEP_BYTES, index
from lanchatd.history.disk.opening import open_log
from lanchatd.history.disk.pruning import Pruned, prune
from lanchatd.history.disk.reading import RoomRow
from lanchatd.history.disk.schema import MIGRATIONS
from lanchatd.history.disk.store import INDEX_AFTER_S, PRUNE_EVERY_S
from lanchatd.state.trusted_time import JUMP_S
from tests.disk import DiskWorld


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


def indexed(path: Path, word: str) -> int:
    """How many lines the index finds by itself, as another program sees it."""
    with closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM word WHERE text MATCH ?", (word,)).fetchone()
    return int(count)


def finds(world: DiskWorld, nick: str, word: str) -> list[str]:
    """The texts that somebody new finds."""
    searcher = world.join(nick)
    return [
        line.split("> ", 1)[1]
        for line in searcher.types(f"/search {word}").sees()
        if not line.startswith("--")
    ]


def test_the_words_of_a_line_come_after_it(path: Path) -> None:
    """A moment later, and without a search."""
    world = DiskWorld(path)
    world.join("alice").types("tea")
    assert indexed(path, "tea") == 0
    world.passes(INDEX_AFTER_S)
    assert indexed(path, "tea") == 1


def test_what_was_said_a_moment_ago_is_found(path: Path) -> None:
    """Who searches does not wait for it either."""
    world = DiskWorld(path)
    alice = world.join("alice").types("tea")
    alice.sees()
    assert len(alice.types("more tea", "/search tea").sees()) == 1 + 2


def test_what_was_not_in_it_at_the_end_is_taken_in_after_a_restart(path: Path) -> None:
    """Also if nobody says anything more."""
    world = DiskWorld(path)
    world.join("alice").types("tea")
    again = world.restarts()
    again.passes(INDEX_AFTER_S)
    assert indexed(path, "tea") == 1


def test_many_lines_are_taken_in_step_by_step(path: Path) -> None:
    """Between two steps others write."""
    connection, _ = open_log(path, lambda warning: None)
    events = [Posted(Event(Kind.SAID, "#lobby", "alice", "tea", 1.0, id_)) for id_ in range(1, 2 * STEP + 2)]
    with closing(connection):
        writing.write(
            connection,
            writing.values_of_rooms([RoomRow(1, "#lobby", "#lobby")]),
            writing.values_of_events([(1, events)]),
        )
        assert [index(connection) for _ in range(3)] == [True, True, False]
        assert indexed(path, "tea") == 2 * STEP + 1
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # the next line waits for the disk
    world = DiskWorld(path)
    world.join("bob").types("more tea")
    world.passes(INDEX_AFTER_S)
    assert indexed(path, "tea") == 2 * STEP + 2


def test_long_lines_are_taken_in_and_out_a_few_at_a_time(path: Path) -> None:
    """Whoever talks waits for a step, and it is the words that it has to wait for, not the lines."""
    words, count = "a b " * 1_000, 3 * STEP_BYTES // 4_000
    connection, _ = open_log(path, lambda warning: None)
    events = [Posted(Event(Kind.SAID, "#lobby", "alice", words, 1.0, id_)) for id_ in range(1, count + 1)]
    with closing(connection):
        writing.write(
            connection,
            writing.values_of_rooms([RoomRow(1, "#lobby", "#lobby")]),
            writing.values_of_events([(1, events)]),
        )
        a_step = -(-STEP_BYTES // 4_000)
        for taken_in in (a_step, 2 * a_step, count):
            assert index(connection) is (taken_in < count)
            assert indexed(path, "a") == taken_in
        a_step = -(-pruning.STEP_BYTES // 4_000)
        assert [prune(connection, 1e9, 1, 1) for _ in range(2)] == [Pruned(1, a_step), Pruned(1, 2 * a_step)]
        connection.execute("INSERT INTO word (word) VALUES ('integrity-check')")


def test_a_line_longer_than_a_step_is_taken_in_and_out(path: Path) -> None:
    """One at least, or nothing behind it would ever be found."""
    connection, _ = open_log(path, lambda warning: None)
    events = [Posted(Event(Kind.SAID, "#lobby", "alice", "tea " * STEP_BYTES, 1.0, id_)) for id_ in (1, 2)]
    with closing(connection):
        writing.write(
            connection,
            writing.values_of_rooms([RoomRow(1, "#lobby", "#lobby")]),
            writing.values_of_events([(1, events)]),
        )
        assert [index(connection) for _ in range(3)] == [True, True, False]
        assert indexed(path, "tea") == 2
        assert prune(connection, 1e9, 1, 1) == Pruned(1, 1)


def test_lines_go_before_they_were_taken_in(path: Path) -> None:
    """Their words are not taken out of an index that never had them, and new lines are found as ever."""
    world = DiskWorld(path, keep_days=1)
    alice = world.join("alice").types("old tea")
    world.passes(INDEX_AFTER_S)
    world.workers["log writes"].held = True
    alice.types("tea of yesterday")
    world.restarts()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT max(place), max(indexed) FROM event, log").fetchone() == (2, 1)
    later = DiskWorld(path, 2 * 86_400, keep_days=1)
    later.store._indexing.cancel()  # type: ignore[union-attr]
    later.passes(JUMP_S + 2 * PRUNE_EVERY_S)  # until it believes its clock
    bob = later.join("bob").types("fresh tea")
    assert "fresh tea" in bob.sees()[-1]
    assert finds(later, "carol", "tea") == ["fresh tea"]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO word (word) VALUES ('integrity-check')")


def test_an_index_that_cannot_be_written_still_finds_what_is_in_it(path: Path) -> None:
    """And takes in the rest when it can."""
    world = DiskWorld(path)
    world.join("alice").types("tea")
    world.passes(INDEX_AFTER_S)
    world.join("bob").types("late tea")
    _, writing = world.store._workers[0]
    writing.execute("PRAGMA query_only = 1")
    assert finds(world, "carol", "tea") == ["tea"]
    world.passes(INDEX_AFTER_S)
    writing.execute("PRAGMA query_only = 0")
    world.passes(PRUNE_EVERY_S)
    assert finds(world, "dave", "tea") == ["late tea", "tea"]


def of_version_1(path: Path, texts: list[tuple[str, str | None]]) -> None:
    """A file as the first version left it: texts with the words that it made of them, in its index."""
    connection, _ = open_log(path, pytest.fail, MIGRATIONS[:1])
    with closing(connection):
        connection.execute("INSERT INTO room (number, key, name) VALUES (1, '#lobby', '#lobby')")
        for id_, (text, words) in enumerate(texts, 1):
            connection.execute(
                "INSERT INTO event (room, id, at_us, kind, nick, text, words)"
                " VALUES (1, ?, 1795356191000000, 'said', 'alice', ?, ?)",
                (id_, text, words),
            )
        connection.execute("INSERT INTO word (rowid, text) SELECT place, coalesce(words, text) FROM event")
        connection.execute("UPDATE log SET indexed = (SELECT max(place) FROM event)")


def test_an_index_of_an_older_version_is_built_anew(path: Path) -> None:
    """With the words that are made of a text today, which are taken out again with it."""
    of_version_1(path, [("новая ёлка", None), ("ｔｅａ", "tea"), ("吃饭", " 吃  饭 "), ("plain", None)])
    world = DiskWorld(path)
    world.passes(INDEX_AFTER_S)
    assert finds(world, "bob", "елка") == ["новая ёлка"]
    assert finds(world, "carol", "ЁЛКА") == ["новая ёлка"]
    assert finds(world, "dave", "tea") == ["ｔｅａ"]
    assert finds(world, "erin", "吃饭") == ["吃饭"]
    assert finds(world, "frank", "plain") == ["plain"]
    world.limits.keep_events = 1
    world.passes(PRUNE_EVERY_S)
    assert finds(world, "grace", "елка") == []
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO word (word) VALUES ('integrity-check')")


def test_an_index_is_built_anew_while_people_talk(path: Path) -> None:
    """Step by step; also if the daemon ends half-way, and lines go that are not in it yet."""
    of_version_1(path, [("ёлка", None)] * (2 * STEP + 1))
    world = DiskWorld(path)
    alice = world.join("alice")
    alice.sees()
    world.passes(INDEX_AFTER_S)
    assert indexed(path, "елка") == STEP
    alice.types("елка")
    assert alice.sees() == ["<alice> елка"]
    again = world.restarts(keep_events=STEP + 1)
    again.passes(PRUNE_EVERY_S)
    again.passes(INDEX_AFTER_S)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO word (word) VALUES ('integrity-check')")
        (kept,) = connection.execute("SELECT count(*) FROM event").fetchone()
    assert indexed(path, "елка") == kept
