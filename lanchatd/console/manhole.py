"""The Python prompt inside the running daemon: ``ssh manhole@host``, with a line behind it or without."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from functools import partial

from lanchatd.chat.answers import Answer
from lanchatd.console import colours, completion
from lanchatd.console.dialogue import REFUSED, Dialogue, Ended
from lanchatd.console.interpreter import Interpreter, one_line
from lanchatd.ssh.application import Identity, Output

# Characters of one statement, with all of its lines.
LONGEST_STATEMENT = 65_536

# Characters of an exception's text that are recorded.
_LONGEST_RESULT = 200


class Manhole(Dialogue):
    """Implements `lanchatd.ssh.application.Application` for the account ``manhole``.

    ``record`` takes a line, or the lines of a statement, and what became of it: ``entered`` before it can do
    anything, and when it was run ``done`` or the exception in one line. Names that are made here are not put
    into the ``namespace`` that was given.
    """

    def __init__(
        self,
        identity: Identity,
        output: Output,
        namespace: dict[str, object],
        record: Callable[[str, str], None],
        history: Sequence[str],
    ) -> None:
        who = identity.comment or identity.fingerprint
        greeting = (
            f"-- Python {platform.python_version()} inside the running daemon. "
            f"You are {who} from {identity.address}.\n"
            "-- help() says what is there; exit() or Ctrl-D leaves.\n"
        )
        super().__init__(output, greeting, history)
        own: dict[str, object] = {"__name__": "__console__", "__doc__": None, **namespace}
        own.setdefault("help", completion.Help(own))
        self._interpreter = Interpreter(own, self.show, self.show_error, self.painted)
        self._namespace = own
        self._record = record

    @property
    def prompt(self) -> str:
        return "... " if self._interpreter.block else ">>> "

    def complete(self, word: str, before: str) -> Sequence[str]:
        with self._interpreter.monkeyPatcher:  # what an attribute prints when it is looked at
            return completion.candidates(self._namespace, word, before)

    def coloured(self, line: str) -> str:
        return colours.coloured(self._interpreter.block + line)

    def take(self, line: str) -> Answer[Ended]:
        source = self._interpreter.block + line
        if not source.strip():
            return Answer.of(Ended(self.code))
        if len(source) > LONGEST_STATEMENT:
            self.refuse(f"A statement has at most {LONGEST_STATEMENT:,} characters.")
            self.end(REFUSED)  # or what is left of it would be taken for the next one, and run
            return Answer()
        if line.strip():
            self._record(line, "entered")
        ended: Answer[Ended] = Answer()
        self._interpreter.enter(line).when_known(partial(self._settled, source.rstrip("\n"), ended))
        return ended

    def cancel(self) -> bool:
        return self._interpreter.interrupt()

    def give_up(self, line: str) -> None:
        self.echo(line)
        self.show("KeyboardInterrupt\n")
        self._interpreter.resetBuffer()

    def left(self) -> None:
        if not self.at_terminal:
            self.line_entered("")  # ends a block
        super().left()

    def unfinished(self) -> str:
        if self.at_terminal or not self._interpreter.block:
            return ""
        return "SyntaxError: the input ended in the middle of a statement."

    def _settled(self, source: str, ended: Answer[Ended], answer: Answer[BaseException | None]) -> None:
        error = answer.result()
        if not self._interpreter.block:
            self._record(source, one_line(error)[:_LONGEST_RESULT] if error else "done")
        if isinstance(error, SystemExit):
            self._exit(error.code)
        ended.settle(Ended(REFUSED if error else 0))

    def _exit(self, code: object) -> None:
        """As Python does it: with a number, or with a text and 1."""
        if code is not None and not isinstance(code, int):
            self.show_error(f"{code}\n")
            code = 1
        self.end(code & 0xFF if code else 0)
