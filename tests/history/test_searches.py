"""Searches that are dear: they end, they take turns, and nobody else waits for them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from lanchatd.chat.searching import Hits
from lanchatd.history.disk import reading
from lanchatd.history.disk.commits import HANGS_S
from lanchatd.history.disk.index import STEP_BYTES
from lanchatd.history.disk.searches import CATCH_UP_STEPS, Searches
from tests.disk import DiskWorld

IN_VAIN = "!! Nothing was found in time: search for longer words, or for fewer."
CUT = "-- The search took too long, and was ended there."
UNREADABLE = "!! The log can't be read: the disk does not answer."


@pytest.fixture
def world(tmp_path: Path) -> DiskWorld:
    return DiskWorld(tmp_path / "history.sqlite")


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the file was asked for, in order."""
    asked: list[str] = []
    search = reading.search

    def spy(connection: sqlite3.Connection, query: str, *rest: Any) -> Hits:
        asked.append(query.strip('"*'))
        return search(connection, query, *rest)

    monkeypatch.setattr(reading, "search", spy)
    return asked


def ends_after(looks: int) -> Callable[..., Callable[[], bool]]:
    """An end that comes when it was looked so often."""

    def new_end(*_: object) -> Callable[[], bool]:
        looked = count(1)
        return lambda: next(looked) > looks

    return new_end


