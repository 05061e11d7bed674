"""Slow turns of the reactor, in which nobody else is served: counted by a timer that came too late."""

from __future__ import annotations

from typing import Any

from twisted.application.service import Service
from twisted.internet.task import LoopingCall

from lanchatd.chat.counts import Counts

SLOW_S = 0.02


class SlowTurns(Service):
    """Counts them. One of twice `SLOW_S` is always seen, a shorter one as often as it is over it."""

    def __init__(self, reactor: Any, counts: Counts) -> None:
        self._counts = counts
        self._timer = LoopingCall.withCount(self._came)
        self._timer.clock = reactor

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        self._timer.start(SLOW_S)

    def stopService(self) -> None:
        super().stopService()  # type: ignore[no-untyped-call]
        self._timer.stop()

    def _came(self, intervals: int) -> None:
        if intervals > 1:
            self._counts.slow_turns += 1
