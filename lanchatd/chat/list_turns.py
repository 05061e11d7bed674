"""Those who are told a long list take turns: so many pieces of lists are told in a turn of the reactor.

A piece of who is in a room is up to 0.1 ms of work, and one of WHO 0.3 ms (measured); a thousand clients that
join a room of ten thousand are told 100 MB.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from lanchatd.clock import Clock

PIECES_A_TURN = 16


class ListTurns:
    """Who is told a piece next."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: deque[Callable[[], None]] = deque()
        self._under_way = False

    def ask(self, tell: Callable[[], None]) -> None:
        """Call it when it is its turn, in the next turn of the reactor at the earliest."""
        self._waiting.append(tell)
        if not self._under_way:
            self._under_way = True
            self._clock.callLater(0, self._tell)

    def _tell(self) -> None:
        try:
            for _ in range(min(PIECES_A_TURN, len(self._waiting))):
                self._waiting.popleft()()
        finally:
            self._under_way = bool(self._waiting)
            if self._under_way:
                self._clock.callLater(0, self._tell)
