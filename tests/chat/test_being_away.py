"""Who is away: the rooms are told when it begins and ends, so that nobody has to ask."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chat.test_several_sessions import Home
from tests.irc import Client
from tests.world import Person, World

AT = "2026-11-22T14:03:11.123Z"


@pytest.fixture
def home() -> Home:
    return Home()


def away_told(program: Person) -> list[tuple[Any, ...]]:
    """What a program was told of who is away."""
    return [
        (event["type"], event["room"], event["from"], event.get("away"))
        for event in program.gets()
        if event["type"] in ("away", "back")
    ]


def test_programs_are_told_when_somebody_goes_and_is_back(world: World) -> None:
    """In each room where both are; people at `nc` are told when they write to them."""
    ci = world.join_json("ci")
    bob, alice = world.join("bob"), world.join("alice")
    ci.gets()
    bob.types("/away lunch")
    went = {"type": "away", "room": "#lobby", "from": "bob", "away": "lunch", "at": AT}
    assert ci.gets() == [went]
    bob.types("/away lunch", "/back")
    assert ci.gets() == [{"type": "back", "room": "#lobby", "from": "bob", "at": AT}]
    assert alice.sees() == []


def test_who_comes_into_a_room_and_is_away_is_told_as_that(world: World) -> None:
    """Else they would stand there as if they were here."""
    ci = world.join_json("ci", rooms=[{"room": "#dev"}])
    bob = world.join("bob").types("/away lunch")
    ci.gets()
    bob.types("/join dev")
    assert away_told(ci) == [("away", "#dev", "bob", "lunch")]


def test_who_has_somebody_else_at_the_keyboard_is_not_away(home: Home) -> None:
    """A user is away when all of their connections are, and that is what is told."""
    ci = home.join_json("ci")
    laptop = home.join("bob")
    laptop.types("/away lunch")
    phone = home.joins_too(laptop.user)
    assert away_told(ci) == [("away", "#lobby", "bob", "lunch"), ("back", "#lobby", "bob", None)]
    phone.types("/away")
    phone.hangs_up()
    laptop.types("/away home")
    assert away_told(ci) == [("away", "#lobby", "bob", "lunch"), ("away", "#lobby", "bob", "home")]


def test_the_last_one_that_was_here_goes(home: Home) -> None:
    """Who is left is away."""
    ci = home.join_json("ci")
    laptop = home.join("bob")
    phone = home.joins_too(laptop.user)
    laptop.types("/away")
    assert away_told(ci) == []
    phone.hangs_up()
    home.passes(5)
    assert away_told(ci) == [("away", "#lobby", "bob", "")]


def test_who_is_muted_gives_no_reason(world: World) -> None:
    """It would be read by everybody."""
    ci, op, bob = world.join_json("ci"), world.join("op"), world.join("bob")
    world.make_operator(op)
    op.types("/mute bob")
    bob.types("/away BUY THIS")
    assert away_told(ci) == [("away", "#lobby", "bob", "")]


def test_irc_clients_that_ask_for_it_are_told_once(world: World) -> None:
    """However many rooms both are in (https://ircv3.net/specs/extensions/away-notify)."""
    alice = Client.joins(world, "alice", "#lobby", "#dev", caps="away-notify")
    carol = Client.joins(world, "carol", "#lobby", "#dev")
    bob = Client.joins(world, "bob", "#lobby", "#dev")
    alice.sees()
    carol.sees()
    bob.sends("AWAY :lunch")
    assert alice.sees() == [":bob!u@lan AWAY :lunch"]
    bob.sends("AWAY")
    assert alice.sees() == [":bob!u@lan AWAY"]
    assert carol.sees() == []
