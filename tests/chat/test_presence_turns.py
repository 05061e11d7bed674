"""Joins and leaves take a tenth of the time of all large rooms together, and none of small ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from twisted.internet.task import Clock

from lanchatd.chat.presence_turns import PAUSE_S, SMALL_ROOM, PresenceTurns
from tests.world import Person, World


class Told:
    """Rooms by name, each with how many members it tells; and who was told when."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.presences = PresenceTurns(self.clock)
        self.at: list[tuple[str, float]] = []

    def ask(self, room: str, members: int) -> None:
        self.presences.ask(self._tells(room, members))

    def _tells(self, room: str, members: int) -> Callable[[], int]:
        def tell() -> int:
            self.at.append((room, self.clock.seconds()))
            return members

        return tell


def test_each_waits_for_those_before() -> None:
    told = Told()
    told.ask("a", 1_000)
    told.ask("b", 100)
    told.ask("c", 100)
    told.clock.advance(1_000 * PAUSE_S)
    assert told.at == [("a", 0), ("b", 1_000 * PAUSE_S)]
    told.clock.advance(100 * PAUSE_S)
    assert told.at[2:] == [("c", 1_100 * PAUSE_S)]


def test_who_had_nothing_left_to_tell_is_not_waited_for() -> None:
    """A line of talk took it along."""
    told = Told()
    told.ask("a", 1_000)
    for _ in range(50):
        told.ask("b", 0)
    told.ask("c", 100)
    told.clock.advance(1_000 * PAUSE_S)
    assert told.at[-1] == ("c", 1_000 * PAUSE_S)


def test_a_fault_of_one_does_not_stop_the_others() -> None:
    told = Told()

    def fails() -> int:
        raise ZeroDivisionError

    told.ask("a", 1_000)
    told.presences.ask(fails)
    told.ask("b", 100)
    with pytest.raises(ZeroDivisionError):
        told.clock.advance(1)
    told.clock.advance(0)
    assert [room for room, _ in told.at] == ["a", "b"]


def filled(world: World, room: str, members: int) -> list[Person]:
    """So many in a room, who have seen who came."""
    talkers = [world.join(f"{room}{number}").types(f"/join #{room}") for number in range(members)]
    world.passes(1)
    talkers[0].sees()
    return talkers


def test_who_comes_to_one_large_room_waits_for_who_came_to_another() -> None:
    """Those who are there see one line; and talk does not wait, and takes along what does."""
    world = World()
    (a, *_), (b, b1, *_) = filled(world, "a", SMALL_ROOM + 20), filled(world, "b", SMALL_ROOM + 20)
    for room in "ab":
        for number in range(3):
            world.join(f"new{room}{number}").types(f"/join #{room}")
    assert a.sees() == ["-- newa0 joined"] and b.sees() == []
    world.passes(0.1)
    assert a.sees() == ["-- newa1 and newa2 joined"]
    assert b.sees() == ["-- newb0, newb1 and newb2 joined"]
    world.join("newb3").types("/join #b")
    b1.types("hi")
    assert b.sees() == ["-- newb3 joined", "<b1> hi"]


def test_a_room_with_much_talk_and_new_nicks_keeps_no_other_waiting() -> None:
    """Talk takes them along, at no cost to others, however long it goes on."""
    world = World()
    (a, a1, *_), (b, *_) = filled(world, "a", SMALL_ROOM + 100), filled(world, "b", SMALL_ROOM + 20)
    for number in range(200):
        a1.types(f"/nick changing{number}", "hi")
        world.passes(0.5)
    a.sees()
    a1.types("/nick quiet")
    world.join("newb").types("/join #b")
    world.passes(2 * PAUSE_S * (SMALL_ROOM + 100))
    assert a.sees() == ["-- changing199 is now quiet"] and b.sees() == ["-- newb joined"]


def test_a_room_that_becomes_small_does_not_wait_any_more() -> None:
    world = World()
    filled(world, "a", SMALL_ROOM + 100)
    (b, *others) = filled(world, "b", SMALL_ROOM + 1)
    world.join("newa").types("/join #a")
    others[0].types("/quit")
    assert b.sees() == ["-- b1 left"]
