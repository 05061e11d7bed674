"""No terminal: lines of standard input, and what is shown goes out as it is."""

from __future__ import annotations

from typing import Protocol

from lanchatd.ssh.application import Output

# Bytes of one line that are kept: more than the longest that is run (`editor.LONGEST_LINE`) can have.
MOST_KEPT_BYTES = 65_540


class Listener(Protocol):
    """Who is told what came."""

    def line_entered(self, line: str) -> None:
        """A line is to be run, when those before it are. One that was too long to be kept is cut."""
        ...

    def left(self) -> None:
        """No more lines will come."""
        ...


class Plain:
    """The same as a `lanchatd.console.terminal.Terminal`, where nothing is painted and nothing is echoed."""

    columns = None

    def __init__(self, output: Output, listener: Listener) -> None:
        self.show = output.write
        self.show_error = output.write_error
        self._listener = listener
        self._line = bytearray()

    def refuse(self, reason: str) -> None:
        """Say why something was not done."""
        self.show_error(f"{reason}\n")

    def echo(self, prompt: str, line: str) -> None:
        """Who sent the line knows it."""

    def paint(self) -> None:
        """Everything has been written."""

    def leave(self) -> None:
        """There is nothing to give back."""

    def resized(self, width: int) -> None:
        """It makes no difference."""

    def typed(self, typed: bytes) -> None:
        """Bytes came, of which the last line may have no end yet."""
        *lines, rest = typed.split(b"\n")
        for line in lines:
            self._keep(line)
            self._end_line()
        self._keep(rest)

    def nothing_typed(self) -> None:
        """A line goes on whenever it does."""

    def input_ended(self) -> None:
        """What came last is a line, though it was not ended."""
        if self._line:
            self._end_line()
        self._listener.left()

    def _keep(self, piece: bytes) -> None:
        self._line += piece[: MOST_KEPT_BYTES - len(self._line)]

    def _end_line(self) -> None:
        line = self._line.removesuffix(b"\r").decode(errors="replace")
        self._line.clear()
        self._listener.line_entered(line)
