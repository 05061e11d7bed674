"""The terminal as a device: its mode, its size, and what is typed at it; it is given back as it was."""

from __future__ import annotations

import os
import termios
import tty
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from lanchatd.client.connection import ServerConnection
from lanchatd.terminal.screen import usable_width

_ROWS = 24  # where the terminal does not say


class Keyboard(Protocol):
    """What is typed, and the way to the screen."""

    def __init__(
        self,
        typed: Callable[[bytes], None],
        closed: Callable[[], None],
        failed: Callable[[Failure], None],
    ) -> None:
        self._typed = typed
        self._closed = closed
        self._failed = failed
        self.transport: Any

    def dataReceived(self, data: bytes) -> None:
        try:
            self._typed(data)
        except Exception:
            # Twisted would log it, which nobody reads here, and take it for the end of the terminal.
            self._failed(Failure())

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._closed()


@implementer(IPushProducer)
class Brake:
    """What a terminal does when it takes no more for now: the server is not read from."""

    def __init__(self, connection: ServerConnection) -> None:
        self.pauseProducing = connection.pause_reading
        self.resumeProducing = connection.resume_reading

    def stopProducing(self) -> None:
        """The terminal is gone."""


class Terminal:
    """Standard input and output as a terminal of ours, until they are given back."""

    def __init__(self, raw: bool) -> None:
        self._raw = raw
        self._before: list[Any] | None = None

    def take(self) -> bool:
        """Every key comes as it is pressed, and nothing is echoed. Returns whether it was not ours before."""
        new = self._before is None
        if new:
            self._before = termios.tcgetattr(0)
        if self._raw:
            tty.setraw(0, termios.TCSANOW)
        return new

    def give_back(self, last: str = "") -> None:
        """As it was before, with these last characters written; once, until it is taken again."""
        if self._before is None:
            return
        before, self._before = self._before, None
        # Twisted made them non-blocking, and that is so for every process on this terminal.
        for descriptor in (0, 1):
            with suppress(OSError):
                os.set_blocking(descriptor, True)
        with suppress(OSError):  # it may be gone
            os.write(1, last.encode(errors="replace"))
        with suppress(termios.error):
            termios.tcsetattr(0, termios.TCSADRAIN, before)

    @property
    def width(self) -> int:
        """Columns."""
        try:
            columns = os.get_terminal_size(1).columns
        except OSError:
            columns = 0
        return usable_width(columns)

    @property
    def rows(self) -> int:
        try:
            return os.get_terminal_size(1).lines or _ROWS
        except OSError:
            return _ROWS
