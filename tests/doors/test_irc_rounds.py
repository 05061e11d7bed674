"""Many are asked every so often by one timer, a few in a turn."""

from __future__ import annotations

from twisted.internet.task import Clock

from lanchatd.doors.irc.rounds import AT_ONCE, Rounds
from tests.irc import Client
from tests.world import World

EVERY_S = 10


class Somebody:
    def __init__(self, clock: Clock, rounds: Rounds) -> None:
        self.asked_at: list[float] = []
        self.leaves_when_asked = False
        self._clock = clock
        self._rounds = rounds
        rounds.come(self)

    def ask(self) -> None:
        self.asked_at.append(self._clock.seconds())
        if self.leaves_when_asked:
            self._rounds.go(self)


def test_each_is_asked_as_often_however_they_came() -> None:
    """And by one timer."""
    clock = Clock()
    rounds = Rounds(clock, EVERY_S)
    people = []
    for _ in range(5):
        people.append(Somebody(clock, rounds))
        clock.advance(1)
    assert len(clock.getDelayedCalls()) == 1
    clock.pump([1] * 20)
    assert [somebody.asked_at for somebody in people] == [[10 + n, 20 + n] for n in range(5)]


def test_so_many_are_asked_in_a_turn() -> None:
    """The others in the next turns; nobody twice."""
    world = World()
    rounds = Rounds(world.clock, EVERY_S)
    people = [Somebody(world.clock, rounds) for _ in range(2 * AT_ONCE + 1)]
    world.clock.rightNow += EVERY_S
    asked = []
    for _ in range(4):
        world.turn()
        asked.append(sum(len(somebody.asked_at) for somebody in people))
    assert asked == [AT_ONCE, 2 * AT_ONCE, 2 * AT_ONCE + 1, 2 * AT_ONCE + 1]


def test_who_has_gone_is_not_asked() -> None:
    """Nor is a timer left when nobody is."""
    clock = Clock()
    rounds = Rounds(clock, EVERY_S)
    first, second, third = (Somebody(clock, rounds) for _ in range(3))
    rounds.go(first)
    second.leaves_when_asked = True
    clock.advance(EVERY_S)
    assert [len(somebody.asked_at) for somebody in (first, second, third)] == [0, 1, 1]
    third.leaves_when_asked = True
    clock.advance(EVERY_S)
    assert not clock.getDelayedCalls()
    fourth = Somebody(clock, rounds)
    rounds.go(fourth)
    assert not clock.getDelayedCalls()


def test_one_that_fails_keeps_nobody_from_their_turn() -> None:
    """It is in the daemon's log."""
    clock = Clock()
    rounds = Rounds(clock, EVERY_S)

    class Fails:
        def ask(self) -> None:
            raise ZeroDivisionError

    rounds.come(Fails())
    somebody = Somebody(clock, rounds)
    try:
        clock.advance(EVERY_S)
    except ZeroDivisionError:
        clock.advance(0)
    assert somebody.asked_at == [EVERY_S]


def test_clients_that_say_nothing_have_no_timer_of_their_own() -> None:
    """However many they are."""
    world = World()
    Client.joins(world, "alice", "#lobby")
    before = len(world.clock.getDelayedCalls())
    for number in range(10):
        Client.joins(world, f"guest{number}", "#lobby")
    world.settle()
    assert len(world.clock.getDelayedCalls()) <= before + 1
