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
    """How long has been worked on what came. Time in which that was not done makes up for it.

    So no timer is needed to tell one turn from the next, but for those that wait. ``at`` is until when it is
    counted: whoever works on what came knows the time from there, as near as it is asked between two lines.
    """

    def __init__(self, clock: Clock) -> None:
        self.at = 0.0
        self._clock = clock
        self._spent_s = 0.0
        self._depth = 0  # work may be done in the midst of work: the lines of what is decrypted
        self._waiting: dict[Hashable, deque[Waiting]] = {}
        self._next: Call | None = None
        self._served_at = 0.0

    def begin(self) -> bool:
        """Begin to work; whether there is time for it. If not, `wait`; `end` is to be called all the same."""
        spent = self.is_spent()
        self._depth += 1
        return not spent

    def is_spent(self) -> bool:
        """Whether whoever has more to be read has to `wait`."""
        now = self._clock.seconds()
        passed_s, self.at = now - self.at, now
        spent_s = self._spent_s + (passed_s if self._depth else -passed_s)
        self._spent_s = spent_s = spent_s if spent_s > 0 else 0
        return spent_s >= TURN_S

    def end(self) -> None:
        """The work is done that was begun last."""
        now = self._clock.seconds()
        self._spent_s += now - self.at
        self.at = now
        self._depth -= 1

    def wait(self, whose: Hashable, go_on: Callable[[], None]) -> Waiting:
        """Call it when it is the turn of this address (or whatever they share the time by)."""
        waiting = Waiting(go_on)
        self._waiting.setdefault(whose, deque()).append(waiting)
        self._serve_later()
        return waiting

    def _serve_later(self) -> None:
        if self._next is None:
            self._next = self._clock.callLater(0, self._serve)

    def _serve(self) -> None:
        self._next = None
        now = self._clock.seconds()
        end = now + max(WAITING_S, min(now - self._served_at, MOST_WAITING_S))
        left = sum(map(len, self._waiting.values()))  # who waits again meanwhile waits for the next turn
        try:
            while left and now < end:
                left -= 1
                self._spent_s, self.at = TURN_S - SLICE_S, now
                self._take_one().come()
                now = self._clock.seconds()
        finally:
            self._spent_s, self.at, self._served_at = 0, now, now
            if self._waiting:
                self._serve_later()

    def _take_one(self) -> Waiting:
        whose = next(iter(self._waiting))
        waiting = self._waiting.pop(whose)
        taken = waiting.popleft()
        if waiting:
            self._waiting[whose] = waiting  # behind the others
        return taken
