"""Work that is done one piece after the other: each begins when the one before is done."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from lanchatd.chat.answers import Answer

# Characters of the lines that wait for their turn: as much as one paste (`keys.LONGEST_PASTE_BYTES`).
MOST_WAITING = 1_048_576

Work = Callable[[], Answer[None]]
"""It answers when it is done, at once or later."""


class WorkQueue:
    """What is to be done."""

    def __init__(self, when_taken: Callable[[Callable[[], None]], None]) -> None:
        """``when_taken`` calls when what was shown has been taken, so that the next piece may begin."""
        self._when_taken = when_taken
        self.busy = False  # a piece of work has begun, and is not done
        self._waiting: deque[tuple[Work, int]] = deque()
        self._waiting_size = 0
        self._going_on = False

    def room_for(self, size: int) -> bool:
        """Whether so many characters more may wait."""
        return self._waiting_size + size <= MOST_WAITING

    def add(self, work: Work, size: int = 0) -> None:
        """Do this when everything before it is done; ``size`` counts while it waits."""
        self._waiting.append((work, size))
        self._waiting_size += size
        self._go_on()

    def drop(self) -> int:
        """Forget all that has not begun; how much that was."""
        dropped = sum(size > 0 for _, size in self._waiting)
        self._waiting.clear()
        self._waiting_size = 0
        return dropped

    def _go_on(self) -> None:
        if self._going_on:  # what is done at once must not call the next from within
            return
        self._going_on = True
        try:
            while self._waiting and not self.busy:
                work, size = self._waiting.popleft()
                self._waiting_size -= size
                self.busy = True
                work().when_known(self._done)
        finally:
            self._going_on = False

    def _done(self, _: Answer[None]) -> None:
        self._when_taken(self._over)

    def _over(self) -> None:
        self.busy = False
        self._go_on()
