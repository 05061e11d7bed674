"""Those who are far behind take turns: one of them pulls one chunk from its log in a turn of the reactor.

A chunk of short lines is some 4 ms of work (measured). Members who were away together wake together, and when
a thousand of them each pulled a chunk in the same turn, everybody else waited for 4.6 s (measured). A log on
disk is asked for one chunk at a time as well, so that no more than one is in memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from lanchatd.clock import Clock


class CatchingUpTurns:
    """Who pulls next, in all rooms."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: deque[Callable[[], bool]] = deque()
        self._under_way = False

    def ask(self, begin: Callable[[], bool]) -> None:
        """Call it when it is its turn, now if nobody pulls.

        It tells whether it has begun to pull, and then `done` is to be called, perhaps at once; not so if the
        member has gone meanwhile.
        """
        self._waiting.append(begin)
        if not self._under_way:
            self._begin_next()

    def done(self) -> None:
        """The chunk was read and given; the next one has to wait for the next turn."""
        self._clock.callLater(0, self._begin_next)

    def _begin_next(self) -> None:
        self._under_way = False
        while self._waiting and not self._under_way:
            self._under_way = True  # before it is called: it may ask again
            self._under_way = self._waiting.popleft()()
