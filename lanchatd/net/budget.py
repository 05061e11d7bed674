"""The time of one turn of the reactor that what comes in may take, whoever sends it and over whatever.

A line may be dear, and lines come from many sockets at one moment. They are read until the time of the turn
is over; whoever has more then waits. Those that wait are given a slice each in the next turn, one address
after the other: who opens sixty connections waits for himself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable

from lanchatd.clock import Call, Clock

# What comes of all sockets in one turn: some two hundred lines that are said (measured).
TURN_S = 0.008

# What those that wait get of a turn, if everything else in it took less; and one of them at a time.
WAITING_S = 0.001
SLICE_S = 0.00025

# And at the most, as when a large room was told something meanwhile: with it, half of the time is theirs.
MOST_WAITING_S = 0.02


class Waiting:
    """Somebody's place among those that wait."""

    __slots__ = ("_go_on",)

    def __init__(self, go_on: Callable[[], None]) -> None:
        self._go_on: Callable[[], None] | None = go_on

    def cancel(self) -> None:
        """Give it up."""
        self._go_on = None

    def active(self) -> bool:
        """Whether its turn is still to come."""
        return self._go_on is not None

    def come(self) -> None:
        """It is its turn."""
        go_on, self._go_on = self._go_on, None
        if go_on is not None:
            go_on()


class Budget:
    """What is left of this turn. ``turn`` is another number in each turn in which something came."""

    def __init__(self, clock: Clock) -> None:
        self.turn = 0
        self._clock = clock
        self._until: float | None = None  # when what is being read has to stop; None before the first
        self._waiting: dict[Hashable, deque[Waiting]] = {}
        self._next: Call | None = None
        self._served_at = 0.0

    def is_spent(self) -> bool:
        """Whether whoever has more to be read has to `wait`; to be asked before and after each piece."""
        now = self._clock.seconds()
        if self._until is None:
            self._until = now + TURN_S
            self._begin_next_later()
            return False
        return now >= self._until

    def wait(self, whose: Hashable, go_on: Callable[[], None]) -> Waiting:
        """Call it when it is the turn of this address (or whatever they share the time by)."""
        waiting = Waiting(go_on)
        self._waiting.setdefault(whose, deque()).append(waiting)
        self._begin_next_later()
        return waiting

    def _begin_next_later(self) -> None:
        if self._next is None:
            self._next = self._clock.callLater(0, self._begin_next)

    def _begin_next(self) -> None:
        self._next = self._until = None
        self.turn += 1
        if not self._waiting:
            return
        self._begin_next_later()  # before it is anybody's turn, whose reading may fail
        now = self._clock.seconds()
        end = now + max(WAITING_S, min(now - self._served_at, MOST_WAITING_S))
        left = sum(map(len, self._waiting.values()))  # who waits again meanwhile waits for the next turn
        while left and now < end:
            left -= 1
            self._until = now + SLICE_S
            self._take_one().come()
            now = self._clock.seconds()
        self._served_at = now
        self._until = None

    def _take_one(self) -> Waiting:
        whose = next(iter(self._waiting))
        waiting = self._waiting.pop(whose)
        taken = waiting.popleft()
        if waiting:
            self._waiting[whose] = waiting  # behind the others
        return taken
