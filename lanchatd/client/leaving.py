"""How one leaves: when all is acknowledged, or without, if one asks once more."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lanchatd.client.connection import ServerConnection
from lanchatd.client.outgoing import TypedLine
from lanchatd.client.sanitize import clean
from lanchatd.client.session import ClientSession

# Of what is not acknowledged these are named, the newest; the others are counted.
_MOST_NAMED = 5
_NAMED_CHARACTERS = 60  # of each


class Leaving:
    """``end`` takes the exit code and a last line to print. ``asked``: Ctrl-C was pressed once."""

    def __init__(
        self, session: ClientSession, tell: Callable[[str], None], end: Callable[[int, str], None]
    ) -> None:
        self.connection: ServerConnection
        self.asked = False
        self._session = session
        self._tell = tell
        self._end = end
        self._text: str | None = None  # what is said on leaving, once that was asked for
        self._gone = False

    @property
    def begun(self) -> bool:
        """Nothing more is taken."""
        return self._text is not None

    @property
    def note(self) -> str:
        """What stands below the row, if anything."""
        if self.begun:
            return "Leaves when all is said; Ctrl-C: now."
        return "Ctrl-C again to leave." if self.asked else ""

    def interrupt(self) -> None:
        """Ctrl-C on an empty row: the second one leaves. The keys behind a slip go to nobody's shell so."""
        if self.asked:
            self.ask("")
        self.asked = True

    def ask(self, text: str) -> None:
        """Leave, with this as the last word."""
        waiting = self._session.waiting_lines
        if waiting and self._text is None:
            # It leaves by itself when the last one is acknowledged.
            self._text = text
            if not self._session.connected:
                self._tell(f"Not acknowledged yet: {_named(waiting)}. Leave once more to leave without.")
            return
        self._gone = True
        self._text = self._text or text
        lost = f"Not acknowledged: {_named(waiting)}." if waiting else ""
        code = 1 if waiting or not self._session.connected else 0
        self.connection.quit(self._text).addCallback(lambda _: self._end(code, lost))

    def go_on(self) -> None:
        """Leave if that was asked for and nothing is waiting any more."""
        if self._text is not None and not self._gone and not self._session.waiting:
            self.ask(self._text)


def _named(lines: Iterable[TypedLine]) -> str:
    texts = [clean(line.text) for line in lines]
    more = len(texts) - _MOST_NAMED
    named = [f'"{text[:_NAMED_CHARACTERS]}{"…" * (len(text) > _NAMED_CHARACTERS)}"' for text in texts]
    return ", ".join([*([f"{more:,} more"] if more > 0 else []), *named[-_MOST_NAMED:]])
