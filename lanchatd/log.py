"""The log of a room: append a batch, read after a cursor, its name and newest id.

`MemoryLog` is here, `lanchatd.disk` has the one on disk; one on a broker may come behind the same calls. That
is why both calls answer through a function and not by returning: such logs answer later.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from lanchatd.events import Event, Refused
from lanchatd.limits import Limits

Found = Sequence[Event] | Refused
"""What a log answers when it is read: the events, or why it can't."""


class Log(Protocol):
    """What a room needs of its log. The room has at most one append under way."""

    @property
    def name(self) -> str:
        """Names the log that the ids count in: another log, another name."""
        ...

    @property
    def newest(self) -> int:
        """The id of the newest event, 0 in an empty log."""
        ...

    def refuses(self) -> Refused | None:
        """Why nothing should be said at present: what is on its way into the log may take long. Or None."""
        ...

    def append(self, batch: Sequence[Event], answer: Callable[[Refused | None], None]) -> None:
        """Number the events from ``newest`` + 1 without a gap, keep them all or none, then answer.

        Sets each event's ``id`` and answers None, at once or later; or answers why nothing was kept.
        """
        ...

    def read(self, after: int, until: int, limit_bytes: int, answer: Callable[[Found], None]) -> None:
        """Answer the events with ``after`` < id <= ``until``, the oldest first, at once or later.

        No more than fit in ``limit_bytes`` of `Event.size`, and at least one, from the oldest that is held:
        a first id past ``after`` + 1 says how many are lost, and no event at all that every one is. Or why
        they can't be read.
        """
        ...


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

    def read(self, after: int, until: int, limit_bytes: int, answer: Callable[[Found], None]) -> None:
        answer(self._tail.read(after, until, limit_bytes))
