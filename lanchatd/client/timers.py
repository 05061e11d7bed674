"""Timers by their names: one that is set again takes the place of the one before."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Timers:
    """Those of one connection."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._timers: dict[str, IDelayedCall] = {}

    def set(self, name: str, seconds: float, call: Callable[[], None]) -> None:
        def now() -> None:
            del self._timers[name]
            call()

        self.cancel(name)
        self._timers[name] = self._clock.callLater(seconds, now)

    def cancel(self, *names: str) -> None:
        """These timers, or all."""
        for name in names or tuple(self._timers):
            if (timer := self._timers.pop(name, None)) is not None:
                timer.cancel()
