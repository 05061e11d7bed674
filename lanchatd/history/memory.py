"""Logs in memory: the newest events of a room, and nothing after the end of the daemon."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from weakref import WeakSet

from lanchatd.chat.answers import Answer
from lanchatd.chat.events import Event
from lanchatd.chat.log import Listener
from lanchatd.chat.posted import Posted
from lanchatd.limits import Limits
from lanchatd.text.refused import Refused

# What Python's objects about an event take besides its text and nick.
EVENT_BYTES = 300

# What the fullest tail lets go before it is asked again which one is the fullest.
STEP_BYTES = 65_536


class Tails:
    """All tails together, bounded in bytes: the oldest events of the fullest one go, in small steps.

    It is added up whenever a 64th of the limit came, so they hold as much more at the most.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._tails: WeakSet[Tail] = WeakSet()
        self._came_bytes = 0

    def add(self, tail: Tail) -> None:
        """There is one more."""
        self._tails.add(tail)

    def came(self, size: int) -> None:
        """So many bytes are held in addition."""
        self._came_bytes += size
        if self._came_bytes < self._limits.log_total_bytes // 64:
            return
        self._came_bytes = 0
        tails = list(self._tails)
        over = sum(tail.held_bytes for tail in tails) - self._limits.log_total_bytes
        fullest = [(-tail.held_bytes, number) for number, tail in enumerate(tails)]
        heapq.heapify(fullest)
        while over > 0 and fullest:
            tail = tails[fullest[0][1]]
            before = tail.held_bytes
            tail.let_go(min(over, STEP_BYTES))
            over -= before - tail.held_bytes
            if tail.held_bytes == before:
                heapq.heappop(fullest)  # the newest event stays
            else:
                heapq.heapreplace(fullest, (-tail.held_bytes, fullest[0][1]))


class Tail:
    """The newest events of a log, in memory: bounded in events and in bytes, and the newest always stays."""

    def __init__(self, limits: Limits, tails: Tails, newest: int = 0) -> None:
        """``newest`` is the id that the next event to be held comes after; ``tails`` are all there are."""
        self.newest = newest
        self._limits = limits
        self._tails = tails
        self._events: deque[Event] = deque()
        self._bytes = 0
        tails.add(self)

    @property
    def held_bytes(self) -> int:
        """What it takes in memory, nearly."""
        return self._bytes + EVENT_BYTES * len(self._events)

    @property
    def oldest(self) -> int:
        """The id of the oldest event that is held; past ``newest`` if none is."""
        return self.newest - len(self._events) + 1

    def hold(self, events: Iterable[Event]) -> None:
        """Take the next events, whose ids go on without a gap; the oldest go."""
        held, limits = self._events, self._limits
        before, bytes_ = self.held_bytes, self._bytes
        for event in events:
            self.newest = event.id
            held.append(event)
            bytes_ += event.size
        while len(held) > limits.log_events or (bytes_ > limits.log_bytes and len(held) > 1):
            bytes_ -= held.popleft().size
        self._bytes = bytes_
        if (more := self.held_bytes - before) > 0:
            self._tails.came(more)

    def let_go(self, size: int) -> None:
        """Let the oldest go until it holds so many bytes less, but not the newest."""
        enough = self.held_bytes - size
        while len(self._events) > 1 and self.held_bytes > enough:
            self._bytes -= self._events.popleft().size

    def skip(self, until: int) -> None:
        """The next one comes after this id."""
        self.forget(self.newest)
        self.newest = until

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

    def __init__(self, name: str, limits: Limits, tails: Tails | None = None) -> None:
        """``tails`` are those of all rooms."""
        self.name = name
        self._tail = Tail(limits, tails or Tails(limits))
        self._listener: Listener

    @property
    def newest(self) -> int:
        return self._tail.newest

    def refuses(self) -> Refused | None:
        return None

    def listen(self, listener: Listener) -> None:
        self._listener = listener

    def append(self, batch: Sequence[Posted]) -> None:
        for id_, posted in enumerate(batch, self.newest + 1):
            posted.event = posted.event.numbered(id_)
        self._tail.hold([posted.event for posted in batch])
        self._listener.arrived(batch)

    def put_away(self) -> bool:
        return False

    def throw_away(self) -> Answer[None]:
        self._tail.forget(self.newest)
        return Answer.of(None)

    def read(self, after: int, until: int, limit_bytes: int) -> Answer[Sequence[Event]]:
        return Answer.of(self._tail.read(after, until, limit_bytes))
