"""Throwing a room's log away: in small steps, for good, and whatever happens on the way."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lanchatd.chat.answers import begin
from lanchatd.chat.closing_rooms import remove
from lanchatd.history.disk.pruning import STEP
from lanchatd.history.disk.store import PRUNE_PAUSE_S
from lanchatd.history.lanchat_log import main
from tests.commands.test_administering import Console
from tests.disk import DiskWorld

REMOVE = "room remove #dev --yes"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


def asked(path: Path, question: str) -> Any:
    """What the file answers."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(question).fetchone()[0]


def lines(path: Path) -> int:
    return int(asked(path, "SELECT count(*) FROM event"))


def in_index(path: Path, word: str) -> int:
    """How many lines the index of words has with this one, whatever room they are of."""
    return int(asked(path, f"SELECT count(*) FROM word WHERE word MATCH '{word}'"))  # noqa: S608


def talked(path: Path, many: int = 3 * STEP + 1) -> DiskWorld:
    """A world in which so many lines were said in #dev, and their words are in the index."""
    world = DiskWorld(path)
    world.join("alice", room="#dev").types("/topic plans", *(f"secret {n}" for n in range(many - 1)))
    world.join("bob").types("a secret of the lobby")
    world.passes(5)
    return world


def test_the_lines_go_in_small_steps_and_leave_the_index(path: Path) -> None:
    """Between two of them everybody talks; nobody finds one from the first on, and then the file has none."""
    world = talked(path).restarts()
    bob = world.join("bob2")
    assert b"plans" in path.read_bytes()
    assert (lines(path), in_index(path, "secret")) == (3 * STEP + 2, 3 * STEP + 1)
    Console(world).types(REMOVE)
    bob.sees()
    found = ["14:03 #lobby <bob> a secret of the lobby"]
    assert bob.types("/search secret").sees() == found
    left = [lines(path)]
    while left[-1] > 1:
        world.passes(PRUNE_PAUSE_S)
        left.append(lines(path))
    assert left == [302, 202, 102, 2, 1]
    assert in_index(path, "secret") == 1
    assert bob.types("/search secret").sees() == found
    world.passes(5 * PRUNE_PAUSE_S)
    assert asked(path, "SELECT count(*) FROM removed") == 0
    assert b"plans" not in path.read_bytes()


def test_a_room_that_was_removed_is_gone_after_a_restart(path: Path) -> None:
    """Not in the list, no topic; and the next one of that name is another log after a restart too."""
    world = talked(path, 3)
    ci = world.join_json("ci", room="#dev")
    log, last = ci.gets()[0]["log"], 3
    ci.vanishes()
    Console(world).types(REMOVE)
    world = world.restarts()
    carol = world.join("carol")
    assert carol.types("/rooms").sees() == ["-- #lobby (1 here)"]
    carol.types("/join #dev", "one", "two", "three", "four")
    for _ in range(2):
        came = world.join_json("ci", room="#dev", after=last, log=log).gets()
        assert came[0]["topic"] == ""
        assert [item["count"] for item in came if item["type"] == "missed"] == [None]
        assert [item["text"] for item in came if item["type"] == "said"] == ["one", "two", "three", "four"]
        world = world.restarts()
    assert main(["--state-dir", str(path.parent), "check"]) == 0


def test_what_a_crash_left_is_taken_out_at_the_next_start(path: Path) -> None:
    """Also if somebody has made a room of that name meanwhile, whose lines stay."""
    world = talked(path)
    Console(world).types(REMOVE)
    world.passes(PRUNE_PAUSE_S)
    world.join("carol", room="#dev").types("new")
    assert lines(path) == 2 * STEP + 3
    world.store.close()
    again = DiskWorld(path, after_s=60)
    dave = again.join("dave", room="#ops").types("of yet another room")
    assert dave.types("/search secret").sees()[-1].endswith("#lobby <bob> a secret of the lobby")
    again.passes(5 * PRUNE_PAUSE_S)
    assert (lines(path), in_index(path, "secret")) == (3, 1)
    assert dave.types("/join #dev").sees()[1] == "14:03 <carol> new"


