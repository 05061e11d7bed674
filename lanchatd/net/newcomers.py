"""The entrance: those that have connected and given no nick yet, and what happens when there are too many.

No more are accepted then: they wait in the kernel, and nobody is sent away who would have given a nick in a
moment, as when a whole room comes back at once. But who only sits there gives way to them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from lanchatd.clock import Call, Clock
from lanchatd.limits import Limits

# At the most so many are accepted in one turn of the reactor: each is some 0.15 ms of work, and what it says
# first is twice that (measured). They come on top of those that are here when there are too many.
ACCEPTS_A_TURN = 24

# Twisted's own number for that grows by so many whenever there were as many.
_TWISTED_ADDS = 20
_TWISTED_ACCEPTS = ACCEPTS_A_TURN - _TWISTED_ADDS

# How long one that has not said enough is let be when others wait for its place: on any network a program is
# heard within the first. While nobody comes to a nick, as in a flood, that goes down to the second: mostly
# what a program says arrives with its connection. A person is in nobody's way but in a flood.
PATIENT_S = 0.4
SILENT_S = 0.025

# And how long one that has begun to shake hands: that is three round trips.
SLOW_S = 1.0

# So many are closed at once: one, and twice as many each time, until nobody waited for so long.
CALM_S = 1.0


class Gate(Protocol):
    """A listening port of Twisted's."""

    numberAccepts: int

    def pauseProducing(self) -> None: ...
    def resumeProducing(self) -> None: ...


class Newcomer(Protocol):
    """A connection without a nick."""

    came_at: float
    """By the clock."""

    @property
    def is_coming(self) -> bool:
        """Whether it has begun what takes several round trips, a handshake: a byte or two are nothing."""
        ...

    @property
    def awaits_turn(self) -> bool:
        """Whether it has said something, and that waits for others to have their turn: it can do no more."""
        ...

    @property
    def address(self) -> str | None: ...

    def give_way(self) -> None:
        """Close, as others wait for its place."""
        ...


class Entrance:
    """Keeps the newcomers within `Limits.max_unnamed`, of which the last ones may be accepted in one turn."""

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self._gates: list[Gate] = []
        self._clock = clock
        self._limits = limits
        self._newcomers: dict[Newcomer, None] = {}  # in the order in which they came
        self._at_once = 1
        self._crowded_at = 0.0
        self._moved_at = 0.0
        self._closing = False
        self._look: Call | None = None

    def watch(self, gate: Gate) -> None:
        """Newcomers come in here."""
        self._gates.append(gate)
        gate.numberAccepts = _TWISTED_ACCEPTS

    def enter(self, newcomer: Newcomer) -> None:
        """It was accepted."""
        self._newcomers[newcomer] = None
        for gate in self._gates:
            gate.numberAccepts = min(_TWISTED_ACCEPTS, gate.numberAccepts)
        if self._look is None and self._is_crowded():
            now = self._clock.seconds()
            if now - self._crowded_at > CALM_S:
                self._at_once, self._moved_at = 1, now
            for gate in self._gates:
                gate.pauseProducing()
            self._look = self._clock.callLater(SILENT_S, self._read_first)

    def leave(self, newcomer: Newcomer, came_in: bool = True) -> None:
        """It has a nick, or is being closed, or is gone without one; it may have left before."""
        if self._newcomers.pop(newcomer, newcomer) is None and came_in and not self._closing:
            self._moved_at = self._clock.seconds()
        if self._look is not None and not self._is_crowded():
            self._look.cancel()
            self._look = None
            self._crowded_at = self._clock.seconds()
            for gate in self._gates:
                gate.resumeProducing()

    def _is_crowded(self) -> bool:
        return len(self._newcomers) > max(1, self._limits.max_unnamed - ACCEPTS_A_TURN)

    def _read_first(self) -> None:
        # The reactor may have been busy: what they said meanwhile is read before it does this.
        self._look = self._clock.callLater(0, self._make_room)

    def _make_room(self) -> None:
        self._look = self._clock.callLater(SILENT_S, self._read_first)
        leaving = self._in_the_way()[: self._at_once]
        if leaving:
            self._at_once *= 2
        self._closing = True
        for newcomer in leaving:
            newcomer.give_way()
        self._closing = False

    def _in_the_way(self) -> Sequence[Newcomer]:
        """Those of the address that has most of them first, the oldest of them first."""
        now = self._clock.seconds()
        patience_s = max(SILENT_S, self._moved_at + PATIENT_S - now)
        waited_for = [newcomer for newcomer in self._newcomers if not newcomer.awaits_turn]
        silent = [
            newcomer
            for newcomer in waited_for
            if not newcomer.is_coming and newcomer.came_at + patience_s <= now
        ]
        slow = [newcomer for newcomer in waited_for if newcomer.came_at + SLOW_S <= now]
        of_address = Counter(newcomer.address for newcomer in self._newcomers)
        return sorted(silent or slow, key=lambda newcomer: -of_address[newcomer.address])
