"""Joins and leaves take a tenth of the time of all large rooms together, and none of small ones."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from lanchatd.presences import PAUSE_S, SMALL_ROOM, Presences
from tests.world import World


def test_large_rooms_take_turns() -> None:
    clock = Clock()
    presences = Presences(clock)
    large, larger = SMALL_ROOM + 100, SMALL_ROOM + 1_000
    assert presences.take(larger) == 0
    assert presences.take(large) == pytest.approx(1_000 * PAUSE_S)
    assert presences.take(large) == pytest.approx(1_100 * PAUSE_S)
    clock.advance(5)
    assert presences.take(large) == 5


def test_a_small_room_neither_waits_nor_is_waited_for() -> None:
    presences = Presences(Clock())
    presences.take(SMALL_ROOM + 1_000)
    assert presences.take(SMALL_ROOM) == 0
    assert presences.take(SMALL_ROOM + 1) == pytest.approx(1_000 * PAUSE_S)


def test_who_comes_to_one_large_room_waits_for_who_came_to_another() -> None:
    """Those who see it see one line; talk of theirs does not wait, and takes along what does."""
    world = World()
    rooms = [
        [world.join(f"{name}{n}").types(f"/join #{name}") for n in range(SMALL_ROOM + 20)] for name in "ab"
    ]
    world.passes(1)
    for members in rooms:
        members[0].sees()
    for name in "ab":
        for n in range(3):
            world.join(f"new{name}{n}").types(f"/join #{name}")
    assert rooms[0][0].sees() == ["-- newa0 joined"] and rooms[1][0].sees() == []
    world.passes(0.1)
    assert rooms[0][0].sees() == ["-- newa1 and newa2 joined"]
    assert rooms[1][0].sees() == ["-- newb0, newb1 and newb2 joined"]
    world.join("newb3").types("/join #b")
    rooms[1][1].types("hi")
    assert rooms[1][0].sees() == ["-- newb3 joined", "<b1> hi"]
