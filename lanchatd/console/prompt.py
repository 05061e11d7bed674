"""The prompt for commands: ``ssh admin@host``, with a command behind it or without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from lanchatd.chat.answers import Answer
from lanchatd.console.dialogue import REFUSED, Dialogue, Ended
from lanchatd.ssh.application import Identity, Output

UNSURE = 3
"""The exit code of what was not done, as nobody has said that it is meant."""

QUESTION = "Is that meant? (yes/no) "


class CommandRunner(Protocol):
    """The commands that there are.

    ``prompt`` is what stands before what is typed: the name of the server, ``> `` and nothing else.
    """

    prompt: str

    def run(
        self,
        line: str,
        show: Callable[[str], None],
        columns: int | None = None,
        sure: bool = False,
    ) -> Answer[Ended]:
        """Do what a line says, with tables that fit in so many ``columns``.

        ``show`` takes text with line ends, and may be called before it answers and after. It ends with 0,
        with 1 and the reason why it is refused, with 2 if there is no such command, or with 3 if it is
        refused because it may not be meant. ``sure`` says that it is.
        """
        ...

    def complete(self, word: str, before: str) -> Sequence[str]:
        """What fits, as `lanchatd.terminal.editor.Editor` wants it."""
        ...

    def history(self) -> Sequence[str]:
        """The lines typed with this key before, the oldest first."""
        ...


class Prompt(Dialogue):
    """Implements `lanchatd.ssh.application.Application` for the account ``admin``."""

    def __init__(self, identity: Identity, output: Output, commands: CommandRunner) -> None:
        place = commands.prompt.rstrip("> ")
        who = identity.comment or identity.fingerprint
        greeting = (
            f"-- The console of {place}. You are {who} from {identity.address}.\n"
            "-- help lists the commands; exit or Ctrl-D leaves.\n"
        )
        super().__init__(output, greeting, commands.history())
        self._commands = commands
        self._asked = ""  # the line of which is asked whether it is meant

    @property
    def prompt(self) -> str:
        return QUESTION if self._asked else self._commands.prompt

    def complete(self, word: str, before: str) -> Sequence[str]:
        return () if self._asked else self._commands.complete(word, before)

    def give_up(self, line: str) -> None:
        self._asked = ""

    def take(self, line: str) -> Answer[Ended]:
        asked, self._asked = self._asked, ""
        if asked:
            if line.strip().lower() in ("y", "yes"):
                return self._commands.run(asked, self.show, self.columns, sure=True)
            return Answer.of(Ended(REFUSED, "Nothing was done."))
        match line.strip():
            case "":
                return Answer.of(Ended(self.code))  # as in a shell, it changes nothing
            case "exit" | "quit":
                self.end()
                return Answer()
            case _:
                ended = self._commands.run(line, self.show, self.columns)
                ended.when_known(partial(self._is_done, line))
                return ended

    def _is_done(self, line: str, ended: Answer[Ended]) -> None:
        if ended.result().code == UNSURE and self.at_terminal:
            self._asked = line
