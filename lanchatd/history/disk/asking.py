"""Asking a thread that reads the file, and not waiting for ever for what it answers: a disk may hang."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lanchatd.clock import Clock
from lanchatd.history.disk.commits import DOES_NOT_ANSWER, HANGS_S, why_not
from lanchatd.history.disk.worker import Worker
from lanchatd.text.refused import Refused

_T = TypeVar("_T")


class Hangs(Exception):
    """There was no answer in time."""

    def __init__(self) -> None:
        super().__init__(DOES_NOT_ANSWER)


class Asking:
    """One worker, of which nobody waits for an answer for longer than for a commit."""

    def __init__(self, worker: Worker, clock: Clock) -> None:
        self._worker = worker
        self._clock = clock
        self._given_up = 0  # what it was asked in vain, and has not done yet

    def do(self, work: Callable[[], _T], answer: Callable[[_T | Exception], None]) -> None:
        """As `Worker.do`; `Hangs` is answered when it takes too long, and at once while something does."""
        if self._given_up:
            answer(Hangs())
            return
        waits = True

        def hangs() -> None:
            nonlocal waits
            waits = False
            self._given_up += 1
            answer(Hangs())

        def done(result: _T | Exception) -> None:
            if waits:
                late.cancel()
                answer(result)
            else:
                self._given_up -= 1

        late = self._clock.callLater(HANGS_S, hangs)
        self._worker.do(work, done)


def unreadable(error: Exception) -> Refused:
    """What is told to who wanted to read."""
    return Refused("log_failed", f"The log can't be read: {why_not(error)}.")
