"""The log on disk: what anybody saw is there again, and in the same order."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lanchatd.chat.events import Topic
from tests.disk import DiskWorld
from tests.world import NOON, Person


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


def said(person: Person) -> list[tuple[int, str]]:
    """The id and the text of the talk that it got since it looked last."""
    return [(got["id"], got["text"]) for got in person.gets() if "id" in got and got["type"] != "ok"]


def kept(world: DiskWorld) -> int:
    """How many events are in the file, as another program sees it."""
    with closing(sqlite3.connect(world.path)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM event").fetchone()
    return int(count)


def test_what_was_said_is_there_after_a_restart(path: Path) -> None:
    """With its ids, its times, its order, its room and its topic, who set that and when."""
    world = DiskWorld(path)
    alice = world.join_json("alice").asks({"line": "one"}, {"line": "/topic Tea at four"})
    alice.asks({"line": "/join #Dev"}, {"line": "/me starts 日本語 🎉"}, {"line": "//slash"})
    lobby = world.join_json("bob").gets()
    dev = world.join_json("carol", room="#dev").gets()
    again = world.restarts(after_s=1_000)
    assert again.join_json("bob").gets()[:-1] == lobby[:-1]
    assert again.join_json("carol", room="#dev").gets()[1:-1] == dev[1:-1]
    assert [(room.name, room.topic) for room in again.chat.rooms.values()] == [
        ("#lobby", Topic("Tea at four", "alice", NOON)),
        ("#Dev", Topic()),
    ]


def test_a_line_of_another_day_is_shown_with_its_date(path: Path) -> None:
    """A room may have been silent for long."""
    world = DiskWorld(path)
    world.join("alice").types("one")
    again = world.restarts(after_s=86_400)
    again.join("bob").types("two")
    seen = again.connect().types("carol").sees()
    assert [line for line in seen if "<" in line] == ["2026-11-22 14:03 <alice> one", "14:03 <bob> two"]


def test_ids_go_on_after_a_restart(path: Path) -> None:
    """Without a gap and without a double, in every room."""
    world = DiskWorld(path)
    world.join_json("alice").asks({"line": "one"}, {"line": "two"})
    world.join_json("bob", room="#dev").asks({"line": "un"})
    again = world.restarts()
    assert said(again.join_json("alice").asks({"line": "three"})) == [(1, "one"), (2, "two"), (3, "three")]
    assert said(again.join_json("bob", room="#dev").asks({"line": "deux"})) == [(1, "un"), (2, "deux")]


def test_who_comes_back_after_a_restart_goes_on_where_it_was(path: Path) -> None:
    """The log has the same name; nothing is missing and nothing is double."""
    world = DiskWorld(path)
    world.join_json("alice").asks(*({"line": f"{n}"} for n in range(1, 41)))
    (welcome, *_) = world.join_json("bob").gets()
    got = world.restarts().join_json("bob", after=10, log=welcome["log"]).gets()
    assert [event["id"] for event in got if event["type"] == "said"] == list(range(11, 41))
    assert "missed" not in {event["type"] for event in got}


def test_a_fresh_file_is_another_log(path: Path, tmp_path: Path) -> None:
    """Its ids mean something else, and who comes back is told so."""
    assert DiskWorld(path).store.name != DiskWorld(tmp_path / "other").store.name


def test_a_line_sent_again_after_a_restart_is_there_once(path: Path) -> None:
    """Its ref is kept with it: whoever saw no answer may say it again."""
    world = DiskWorld(path)
    line = {"line": "hello", "ref": "17"}
    first = world.join_json("alice").asks({"line": "zero"}, line, {"line": "/me waves", "ref": "18"}).gets()
    assert {"type": "ok", "ref": "17", "id": 2} in first
    again = world.restarts(after_s=599)
    alice = again.join_json("alice").asks(line, {"line": "/me waves", "ref": "18"}, {"line": "new"})
    got = alice.gets()
    assert {"type": "ok", "ref": "17", "id": 2} in got and {"type": "ok", "ref": "18", "id": 3} in got
    assert [event["text"] for event in got if event["type"] in ("said", "acted")] == [
        "zero", "hello", "waves", "new",
    ]  # fmt: skip


def test_a_ref_is_forgotten_after_its_time(path: Path) -> None:
    """As if the daemon had not been restarted."""
    world = DiskWorld(path)
    world.join_json("alice").asks({"line": "hello", "ref": "17"})
    alice = world.restarts(after_s=601).join_json("alice").asks({"line": "hello", "ref": "17"})
    assert said(alice) == [(1, "hello"), (2, "hello")]


def test_the_newest_refs_are_known_after_a_restart(path: Path) -> None:
    """No more of them than the limit."""
    world = DiskWorld(path)
    for ref in "abc":
        world.join_json(f"n{ref}").asks({"line": "hello", "ref": ref})
    again = world.restarts(max_refs=2)
    assert len(again.chat.refs) == 2
    assert len(said(again.join_json("nc").asks({"line": "hello", "ref": "c"}))) == 3
    assert len(said(again.join_json("na").asks({"line": "hello", "ref": "a"}))) == 4


def test_nobody_sees_a_line_before_it_is_on_the_disk(path: Path) -> None:
    """Whatever the disk does meanwhile; and the next lines gather into one commit."""
    world = DiskWorld(path)
    alice, bob = world.join("alice"), world.join("bob", room="#dev")
    alice.sees()
    world.writer.held = True
    alice.types("one")
    bob.types("un")
    alice.types("two", "three")
    assert (alice.sees(), bob.sees(), kept(world)) == ([], [], 1)
    world.writer.answers()
    world.settle()
    assert (alice.sees(), bob.sees(), kept(world)) == (["<alice> one"], [], 4)
    world.writer.answers()
    world.settle()
    assert (alice.sees(), bob.sees()) == (["<alice> two", "<alice> three"], ["<bob> un"])


def test_one_turn_of_all_rooms_is_one_commit(path: Path) -> None:
    """Ten rooms that talk at once cost the disk as much as one."""
    world = DiskWorld(path)
    people = [world.join(f"n{n}", room=f"#r{n}") for n in range(10)]
    world.writer.held = True
    for person in people:
        person.wire.incoming.append(b"hello\n")
    world.settle()
    world.writer.answers()
    world.settle()
    assert [person.sees() for person in people] == [[f"<n{n}> hello"] for n in range(10)]


def test_what_is_past_the_memory_is_read_from_the_disk(path: Path) -> None:
    """However far somebody is behind: nothing is missed, and memory holds no more than its limit."""
    world = DiskWorld(path, log_events=5, chunk_bytes=4_096)
    alice = world.join_json("alice")
    bob = world.join_json("bob")
    alice.gets(), bob.gets()
    bob.stops_reading()
    for n in range(1, 201):
        alice.asks({"line": f"{n} " + "x" * 100})
    bob.reads_on()
    assert [id_ for id_, _ in said(bob)] == list(range(1, 201))
    assert [id_ for id_, _ in said(world.join_json("carol", after=0))] == list(range(1, 201))


def test_reading_old_lines_does_not_hold_up_talking(path: Path) -> None:
    """They come from another thread, when it has them."""
    world = DiskWorld(path, log_events=5)
    alice = world.join_json("alice").asks(*({"line": f"{n}"} for n in range(1, 41)))
    alice.gets()
    world.reader.held = True
    bob = world.join_json("bob", after=0)
    alice.asks({"line": "still talking"})
    assert said(alice) == [(41, "still talking")]
    assert said(bob) == []
    world.reader.held = False
    world.reader.answers()
    world.settle()
    assert [id_ for id_, _ in said(bob)] == list(range(1, 42))


def test_long_lines_come_from_the_disk_in_chunks(path: Path) -> None:
    """Each read is bounded in bytes, and gets on by one line at least."""
    world = DiskWorld(path, log_events=1, chunk_bytes=4_096, bytes_per_s=1_000_000)
    alice = world.join_json("alice")
    for n in range(1, 31):
        alice.asks({"line": f"{n} " + "ß" * 600})
    assert [id_ for id_, _ in said(world.join_json("bob", after=0))] == list(range(1, 31))


def test_an_empty_room_leaves_nothing(path: Path) -> None:
    """It is made when somebody talks in it."""
    world = DiskWorld(path)
    world.join("alice", room="#dev").types("/join #lobby")
    assert list(world.chat.rooms) == ["#lobby"]
    assert list(world.restarts().chat.rooms) == ["#lobby"]


def test_rooms_over_the_limit_come_back_all_the_same(path: Path) -> None:
    """What is in them is not lost because a limit was lowered; it is on how many are used at once."""
    world = DiskWorld(path)
    for n in range(4):
        world.join(f"n{n}", room=f"#r{n}").types("hello")
    again = world.restarts(max_rooms=3)
    assert len(again.chat.rooms) == 5
    assert again.join("alice").types("/join #r3").sees()[0].startswith("-- You are alice in #r3.")
    assert again.join("bob").types("/join #r0").sees()[0].startswith("-- You are bob in #r0.")
    again.join("carol")
    assert again.join("dave").types("/join #new").sees()[0].startswith("!! There are 3 rooms with somebody")
    assert again.join("erin").types("/join #r1").sees()[0].startswith("!! There are 3 rooms with somebody")


def test_the_file_is_for_its_owner_only(path: Path) -> None:
    """It holds what people said."""
    world = DiskWorld(path)
    world.join("alice").types("hello")
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_every_commit_waits_for_the_disk(path: Path) -> None:
    """WAL and synchronous=FULL: a power cut loses nothing that anybody saw."""
    world = DiskWorld(path)
    connection: Any = world.store._workers[0][1]
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_closing_leaves_one_whole_file(path: Path) -> None:
    """Nothing waits in a second one: it can be copied away."""
    world = DiskWorld(path)
    world.join("alice").types("hello")
    (close,) = world.at_shutdown
    close()
    assert [file.name for file in path.parent.iterdir()] == ["history.sqlite"]
    assert all(worker.stopped for worker in world.workers.values())
