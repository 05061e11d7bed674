"""The prompt for commands: ``ssh admin@host``, with a command behind it or without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from lanchatd.console.dialogue import Dialogue, Done
from lanchatd.ssh.application import Identity, Output


class CommandRunner(Protocol):
    """The commands that there are.

    ``prompt`` is what stands before what is typed: the name of the server, ``> `` and nothing else.
    """

    prompt: str

    def run(self, line: str, show: Callable[[str], None], done: Done) -> None:
        """Do what a line says.

        ``show`` takes text with line ends, and may be called before ``done`` and after it. ``done`` is called
        exactly once, at once or later: with 0, with 1 and the reason why it is refused, or with 2 if there is
        no such command.
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

    @property
    def prompt(self) -> str:
        return self._commands.prompt

    def complete(self, word: str, before: str) -> Sequence[str]:
        return self._commands.complete(word, before)

    def take(self, line: str, done: Done) -> None:
        match line.strip():
            case "":
                done(self.code, "")  # as in a shell, it changes nothing
            case "exit" | "quit":
                self.end()
            case _:
                self._commands.run(line, self.show, done)
