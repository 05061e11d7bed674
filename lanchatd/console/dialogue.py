"""A dialogue: lines that come and are run one after the other, and what is shown for them.

It is the same for both prompts (`lanchatd.console.prompt`, `lanchatd.console.manhole`), at a terminal,
without one, and for the one command of ``ssh host command``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from lanchatd.chat.answers import Answer
from lanchatd.console.plain import Plain
from lanchatd.console.terminal import Terminal
from lanchatd.console.work_queue import MOST_WAITING, WorkQueue
from lanchatd.ssh.application import Output
from lanchatd.terminal.editor import LONGEST_LINE

REFUSED = 1

_NOT_DECODED = re.compile("[\ufffd\ud800-\udfff]")  # what stands for bytes that are not UTF-8

_TOO_LONG = f"That line is longer than {LONGEST_LINE:,} characters; nothing was done."
_NOT_UTF8 = "That line is not UTF-8; nothing was done."
_TOO_MANY = f"More than {MOST_WAITING:,} characters wait to be run; what came then was dropped."


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a line: the exit code, 0 for done, and the reason why not.

    That is empty if there is none, or it was shown.
    """

    code: int
    reason: str = ""


class Dialogue:
    """Implements `Application`, and is what a `Terminal` or `Plain` tells what was typed.

    A prompt says what a line does in `take`, and may say more in the methods below it.
    """

    def __init__(self, output: Output, greeting: str, history: Iterable[str]) -> None:
        self._output = output
        self._greeting = greeting
        self._history = history
        self._surface: Terminal | Plain = Plain(output, self)
        self._queue = WorkQueue(self._when_taken)
        self.code = 0  # of the last line
        self._reads = False  # standard input counts
        self._overfull = False
        self._leaving = False
        self._over = False
        self._painting = False

    # -- what a prompt is

    @property
    def prompt(self) -> str:
        """What stands before the next line."""
        raise NotImplementedError

    def take(self, line: str) -> Answer[Ended]:
        """Run a line. It never answers if that ends the dialogue."""
        raise NotImplementedError

    def complete(self, word: str, before: str) -> Sequence[str]:
        """What Tab offers."""
        raise NotImplementedError

    def coloured(self, line: str) -> str:
        """The line being typed, with colours."""
        return line

    def cancel(self) -> bool:
        """What is running is not wanted any more; false if nothing can be cancelled."""
        return False

    def give_up(self, line: str) -> None:
        """Ctrl-C was pressed on a line, and there was nothing to cancel."""

    def unfinished(self) -> str:
        """No more lines come: the reason if the last ones want more."""
        return ""

    # -- what it can do

    @property
    def at_terminal(self) -> bool:
        """Whether a person types."""
        return isinstance(self._surface, Terminal)

    @property
    def columns(self) -> int | None:
        """In how many columns what is shown has to fit; None where nobody looks."""
        return self._surface.columns

    def show(self, text: str) -> None:
        """Show text with line ends; nothing if it is over."""
        with self.painted():
            if not self._over:
                self._surface.show(text)

    def show_error(self, text: str) -> None:
        """The same on standard error, where there is no terminal."""
        with self.painted():
            if not self._over:
                self._surface.show_error(text)

    def echo(self, line: str) -> None:
        """Show a line as it was typed, where there is a terminal."""
        self._surface.echo(self.prompt, line)

    def end(self, code: int | None = None) -> None:
        """It is over. Without a code: 0 at a terminal, and elsewhere what the last line ended with."""
        if self._over:
            return
        self._surface.leave()
        self._over = True
        self._queue.drop()
        self.cancel()
        self._output.end(code if code is not None else 0 if self.at_terminal else self.code)

    @contextmanager
    def painted(self) -> Iterator[None]:
        """Paint once, when everything that happens within has been shown."""
        if self._painting:
            yield
            return
        self._painting = True
        try:
            yield
        finally:
            self._painting = False
            if not self._over:
                self._surface.paint()

    # -- the SSH side tells (`Application`)

    def run(self, line: str) -> None:
        for part in line.split("\n"):
            self.line_entered(part)
        self.left()

    def begin(self, width: int | None) -> None:
        self._reads = True
        if width is not None:
            self._surface = Terminal(self._output, width, self, self._history)
            self.show(self._greeting)

    def typed(self, typed: bytes) -> None:
        if self._reads and not self._over:
            with self.painted():
                self._surface.typed(typed)

    def nothing_typed(self) -> None:
        if not self._over:
            with self.painted():
                self._surface.nothing_typed()

    def input_ended(self) -> None:
        if self._reads and not self._leaving and not self._over:
            with self.painted():
                self._surface.input_ended()

    def resized(self, width: int) -> None:
        if not self._over:
            with self.painted():
                self._surface.resized(width)

    def closed(self) -> None:
        self._over = True
        self._queue.drop()
        self.cancel()

    # -- the surface tells (`terminal.Listener`, `plain.Listener`)

    def line_entered(self, line: str) -> None:
        size = len(line) + 1
        if self._over or self._overfull:
            return
        if self._queue.room_for(size):
            self._queue.add(partial(self._run, line), size)
        else:
            self._overfull = True
            self._queue.add(self._refuse_more)

    def interrupted(self, line: str) -> None:
        dropped = self._queue.drop()
        self._leaving = self._overfull = False
        if not self.cancel():
            self.give_up(line)
        if dropped:
            self.show(f"-- {dropped:,} {'line was' if dropped == 1 else 'lines were'} not run.\n")

    def left(self) -> None:
        """No more lines come: it ends when those that wait are done, or at once if it is said again."""
        if self._leaving:
            self.end()
        self._leaving = True
        self._queue.add(self._finish)

    def row_prompt(self) -> str:
        return "" if self._queue.busy else self.prompt

    # -- one thing after the other

    def _when_taken(self, call: Callable[[], None]) -> None:
        def taken() -> None:
            with self.painted():
                call()

        self._output.when_taken(taken)

    def _run(self, line: str) -> Answer[None]:
        self.echo(line)
        if len(line) > LONGEST_LINE:
            return self.refuse(_TOO_LONG)
        if _NOT_DECODED.search(line):
            return self.refuse(_NOT_UTF8)
        shown: Answer[None] = Answer()
        self.take(line).when_known(partial(self._ended, shown))
        return shown

    def _ended(self, shown: Answer[None], answer: Answer[Ended]) -> None:
        ended = answer.result()
        with self.painted():
            self.code = ended.code
            if ended.reason and not self._over:
                self._surface.refuse(ended.reason)
            shown.settle(None)

    def refuse(self, reason: str) -> Answer[None]:
        """Say why a line was not run."""
        shown: Answer[None] = Answer()
        self._ended(shown, Answer.of(Ended(REFUSED, reason)))
        return shown

    def _refuse_more(self) -> Answer[None]:
        self._overfull = False
        refused = self.refuse(_TOO_MANY)
        if not self.at_terminal:  # the lines of a script may need each other
            self.end()
        return refused

    def _finish(self) -> Answer[None]:
        if reason := self.unfinished():
            self.refuse(reason)
        self.end()
        return Answer()
