"""The clock that the rules are given: a reactor, or a test's own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol


class Call(Protocol):
    """A call that has been put off."""

    def cancel(self) -> None:
        """Don't make it after all. Only while it is active."""
        ...

    def active(self) -> bool:
        """Whether it will still be made."""
        ...


class Clock(Protocol):
    """Seconds that only go forward, and calls after a while; the two methods of Twisted's IReactorTime."""

    def seconds(self) -> float:
        """Seconds since some moment."""
        ...

    def callLater(self, delay: float, callable: Callable[..., Any], *args: Any) -> Call:
        """Call it in so many seconds; with 0 at the end of this turn of the reactor."""
        ...


def call_all(clock: Clock, calls: deque[Callable[[], None]]) -> None:
    """Make all these calls, in order. If one raises, so does this, and the rest are made in the next turn."""
    try:
        while calls:
            calls.popleft()()
    finally:
        if calls:
            clock.callLater(0, call_all, clock, calls)
