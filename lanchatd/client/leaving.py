"""How one leaves: when all is acknowledged, or without, if one asks once more."""

from __future__ import annotations

from collections.abc import Callable

from lanchatd.client.connection import ServerConnection
from lanchatd.client.session import ClientSession


class Leaving:
    """``end`` takes the exit code and a last line to print."""

    def __init__(
        self, session: ClientSession, tell: Callable[[str], None], end: Callable[[int, str], None]
    ) -> None:
        self.connection: ServerConnection
        self._session = session
        self._tell = tell
        self._end = end
        self._text: str | None = None  # what is said on leaving, once that was asked for
        self._gone = False

    @property
    def begun(self) -> bool:
        return self._text is not None

    def ask(self, text: str) -> None:
        """Leave, with this as the last word."""
        waiting = self._session.waiting
        if waiting and self._text is None:
            # It leaves by itself when the last one is acknowledged.
            self._text = text
            if not self._session.connected:
                lines = "1 line is" if waiting == 1 else f"{waiting:,} lines are"
                self._tell(f"{lines} not acknowledged yet; leave once more to leave without.")
            return
        self._gone = True
        self._text = self._text or text
        lost = f"{waiting:,} not acknowledged." if waiting else ""
        code = 1 if waiting or not self._session.connected else 0
        self.connection.quit(self._text).addCallback(lambda _: self._end(code, lost))

    def go_on(self) -> None:
        """Leave if that was asked for and nothing is waiting any more."""
        if self._text is not None and not self._gone and not self._session.waiting:
            self.ask(self._text)