def test_a_search_ends_wherever_it_is(world: DiskWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found so far are the newest; and the connection is good for the next one."""
    monkeypatch.setattr(reading, "_LOOK_EVERY", 1)
    alice = world.join("alice")
    for number in range(12):
        alice.types(f"tea {number}")
    world.passes(10)
    with closing(sqlite3.connect(world.path)) as connection:
        whole = reading.search(connection, '"tea"*', 1_000, 10, lambda: lambda: False)
        assert whole.whole and len(whole.lines) == 10
        seen = set()
        for looks in count():
            hits = reading.search(connection, '"tea"*', 1_000, 10, ends_after(looks))
            assert hits.lines == whole.lines[: len(hits.lines)]
            seen.add(len(hits.lines))
            if hits.whole:
                break
        assert seen == set(range(11))


def test_another_fault_is_not_taken_for_the_end(world: DiskWorld) -> None:
    """It is told as it is."""
    with (
        closing(sqlite3.connect(world.path)) as connection,
        pytest.raises(sqlite3.OperationalError, match="unterminated string"),
    ):
        reading.search(connection, '"', 1_000, 10, lambda: lambda: False)


def test_who_searches_for_too_much_is_shown_what_was_found(
    world: DiskWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And told that it was ended; alone it goes on from there."""
    monkeypatch.setattr(reading, "_LOOK_EVERY", 1)
    alice = world.join("alice")
    for number in range(5):
        alice.types(f"tea {number}")
    world.passes(10)
    alice.sees()
    looks = 0
    while True:
        looks += 1
        monkeypatch.setattr(Searches, "_new_end", ends_after(looks))
        seen = alice.types("/search tea").sees()
        if seen != [IN_VAIN]:
            break
    assert looks > 10
    first, more, cut = seen
    assert first.endswith("tea 4") and cut == CUT
    assert more == "-- There are more: /search alone shows them."
    monkeypatch.setattr(Searches, "_new_end", lambda *_: lambda: False)
    assert [line.split()[-1] for line in alice.types("/search").sees()] == list("3210")


def test_a_search_has_a_time(world: DiskWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that only goes forward."""
    monkeypatch.setattr(reading, "_LOOK_EVERY", 1)
    monkeypatch.setattr("lanchatd.history.disk.searches.SEARCH_S", -1)
    alice = world.join("alice").types("tea")
    alice.sees()
    assert alice.types("/search tea").sees() == [IN_VAIN]
    got = world.join_json("bob").asks({"line": "/search tea", "ref": "1"}).gets()
    assert [item["code"] for item in got if item["type"] == "error"] == ["took_too_long"]


def test_addresses_take_turns(world: DiskWorld, searched: list[str]) -> None:
    """Whoever has sixty connections waits for its own searches; another one waits for one of them."""
    many = [world.join(f"m{number}", "192.0.2.1") for number in range(5)]
    other, local = world.join("other", "192.0.2.2"), world.join("third", "192.0.2.3")
    worker = world.workers["log searches"]
    worker.held = True
    for number, person in enumerate(many):
        person.types(f"/search many{number}")
    other.types("/search other")
    local.types("/search third")
    assert searched == ["many0"]  # one at a time
    for _ in range(6):
        worker.answers()
        world.settle()
    assert searched == ["many0", "many1", "other", "third", "many2", "many3", "many4"]
    worker.held = False
    worker.lets_go()
    world.settle()
    assert all(person.sees()[-1] == "-- There is no such line." for person in (*many, other, local))


def test_who_has_left_is_not_searched_for(world: DiskWorld, searched: list[str]) -> None:
    """Nor does anybody wait for it; and who comes with the same nick is told nothing."""
    alice, bob, carol = world.join("alice"), world.join("bob"), world.join("carol")
    worker = world.workers["log searches"]
    worker.held = True
    alice.types("/search one")
    bob.types("/search two")
    carol.types("/search three")
    alice.vanishes()
    bob.vanishes()
    world.settle()
    bob = world.join("bob")
    bob.sees(), carol.sees()
    worker.held = False
    worker.lets_go()
    world.settle()
    assert searched == ["one", "three"]
    assert carol.sees() == ["-- There is no such line."] and bob.sees() == []


def test_a_search_waits_for_some_steps_of_the_index(world: DiskWorld) -> None:
    """What was said right before is found, many long lines too; but not all that was ever said."""
    alice = world.join("alice")
    for number in range(20):
        alice.types(f"tea {number} " + "x" * (STEP_BYTES // 16))
    alice.sees()
    assert len(alice.types("/search tea").sees()) == 20
    worker, steps = world.writer, []
    do = worker.do

    def spy(work: Callable[[], Any], answer: Callable[[Any], None]) -> None:
        steps.append(work)
        do(lambda: True, answer)  # "there are more"

    worker.do = spy  # type: ignore[method-assign]
    assert len(alice.types("/search tea").sees()) == 20
    assert len(steps) == CATCH_UP_STEPS


def test_nothing_is_searched_when_the_file_is_closed(world: DiskWorld, searched: list[str]) -> None:
    """What is under way ends, what waits is dropped, and the disk is not blamed."""
    alice, bob = world.join("alice").types("tea"), world.join("bob")
    world.passes(10)
    world.writer.held = True
    alice.types("/search tea")
    bob.types("/search tea")
    end = world.store.searches._new_end()
    assert not end()
    assert world.store.close()
    assert end()
    world.writer.lets_go()
    world.settle()
    assert searched == []


def test_who_searches_a_disk_that_hangs_is_told_so(world: DiskWorld) -> None:
    """After a while, and then at once; when it answers, all goes on."""
    alice, bob = world.join("alice").types("tea"), world.join("bob")
    alice.sees(), bob.sees()
    worker = world.workers["log searches"]
    worker.held = True
    alice.types("/search tea")
    world.passes(HANGS_S)
    assert alice.sees() == [UNREADABLE]
    assert bob.types("/search tea").sees() == [UNREADABLE]
    worker.held = False
    worker.lets_go()
    world.settle()
    assert alice.sees() == []
    assert bob.types("/search tea").sees()[0].endswith("<alice> tea")


def test_who_reads_from_a_disk_that_hangs_is_told_so(tmp_path: Path) -> None:
    """Those far behind may come back; nobody else waits for them, and their chunk is not given to anybody."""
    world = DiskWorld(tmp_path / "log", log_events=1)
    alice = world.join("alice").types("one", "two", "three")
    alice.sees()
    world.reader.held = True
    behind = [world.join_json(f"b{number}", after=0) for number in range(3)]
    alice.types("/history before 2030-01-01")
    world.passes(HANGS_S + 1)
    for person in behind:
        (error,) = [got for got in person.gets() if got["type"] == "error"]
        assert (error["code"], "!! " + error["text"], person.gone) == ("log_failed", UNREADABLE, True)
    assert UNREADABLE in alice.sees()
    alice.types("four")
    assert alice.sees() == ["<alice> four"]
    world.reader.held = False
    world.reader.lets_go()
    world.settle()
    got = world.join_json("late", after=0).gets()
    assert [item["text"] for item in got if item["type"] == "said"] == ["one", "two", "three", "four"]
