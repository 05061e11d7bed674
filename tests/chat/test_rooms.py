"""Rooms: how many there can be, and what becomes of those with nobody in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.disk import DiskWorld
from tests.world import World

MAX = 3


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


@pytest.mark.parametrize("on_disk", [True, False])
def test_one_stranger_cannot_use_up_the_rooms(path: Path, on_disk: bool) -> None:
    """The limit is on rooms with somebody in them, and those that were left behind count for nothing."""
    world = DiskWorld(path, max_rooms=MAX) if on_disk else World(max_rooms=MAX)
    stranger = world.join("stranger")
    for number in range(10):
        stranger.types(f"/join #z{number}", "mine").sees()
    assert world.join("alice").types("/join #dev").sees()[-1] == "-- 1 in #dev: alice (plain)"
    if isinstance(world, DiskWorld):
        again = world.restarts(max_rooms=MAX)
        assert again.join("alice").types("/join #new").sees()[-1] == "-- 1 in #new: alice (plain)"


def test_a_room_that_was_put_away_comes_back_as_it_was(path: Path) -> None:
    """Its lines, its topic and its ids; from the disk, as nothing of what was said is held in memory."""
    world = DiskWorld(path, max_rooms=MAX)
    alice = world.join("alice", room="#dev").types("/topic code", "one", "two", "/join #lobby")
    assert alice.sees()[-1].startswith("-- 1 in #lobby")
    room = world.chat.rooms["#dev"]
    world.reader.held = True
    assert not room.log.read(0, 3, 65_536).known
    world.reader.held = False
    world.reader.lets_go()
    bob = world.join("bob").types("/join #dev")
    assert bob.sees()[:5] == [
        "-- You are bob in #dev. /help lists the commands.", "-- The topic is: code",
        "14:03 -- alice set the topic: code", "14:03 <alice> one", "14:03 <alice> two",
    ]  # fmt: skip
    ci = world.join_json("ci", room="#dev")
    bob.types("three")
    assert ci.gets()[-1]["id"] == 4


def test_who_leaves_with_a_line_on_its_way_leaves_nothing_behind_in_memory(path: Path) -> None:
    """The line is kept, and is there when somebody comes back."""
    world = DiskWorld(path)
    alice = world.join("alice", room="#dev")
    world.writer.held = True
    alice.types("last words")
    alice.vanishes()
    world.writer.held = False
    world.writer.lets_go()
    world.settle()
    assert "14:03 <alice> last words" in world.join("bob").types("/join #dev").sees()


def test_rooms_in_memory_go_when_too_many_were_left(world: World) -> None:
    """Those that nobody has used for longest: memory is all that they are in."""
    world.limits.max_rooms = MAX
    alice = world.join("alice")
    for number in range(5):
        world.passes(1)
        alice.types(f"/join #r{number}", "hi")
    assert list(world.chat.rooms) == ["#lobby", "#r2", "#r3", "#r4"]
    alice.types("/join #r5", "hi", "/join #r6")
    assert list(world.chat.rooms) == ["#lobby", "#r4", "#r5", "#r6"]


def test_one_address_makes_only_so_many_rooms_in_an_hour(world: World) -> None:
    """Under whatever nicks; going to those that are there is no making, and the others may go on."""
    world.limits.rooms_per_h = 2
    alice, bob = world.join("alice"), world.join("bob")
    refused = "!! From your address, 2 rooms an hour can be made."
    alice.types("/join #one", "/join #two", "hi", "/join #three")
    assert alice.sees()[-1] == refused
    assert bob.types("/join #three").sees()[-1] == refused
    assert world.join_json("ci", room="#three").gets()[-1]["code"] == "too_many_rooms"
    assert bob.types("/join #two").sees()[-1] == "-- 2 in #two: alice (plain) and bob (plain)"
    carol = world.join("carol", "192.0.2.2", "#three")
    assert world.chat.room_of(carol.session).name == "#three"
    world.passes(1_800)
    assert bob.types("/join #four").sees()[-1] == refused
    world.passes(1_800)
    assert bob.types("/join #four").sees()[-1] == "-- 1 in #four: bob (plain)"
    assert list(world.chat.registry._made) == ["192.0.2.1"]


def test_the_rooms_used_last_are_listed_after_the_fullest(path: Path) -> None:
    """After a restart too."""
    world = DiskWorld(path)
    alice = world.join("alice")
    for name in ("old", "older", "new"):
        alice.types(f"/join #{name}", "hi")
        world.passes(60)
    alice.types("/join #older", "hi again")
    world.passes(60)
    alice.types("/join #lobby").sees()
    listed = ["-- #lobby (1 here)", "-- #older (0 here)", "-- #new (0 here)", "-- #old (0 here)"]
    assert alice.types("/rooms").sees() == listed
    again = world.restarts(after_s=3_600)
    assert again.join("alice").types("/rooms").sees() == listed


def test_who_makes_no_room_is_no_work_for_those_that_others_made() -> None:
    """A thousand addresses may have made some, and ten thousand come back to one."""
    world = World()
    world.join("alice", room="#dev")

    class Untouched(dict[str, list[float]]):
        def items(self) -> Any:
            raise AssertionError("it was looked at who made rooms")

    world.chat.registry._made = Untouched(world.chat.registry._made)
    assert world.join("bob").types("/join #dev").sees()[-1] == "-- 2 in #dev: alice (plain) and bob (plain)"
