"""Logs in memory: the newest events of a room, and nothing after the end of the daemon."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from lanchatd.chat.events import Event
from lanchatd.chat.log import Found
from lanchatd.limits import Limits
from lanchatd.text.refused import Refused


class Tail:
    """The newest events of a log, in memory: bounded in events and in bytes, and the newest always stays."""

    def __init__(self, limits: Limits, newest: int = 0) -> None:
        """``newest`` is the id that the next event to be held comes after."""
        self.newest = newest
        self._limits = limits
        self._events: deque[Event] = deque()
        self._bytes = 0

    @property
    def oldest(self) -> int:
        """The id of the oldest event that is held; past ``newest`` if none is."""
        return self.newest - len(self._events) + 1

    def hold(self, events: Iterable[Event]) -> None:
        """Take the next events, whose ids go on without a gap; the oldest go."""
        for event in events:
            self.newest = event.id
            self._events.append(event)
            self._bytes += event.size
        while len(self._events) > self._limits.log_events or (
            self._bytes > self._limits.log_bytes and len(self._events) > 1
        ):
            self._bytes -= self._events.popleft().size

    def forget(self, until: int) -> None:
        """Let those up to an id go."""
        while self._events and self._events[0].id <= until:
            self._bytes -= self._events.popleft().size

    def read(self, after: int, until: int, limit_bytes: int) -> list[Event]:
        """As `Log.read` answers."""
        oldest = self.oldest
        found: list[Event] = []
        size = 0
        for id_ in range(max(after + 1, oldest), until + 1):
            event = self._events[id_ - oldest]
            size += event.size
            if found and size > limit_bytes:
                break
            found.append(event)
        return found


class MemoryLog:
    """A log in memory: its tail is all that there is."""

    def __init__(self, name: str, limits: Limits) -> None:
        self.name = name
        self._tail = Tail(limits)

    @property
    def newest(self) -> int:
        return self._tail.newest

    def refuses(self) -> Refused | None:
        return None

    def append(self, batch: Sequence[Event], answer: Callable[[Refused | None], None]) -> None:
        for id_, event in enumerate(batch, self.newest + 1):
            event.id = id_
        self._tail.hold(batch)
        answer(None)

    def put_away(self) -> bool:
        return False

    def read(self, after: int, until: int, limit_bytes: int, answer: Callable[[Found], None]) -> None:
        answer(self._tail.read(after, until, limit_bytes))