def test_a_crash_before_it_is_on_the_disk_leaves_the_room_as_it_was(path: Path) -> None:
    """Nobody was told that it is gone."""
    world = talked(path, 3)
    alice = world.join("alice2", room="#dev")
    console = Console(world)
    world.writer.held = True
    console.begins(REMOVE)
    world.settle()
    assert (console.done, console.reports, alice.sees()) == ([], [], [])


def test_nothing_is_said_while_a_room_is_being_removed(path: Path) -> None:
    """It would be lost; and it is removed once."""
    world = talked(path, 3)
    alice, console = world.join("alice2", room="#dev"), Console(world)
    world.writer.held = True
    console.begins(REMOVE)
    assert alice.types("hello?").sees() == ["!! The room is being removed."]
    assert Console(world).types(REMOVE) == ["!! The room is being removed."]
    world.writer.held = False
    world.writer.lets_go()
    world.settle()
    assert console.done == [None]
    assert alice.sees()[0] == "-- #dev was removed by admin."
    world.passes(5 * PRUNE_PAUSE_S)
    assert lines(path) == 1


def test_a_line_on_its_way_goes_with_the_room(path: Path) -> None:
    """It is told, as it was kept before the room went, and nothing of it comes back."""
    world = DiskWorld(path)
    alice, bob = world.join_json("alice", room="#dev"), world.join("bob", room="#dev")
    alice.gets()
    world.writer.held = True
    alice.asks({"line": "last words", "ref": "1"})
    bob.wire.incoming.append(b"in the same turn\n")
    bob.wire.turn()
    console = Console(world)
    console.begins(REMOVE)
    world.settle()
    world.writer.held = False
    world.writer.lets_go()
    world.settle()
    assert console.done == [None]
    assert [item["type"] for item in alice.gets()][:3] == ["said", "ok", "notice"]
    seen = bob.sees()
    assert seen[:2] == ["<alice> last words", "-- #dev was removed by admin."]
    assert "!! The room is being removed." in seen
    world.passes(5 * PRUNE_PAUSE_S)
    assert (lines(path), asked(path, "SELECT count(*) FROM room")) == (0, 0)


def test_a_room_that_can_not_be_removed_goes_on(path: Path) -> None:
    """With the reason, and with everybody in it."""
    world = talked(path, 3)
    alice = world.join("alice2", room="#dev")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("ALTER TABLE removed RENAME TO gone")
    console = Console(world)
    assert console.types(REMOVE) == ["!! The log can't be thrown away: no such table: removed."]
    assert alice.types("still here").sees() == ["<alice2> still here"]
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("ALTER TABLE gone RENAME TO removed")
    assert console.types(REMOVE) == ["#dev was removed; 2 were in it."]


def test_a_daemon_that_ends_meanwhile_removes_nothing_more(path: Path) -> None:
    """The file is closed."""
    world = talked(path, 3)
    world.store.close()
    removed = begin(remove(world.chat, world.chat.rooms["#dev"], "admin", ""))
    world.settle()
    assert not removed.known
    assert lines(path) == 4


def test_lines_are_taken_out_while_older_ones_go_too(path: Path) -> None:
    """A room is removed while the limit of what is kept takes out lines elsewhere."""
    world = talked(path)
    world.limits.keep_events = 1
    world.passes(60)
    Console(world).types(REMOVE)
    world.passes(60)
    assert lines(path) == 1


def test_who_is_refused_while_a_room_is_removed_is_not_kept_in_memory(path: Path) -> None:
    """An error that was raised holds on to where it was: each has to be one of its own."""
    world = talked(path, 1)
    log = world.chat.rooms["#dev"].log
    world.writer.held = True
    begin(remove(world.chat, world.chat.rooms["#dev"], "admin", ""))
    alice = world.join("alice2", room="#dev")
    assert alice.types("hi", "hi").sees()[-2:] == ["!! The room is being removed."] * 2
    refused = log.refuses()
    assert refused is not None and refused.__traceback__ is None
