"""Those who are far behind take turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock

from lanchatd.chat.catching_up_turns import CatchingUpTurns


class Turns(Clock):
    """As in a reactor, what is put off in a turn waits for the next one."""

    def turn(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call.func(*call.args)


class Puller:
    """Somebody who pulls; the log answers at once, or when the test lets it."""

    def __init__(self, pulls: CatchingUpTurns, at_once: bool = True) -> None:
        self.begun = 0
        self.here = True
        self._at_once = at_once
        self._pulls = pulls

    def begin(self) -> bool:
        if self.here:
            self.begun += 1
            if self._at_once:
                self._pulls.done()
        return self.here


def some(count: int, **how: Any) -> tuple[Turns, CatchingUpTurns, list[Puller], Callable[[], list[int]]]:
    clock = Turns()
    pulls = CatchingUpTurns(clock)
    pullers = [Puller(pulls, **how) for _ in range(count)]
    return clock, pulls, pullers, lambda: [puller.begun for puller in pullers]


def test_one_pulls_in_a_turn() -> None:
    """The first at once, the others in the order in which they asked; once, all of them did."""
    clock, pulls, pullers, begun = some(3)
    for puller in pullers:
        pulls.ask(puller.begin)
    assert begun() == [1, 0, 0]
    clock.turn()
    assert begun() == [1, 1, 0]
    pulls.ask(pullers[0].begin)
    clock.turn()
    assert begun() == [1, 1, 1]
    clock.turn()
    assert begun() == [2, 1, 1]
    clock.turn()
    assert clock.calls == []


def test_the_next_waits_until_the_log_has_answered() -> None:
    """However many turns that takes: only one chunk is in memory."""
    clock, pulls, pullers, begun = some(2, at_once=False)
    for puller in pullers:
        pulls.ask(puller.begin)
    clock.turn()
    assert begun() == [1, 0]
    pulls.done()
    assert begun() == [1, 0]
    clock.turn()
    assert begun() == [1, 1]


def test_who_has_gone_costs_no_turn() -> None:
    """The next one has it."""
    clock, pulls, pullers, begun = some(4)
    for puller in pullers:
        pulls.ask(puller.begin)
    pullers[1].here = pullers[2].here = False
    clock.turn()
    assert begun() == [1, 0, 0, 1]
