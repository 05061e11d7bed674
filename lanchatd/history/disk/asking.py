"""Asking a thread that reads the file, and not waiting for ever for what it answers: a disk may hang."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lanchatd.chat.answers import Answer
from lanchatd.clock import Clock
from lanchatd.history.disk.commits import DOES_NOT_ANSWER, HANGS_S
from lanchatd.state.database import why_not
from lanchatd.state.worker import Worker
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

    async def do(self, work: Callable[[], _T]) -> _T:
        """As `Worker.do`, and what goes wrong is `Refused`: also when it takes too long.

        Then it is so at once for what is asked next, until that one is done.
        """
        if self._given_up:
            raise _unreadable(Hangs())
        in_time: Answer[_T] = Answer()

        def hangs() -> None:
            self._given_up += 1
            in_time.fail(Hangs())

        def done(result: _T | Exception) -> None:
            if in_time.known:
                self._given_up -= 1
                return
            late.cancel()
            if isinstance(result, Exception):
                in_time.fail(result)
            else:
                in_time.settle(result)

        late = self._clock.callLater(HANGS_S, hangs)
        self._worker.do(work, done)
        try:
            return await in_time
        except Exception as error:
            raise _unreadable(error) from None


def _unreadable(error: Exception) -> Refused:
    return Refused("log_failed", f"The log can't be read: {why_not(error)}.")
