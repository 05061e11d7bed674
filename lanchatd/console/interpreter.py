"""Twisted's interpreter for the Python prompt, with ``await``; what is printed is shown in the session."""

from __future__ import annotations

import ast
import inspect
import io
import sys
import traceback
import types
from collections.abc import Callable, Coroutine, Generator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from twisted.conch.manhole import ManholeInterpreter
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.monkey import MonkeyPatcher
from twisted.python.reflect import safe_repr

from lanchatd.chat.answers import Answer

# Characters of a statement up to which it is tried with each line whether it is whole. Python reads it from
# its beginning each time, and the daemon does nothing else meanwhile: 0.3 s in all for 4,096 characters in
# lines of a usual length (measured). A longer one ends with an empty line.
TRIED_WITH_EACH_LINE = 4_096

_FILE = "<console>"


class Interpreter(ManholeInterpreter):
    """Runs one line after the other in a namespace.

    While code runs that was typed, before an ``await`` and behind it, what is printed goes to ``show`` and
    ``show_error``, and standard input is empty: the daemon's is not for it. What others call later, such as a
    callback that was added to a Deferred, prints to the daemon's own output. ``together`` is entered around
    all that is shown at once. ``block`` is what was entered and wants more, each line with its end.
    """

    def __init__(
        self,
        namespace: dict[str, object],
        show: Callable[[str], None],
        show_error: Callable[[str], None],
        together: Callable[[], AbstractContextManager[None]],
    ) -> None:
        # Its `handler` is only there for `addOutput`.
        super().__init__(self, namespace, _FILE)  # type: ignore[no-untyped-call]
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self.monkeyPatcher = MonkeyPatcher(
            (sys, "displayhook", self.displayhook),
            (sys, "stdout", _Stream(show)),
            (sys, "stderr", _Stream(show_error)),
            (sys, "stdin", io.StringIO()),
        )
        self._show = show
        self._show_error = show_error
        self._together = together
        self._error: BaseException | None = None
        self._coroutine: Coroutine[Any, Any, Any] | None = None
        self._awaited: Deferred[None] | None = None
        self._interrupted = False

    # -- what the prompt asks

    def enter(self, line: str) -> Answer[BaseException | None]:
        """Take a line, and run it if it ends what was begun.

        When that is done it answers with the exception, if there was one. It has been shown then, unless it
        is SystemExit.
        """
        settled: Answer[BaseException | None] = Answer()
        self._error = self._coroutine = None
        self._interrupted = False
        try:
            if line.strip() and len(self.block) > TRIED_WITH_EACH_LINE:
                self.buffer.append(line.encode())
            else:
                with self.monkeyPatcher:  # compiling may warn, on standard error
                    self.push(line.encode())  # type: ignore[no-untyped-call]
        except Exception as error:  # too deep for the parser: RecursionError, MemoryError
            self.resetBuffer()
            self._error = error.with_traceback(None)
        if self.buffer:
            self.block += f"{line}\n"
        if self._coroutine is None:
            self._settle(self._error, settled)
        else:
            self._awaited = Deferred.fromCoroutine(self._follow(self._coroutine))
            self._awaited.addCallback(self._settle, settled)
        return settled

    def interrupt(self) -> bool:
        """Cancel what is awaited; false if nothing is."""
        if self._awaited is None:
            return False
        self._interrupted = True
        self._awaited.cancel()
        return True

    def resetBuffer(self) -> None:  # noqa: N802
        """Forget what wants more; `ManholeInterpreter` calls this too."""
        super().resetBuffer()  # type: ignore[no-untyped-call]
        self.block = ""

    # -- running

    def runcode(self, code: types.CodeType) -> None:
        """`code.InteractiveInterpreter` calls this when a whole statement was entered."""
        try:
            if code.co_flags & inspect.CO_COROUTINE:
                self._coroutine = eval(code, self.locals)  # noqa: S307
            else:
                exec(code, self.locals)  # noqa: S102
        except BaseException as error:
            self._error = error

    def showsyntaxerror(self, filename: str | None = None, **more: object) -> None:
        """`code.InteractiveInterpreter` calls this for what is no Python."""
        error = sys.exc_info()[1]
        self._error = error and error.with_traceback(None)

    async def _follow(self, coroutine: Coroutine[Any, Any, Any]) -> BaseException | None:
        try:
            await self._resumed_in_session(coroutine)
        except BaseException as error:
            return error
        return None

    @types.coroutine
    def _resumed_in_session(self, coroutine: Coroutine[Any, Any, Any]) -> Generator[Any, Any, None]:
        """The coroutine, with the standard streams patched whenever it runs and never while it waits."""
        resume = partial(coroutine.send, None)
        while True:
            with self._together(), self.monkeyPatcher:
                try:
                    awaited = resume()
                except StopIteration:
                    return
            try:
                result = yield awaited
            except BaseException as error:
                trace = error.__traceback__  # begins in this function, which is of no interest
                resume = partial(coroutine.throw, error.with_traceback(trace and trace.tb_next))
            else:
                resume = partial(coroutine.send, result)

    def _settle(self, error: BaseException | None, settled: Answer[BaseException | None]) -> None:
        self._awaited = None
        with self._together():
            if self._interrupted and isinstance(error, CancelledError):
                error = KeyboardInterrupt()
                self._show_error("KeyboardInterrupt\n")
            elif error is not None and not isinstance(error, SystemExit):
                self._show_error(_explained(error))
            settled.settle(error)

    # -- showing values: `ManholeInterpreter` numbers the Deferreds

    def displayhook(self, obj: object) -> None:
        if obj is not None:
            super().displayhook(obj)  # type: ignore[no-untyped-call]
            self._show("\n")

    def _cbDisplayDeferred(self, result: object, k: int, obj: Deferred[Any]) -> object:  # noqa: N802
        # A value that can't be shown must not change what the daemon itself makes of the Deferred.
        self.addOutput(f"Deferred #{k} called back: {safe_repr(result)}", True)
        del self._pendingDeferreds[id(obj)]
        return result

    def addOutput(self, text: str, fired: bool | None = None) -> None:  # noqa: N802
        """`ManholeInterpreter` calls this to show something: a whole line when a Deferred has fired."""
        self._show(f"{text}\n" if fired else text)


def one_line(error: BaseException) -> str:
    """``NameError: name 'x' is not defined``."""
    lines = traceback.format_exception_only(error)
    # Before it stands where a syntax error is; behind it may stand notes.
    return next(line for line in lines if not line.startswith(" ")).split("\n")[0]


def _explained(error: BaseException) -> str:
    """The traceback, from the line on that was entered."""
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename != _FILE:
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace or error.__traceback__))


class _Stream(io.TextIOBase):
    """Standard output or error, as far as it is shown in the session."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show

    def write(self, text: str) -> int:
        self._show(text)
        return len(text)
