"""A thread that does one thing after another, and answers in the reactor's thread."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Protocol, TypeVar

_T = TypeVar("_T")


class Worker(Protocol):
    """Does what it is asked, in order, elsewhere. ``Exception`` is what it raised."""

    def do(self, work: Callable[[], _T], answer: Callable[[_T | Exception], None]) -> None:
        """Do this when everything asked before is done, and then call in the reactor's thread.

        It is no `lanchatd.chat.answers.Answer`, as every line that is kept passes here.
        """
        ...

    def stop(self, within_s: float) -> bool:
        """Wait until everything is done, but not longer; whether it is.

        Answers that have not been given are not given any more.
        """
        ...


class ThreadWorker:
    """A thread of its own: those of the reactor are for whatever may take long, and would be in the way."""

    def __init__(self, name: str, in_reactor: Callable[[Callable[[], None]], None]) -> None:
        """``in_reactor`` calls in the reactor's thread."""
        self._in_reactor = in_reactor
        self._asked: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        # A daemon thread, or a start that fails half-way would never end, nor a daemon whose disk hangs.
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def do(self, work: Callable[[], _T], answer: Callable[[_T | Exception], None]) -> None:
        def done() -> None:
            try:
                result: _T | Exception = work()
            except Exception as error:
                result = error
            self._in_reactor(lambda: answer(result))

        self._asked.put(done)

    def stop(self, within_s: float) -> bool:
        self._asked.put(None)
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None:
            asked()
