"""A person at a terminal: what is typed becomes lines, and what is shown stands above the row being typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from lanchatd.ssh.application import Output
from lanchatd.terminal.actions import Action, Key, Pasted, Submitted
from lanchatd.terminal.editor import Editor
from lanchatd.terminal.keys import printable
from lanchatd.terminal.row import Row
from lanchatd.terminal.screen import BELL, Screen, usable_width
from lanchatd.text.cleaning import NEVER

# What Enter, Ctrl-C or a paste does comes before what was typed behind it (a tilde ends the mark of a paste).
_BEHIND = re.compile(rb"(?<=[\r\n\x03~])")


class Listener(Protocol):
    """Who is told what was typed, and asked how it looks."""

    def line_entered(self, line: str) -> None:
        """A line is to be run, when those before it are."""
        ...

    def interrupted(self, line: str) -> None:
        """Ctrl-C was pressed, on this line, which is gone from the row."""
        ...

    def left(self) -> None:
        """No more lines will come."""
        ...

    def row_prompt(self) -> str:
        """What stands in the row before what is being typed."""
        ...

    def complete(self, word: str, before: str) -> Sequence[str]:
        """What fits, as `lanchatd.terminal.editor.Editor` wants it."""
        ...

    def coloured(self, line: str) -> str:
        """The same line with colours, if they take no columns."""
        ...


class Terminal:
    """Nothing is painted until `paint`; and what is shown can't do anything to the terminal."""

    def __init__(self, output: Output, width: int, listener: Listener, history: Iterable[str]) -> None:
        width = usable_width(width)
        self._output = output
        self._listener = listener
        self._screen = Screen(width, styles=True)
        self._editor = Editor(width, complete=listener.complete, history=history)
        self._lines: list[str] = []
        self._unfinished: list[str] = []  # pieces of a line whose end was not shown yet
        self._given_back = False
        output.write(self._screen.begin)

    @property
    def columns(self) -> int:
        """What can be shown in a row."""
        return self._screen.width - 1

    # -- what is shown

    def show(self, text: str) -> None:
        """Show text with line ends, above the row."""
        self._unfinished.append(text)
        if "\n" in text:
            *lines, rest = "".join(self._unfinished).replace("\r\n", "\n").split("\n")
            self._unfinished = [rest] if rest else []
            for line in map(_harmless, lines):
                self._lines += self._screen.wrapped(line)

    show_error = show

    def refuse(self, reason: str) -> None:
        """Say why something was not done."""
        self._end_line()
        self.show(f"!! {reason}\n")

    def echo(self, prompt: str, line: str) -> None:
        """Show a line that was entered, as it stood in the row."""
        self._end_line()
        self._lines.append(printable(prompt) + self._listener.coloured(line))

    def paint(self) -> None:
        """Write what is new."""
        self._end_line()
        self._editor.prompt = self._listener.row_prompt()
        lines, self._lines = self._lines, []
        if characters := self._screen.update(self._row(), lines=lines):
            self._output.write(characters)

    def leave(self) -> None:
        """Take the row away, and give the terminal back."""
        self._end_line()
        last = self._screen.update(Row("", 0), lines=self._lines)
        self._output.write(last + self._screen.erase() + self._screen.end)
        self._given_back = True

    def _end_line(self) -> None:
        if self._unfinished:
            self.show("\n")

    def _row(self) -> Row:
        row = self._editor.row()
        prompt, line = printable(self._editor.prompt), self._editor.line
        if row.text != prompt + line:  # only a part of it fits, or something is searched for
            return row
        return replace(row, text=prompt + self._listener.coloured(line))

    # -- what is typed

    def typed(self, typed: bytes) -> None:
        """Keys were pressed."""
        for part in _BEHIND.split(typed):
            self._take(self._editor.feed(part))

    def nothing_typed(self) -> None:
        """No key was pressed for a while: a paste that was not ended ends."""
        self._take(self._editor.end_paste())

    def _take(self, actions: Iterable[Action]) -> None:
        for action in actions:
            if not self._given_back:
                self._act(action)

    def input_ended(self) -> None:
        """Nothing more will be typed."""
        self._listener.left()

    def resized(self, width: int) -> None:
        """It has this many columns now; most terminals have wrapped anew what was in them."""
        self._screen.width = usable_width(width)
        self._output.write(self._screen.erase())
        self._editor.resize(self._screen.width)

    def _act(self, action: Action) -> None:
        match action:
            case Submitted(line):
                self._listener.line_entered(line)
            case Pasted(lines):
                self._pasted(lines)
            case Key.INTERRUPT:
                line = self._editor.line
                self._editor.set_line("")
                self._listener.interrupted(line)
            case Key.END:
                self._listener.left()
            case Key.CLEAR:
                self.paint()
                self._output.write(self._screen.clear())
            case Key.BELL:
                self._output.write(BELL)

    def _pasted(self, lines: Sequence[str]) -> None:
        """As if they were typed: what has no line end yet stays in the row."""
        for line in lines[:-1]:
            self._editor.remember(line)
            self._listener.line_entered(line)
        self._editor.set_line(lines[-1])


def _harmless(line: str) -> str:
    return NEVER.sub("\ufffd", line.expandtabs())
