"""Slow turns of the reactor, in which nobody else is served: counted by a timer that came too late."""

from __future__ import annotations

from twisted.application.service import Service

from lanchatd.chat.counts import Counts
from lanchatd.clock import Call, Clock

SLOW_S = 0.02

# To look at each turn would cost more than most of them; a timer that falls into one is enough to tell how
# much of the time is lost to them.
LOOK_S = 0.1


class SlowTurns(Service):
    """Counts those that a look falls into: all that take `LOOK_S` and `SLOW_S`, of shorter ones a part."""

    def __init__(self, clock: Clock, counts: Counts) -> None:
        self._clock = clock
        self._counts = counts
        self._due = 0.0
        self._next: Call | None = None

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        self._look_later()

    def stopService(self) -> None:
        super().stopService()  # type: ignore[no-untyped-call]
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _look_later(self) -> None:
        self._due = self._clock.seconds() + LOOK_S
        self._next = self._clock.callLater(LOOK_S, self._look)

    def _look(self) -> None:
        if self._clock.seconds() - self._due > SLOW_S:
            self._counts.slow_turns += 1
        self._look_later()
