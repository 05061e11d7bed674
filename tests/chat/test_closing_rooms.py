"""Closing and removing rooms, as administrators do: who was in them, and what becomes of what was said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.chat.test_several_sessions import Home
from tests.commands.test_administering import Console
from tests.disk import DiskWorld
from tests.world import World

Item = dict[str, Any]


@pytest.fixture(params=["in memory", "on disk"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return World() if request.param == "in memory" else DiskWorld(tmp_path / "history.sqlite")


@pytest.fixture
def console(world: World) -> Console:
    return Console(world)


def told(items: list[Item]) -> list[tuple[str, Any]]:
    """What each item is, and where, or what it says."""
    return [(item["type"], item.get("room", item.get("text"))) for item in items]


def test_everybody_is_told_why_and_goes_back_to_the_lobby(world: World, console: Console) -> None:
    """Those who talk in the lobby see them come."""
    carol = world.join("carol")
    alice, bob = world.join("alice", room="#dev"), world.join("bob", room="#dev")
    carol.sees(), alice.sees(), bob.sees()
    assert console.types('room close dev too  "loud"') == ["#dev was closed; 2 were in it."]
    assert alice.sees() == [
        "-- #dev was closed by admin: \"too 'loud'\".",
        "-- You are alice in #lobby. /help lists the commands.",
        "-- 3 in #lobby: alice (plain), bob (plain) and carol (plain)",
    ]
    assert bob.sees()[1] == "-- You are bob in #lobby. /help lists the commands."
    assert carol.sees() == ["-- alice and bob joined"]
    alice.types("hi")
    assert carol.sees() == ["<alice> hi"]


def test_a_room_that_was_closed_keeps_what_was_said_and_nobody_out(world: World, console: Console) -> None:
    """It is as one that everybody left."""
    alice = world.join("alice", room="#dev").types("/topic code", "one")
    assert console.types("room close #dev") == ["#dev was closed; 1 was in it."]
    alice.sees()
    assert "-- #dev (0 here) code" in alice.types("/rooms").sees()
    seen = alice.types("/join #dev").sees()
    assert seen[1:4] == ["-- The topic is: code", "14:03 -- alice set the topic: code", "14:03 <alice> one"]
    assert console.types("room close #dev") == ["#dev was closed; 1 was in it."]
    assert console.types("room close #dev") == ["#dev was closed; 0 were in it."]


def test_what_was_said_before_a_room_is_closed_is_told(world: World, console: Console) -> None:
    """Also what is on its way into the log."""
    alice, bob = world.join("alice", room="#dev"), world.join("bob", room="#dev")
    alice.sees()
    bob.wire.incoming.append(b"last words\n")
    bob.wire.turn()
    console.begins("room close #dev")
    world.settle()
    assert alice.sees()[:2] == ["<bob> last words", "-- #dev was closed by admin."]


def test_who_is_in_several_rooms_just_leaves_it(world: World, console: Console) -> None:
    """Who was only there is in the lobby then; another connection of the same user stays where it is."""
    both = world.join_json("both", rooms=[{"room": "#ops"}, {"room": "#dev"}])
    only = world.join_json("only", rooms=[{"room": "#dev"}])
    both.gets(), only.gets()
    console.types("room close #dev")
    assert told(both.gets()) == [("notice", "#dev was closed by admin."), ("parted", "#dev")]
    assert told(only.gets()) == [
        ("notice", "#dev was closed by admin."), ("parted", "#dev"), ("welcome", "#lobby"),
        ("members", "#lobby"),
    ]  # fmt: skip
    both.asks({"line": "still here"})
    assert both.gets()[-1]["room"] == "#ops"


def test_only_the_connections_that_are_in_it_leave_it() -> None:
    """Another one of the same user stays where it is."""
    world = Home()
    here = world.join("alice", room="#dev")
    there = world.joins_too(here.user)
    here.sees()
    Console(world).types("room close #dev")
    assert here.sees()[:2] == [
        "-- #dev was closed by admin.", "-- You are alice in #lobby. /help lists the commands.",
    ]  # fmt: skip
    assert there.sees() == []


def test_programs_are_told_by_a_code(world: World, console: Console) -> None:
    """Whether the room is there still."""
    ci = world.join_json("ci", room="#dev")
    ci.gets()
    console.types("room close #dev")
    assert ci.gets()[0]["code"] == "room_closed"
    ci.asks({"line": "/join #dev"})
    ci.gets()
    console.types("room remove #dev --yes")
    assert ci.gets()[0]["code"] == "room_removed"


def test_who_is_slow_is_told_how_much_it_had_not_been_sent(world: World, console: Console) -> None:
    """As when it had gone by itself."""
    alice, bob = world.join("alice", room="#dev"), world.join("bob", room="#dev")
    alice.sees()
    alice.stops_reading()
    bob.types("one", "two", "three")
    console.types("room close #dev")
    alice.reads_on()
    assert [line for line in alice.sees() if line.startswith("-- ")][:3] == [
        "-- #dev was closed by admin.",
        "-- 2 lines of #dev had not been sent to you yet.",
        "-- You are alice in #lobby. /help lists the commands.",
    ]


def test_to_remove_a_room_is_asked_again(world: World, console: Console) -> None:
    """As it is for good; not if nothing was said there. Until it is meant, nothing happens."""
    alice = world.join("alice", room="#dev").types("one", "two")
    alice.sees()
    asked = (
        "!! What was said in #dev, 2 lines, would go for good: room remove #dev --yes says that it is meant."
    )
    assert console.types("room remove #dev") == [asked]
    assert console.types("room remove #dev tidying up") == [asked]
    assert alice.sees() == []
    assert console.types("room remove #dev --yes tidying up") == ["#dev was removed; 1 was in it."]
    assert alice.sees()[0] == '-- #dev was removed by admin: "tidying up".'
    alice.types("/join #empty")
    assert console.types("room remove #empty") == ["#empty was removed; 1 was in it."]
    alice.types("/join #once", "hi", "/join #lobby")
    assert "1 line, would" in console.types("room remove #once")[0]


def test_nothing_is_left_of_a_room_that_was_removed(world: World, console: Console) -> None:
    """Not in the list, no topic, no line; whoever goes there makes another one."""
    alice = world.join("alice", room="#dev").types("/topic code", "one")
    console.types("room remove #dev --yes")
    alice.sees()
    assert alice.types("/rooms").sees() == ["-- #lobby (1 here)"]
    assert console.types("topic #dev") == ["!! There is no #dev. rooms lists what there is."]
    assert alice.types("/join #dev").sees() == [
        "-- You are alice in #dev. /help lists the commands.", "-- 1 in #dev: alice (plain)",
    ]  # fmt: skip
    assert alice.types("/history").sees() == ["-- Nothing was said here yet."]
    assert world.join("bob", room="#DEV").types("hi").sees() == ["<bob> hi"]


def test_the_list_of_rooms_is_without_it_at_once(world: World, console: Console) -> None:
    """Also in the turn in which somebody asked for it before."""
    alice, _ = world.join("alice"), world.join("bob", room="#dev").types("one", "/join #lobby")
    alice.sees()
    alice.wire.incoming.append(b"/rooms\n")
    alice.wire.turn()
    console.begins("room remove #dev --yes")
    world.settle()
    assert alice.types("/rooms").sees()[-1] == "-- #lobby (2 here)"


def test_who_comes_back_to_a_room_that_was_removed_is_told_that_it_is_another(
    world: World, console: Console
) -> None:
    """Its ids begin anew, and what a program knew of the old ones counts for nothing."""
    ci = world.join_json("ci", room="#dev")
    ci.asks({"line": "one"}, {"line": "two"})
    log = ci.gets()[0]["log"]
    ci.vanishes()
    console.types("room remove #dev --yes")
    for _ in range(2):
        world.join("alice", room="#dev").types("new").vanishes()
    again = world.join_json("ci", room="#dev", after=1, log=log).gets()
    assert again[0]["log"] != log and again[0]["last"] == 2
    assert [item for item in again if item["type"] == "missed"] == [
        {"type": "missed", "room": "#dev", "log": again[0]["log"], "count": None}
    ]
    assert [(item["id"], item["text"]) for item in again if item["type"] == "said"] == [
        (1, "new"),
        (2, "new"),
    ]
    console.types("room remove #dev --yes")
    third = world.join_json("reader", room="#dev").gets()
    assert third[0]["log"] not in (log, again[0]["log"])


def test_the_lobby_is_always_there(world: World, console: Console) -> None:
    """Everybody begins there."""
    alice = world.join("alice").types("hi")
    alice.sees()
    for line in ("room close #lobby", "room remove #lobby", "room remove LOBBY --yes"):
        assert console.types(line) == ["!! Everybody begins in #lobby: it can't be closed or removed."]
    assert alice.types("/history").sees() == ["14:03 <alice> hi"]


@pytest.mark.parametrize("line", ["room", "room close", "room #dev", "room open #dev", "room --yes"])
def test_a_mistyped_command_is_one_clear_line(world: World, console: Console, line: str) -> None:
    """With its usage."""
    world.join("alice", room="#dev")
    assert console.types(line) == ["!! Usage: room close|remove ROOM [--yes] [REASON]"]
    assert console.types("room close #nowhere") == ["!! There is no #nowhere. rooms lists what there is."]
