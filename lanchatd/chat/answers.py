"""Answers: what somebody asked for, which may be there at once, or come later from a disk.

A coroutine awaits them, where one thing follows the other: `begin` runs it, and nothing of Twisted is needed.
Where each line of a room passes, or all are told in one order (the way into the log and out of it, fan-out,
the outbox), plain functions are called: a coroutine would cost more than what is done there, and each that
is resumed on its own would give up the order.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

from lanchatd.text.refused import Refused

_T = TypeVar("_T")


class Answer(Generic[_T]):
    """A value, or the exception that says why there is none; once. Any number may ask for it."""

    __slots__ = ("_asking", "_value", "error", "known")

    def __init__(self) -> None:
        self.known = False
        self.error: Exception | None = None
        self._value: _T
        self._asking: list[Callable[[Answer[_T]], None]] = []

    @classmethod
    def of(cls, value: _T) -> Answer[_T]:
        """One that is known."""
        answer: Answer[_T] = cls()
        answer.settle(value)
        return answer

    def settle(self, value: _T) -> None:
        """This is it."""
        self._value = value
        self._is_known()

    def fail(self, error: Exception) -> None:
        """There is none, and why."""
        self.error = error
        self._is_known()

    def _is_known(self) -> None:
        self.known = True
        asking, self._asking = self._asking, []
        for call in asking:
            call(self)

    def result(self) -> _T:
        """The value, if it is known; raises ``error`` if there is one."""
        if self.error is not None:
            raise self.error
        return self._value

    def hand_on(self, other: Answer[_T]) -> None:
        """Settle another one as this one is."""
        if self.error is not None:
            other.fail(self.error)
        else:
            other.settle(self._value)

    def when_known(self, call: Callable[[Answer[_T]], None]) -> None:
        """Call with this once it is known, at once if it is; in the order of asking."""
        if self.known:
            call(self)
        else:
            self._asking.append(call)

    def __await__(self) -> Generator[Answer[Any], None, _T]:
        if not self.known:
            yield self
        return self.result()


def begin(coroutine: Coroutine[Answer[Any], None, _T]) -> Answer[_T]:
    """Run it until it awaits what is not known yet, and on when that is; the answer is what it returns.

    `Refused` is an answer too. Any other exception is a mistake, and is raised where the coroutine ran.
    """
    answer: Answer[_T] = Answer()

    def go_on(_: Answer[Any] | None = None) -> None:
        try:
            awaited = coroutine.send(None)
        except StopIteration as returned:
            answer.settle(returned.value)
        except Refused as refused:
            answer.fail(refused)
        else:
            awaited.when_known(go_on)

    go_on()
    return answer
