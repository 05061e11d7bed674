"""Lists that may be long: told a piece at a time, in turns with others, as the client takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from lanchatd.chat.connection import Outbox
from lanchatd.chat.list_turns import ListTurns


class LongLists:
    """Those that one client has asked for, in their order."""

    def __init__(
        self, turns: ListTurns, outbox: Outbox, tell: Callable[[str], None], all_told: Callable[[], None]
    ) -> None:
        """``tell`` sends a piece: lines with their ends. ``all_told`` is called when none is left."""
        self._turns = turns
        self._outbox = outbox
        self._tell = tell
        self._all_told = all_told
        self._lists: list[Iterator[str]] = []
        self._asked = False

    def __bool__(self) -> bool:
        """Whether there is something to tell yet."""
        return bool(self._lists)

    def add(self, pieces: Iterable[str]) -> None:
        """One more, in pieces."""
        self._lists.append(iter(pieces))
        self.go_on()

    def go_on(self) -> None:
        """Nothing waits any more, perhaps: tell the next piece when it is its turn."""
        if self._lists and not (self._asked or self._outbox.waiting):
            self._asked = True
            self._turns.ask(self._tell_some)

    def drop(self) -> None:
        """Nothing more is told."""
        self._lists.clear()

    def end(self) -> None:
        """Who is told is gone, and is held no longer."""
        self._tell, self._all_told = _to_nobody, _nobody_is_told

    def _tell_some(self) -> None:
        self._asked = False
        if self._outbox.waiting or not self._lists:
            return
        piece = next(self._lists[0], None)
        if piece is None:
            del self._lists[0]
        else:
            self._tell(piece)
        if self._lists:
            self.go_on()
        else:
            self._all_told()


def _to_nobody(_: str) -> None: ...


def _nobody_is_told() -> None: ...
