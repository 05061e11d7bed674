"""The searches that wait for the file, and the one that is under way: the addresses take turns.

A search can be dear, as the index has to put together the lines of every word that begins so. It is given up
after a while, those who left are not searched for, and nobody waits for more than one search of each other
address that asks.
"""

from __future__ import annotations

import sqlite3
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from lanchatd.chat.answers import Answer, begin
from lanchatd.chat.searching import Asker, Hits
from lanchatd.clock import Clock
from lanchatd.history.disk import reading
from lanchatd.history.disk.asking import Asking
from lanchatd.history.disk.index import index
from lanchatd.history.disk.words import query_of
from lanchatd.state.worker import Worker
from lanchatd.text.refused import Refused

# How long one search may take.
SEARCH_S = 1.0

# Steps of the index that are waited for, so that what was said a moment ago is found too. When more was said,
# it is found later.
CATCH_UP_STEPS = 8

_Thread = tuple[Worker, sqlite3.Connection]

_NEWEST = 1 << 62  # a place past all others


@dataclass(frozen=True, slots=True)
class _Waiting:
    asker: Asker
    find: Callable[[], Hits]
    answer: Answer[Hits]


class Searches:
    """Implements `lanchatd.chat.searching.Search` by its `search`."""

    def __init__(self, clock: Clock, refuses: Callable[[], Refused | None]) -> None:
        """``refuses`` tells whether the disk takes nothing at present."""
        self._clock = clock
        self._refuses = refuses
        self._writer: _Thread | None = None
        self._reader: tuple[Asking, sqlite3.Connection]
        self._waiting: OrderedDict[str | None, deque[_Waiting]] = OrderedDict()
        self._under_way = False
        self._caught_up: Callable[[], None] | None = None

    def begin(
        self, writer: tuple[Worker, sqlite3.Connection], reader: tuple[Worker, sqlite3.Connection]
    ) -> None:
        """The file is open; ``writer`` brings the index up to date."""
        self._writer = writer
        worker, connection = reader
        self._reader = Asking(worker, self._clock), connection

    def end(self) -> None:
        """The file is about to be closed: nothing more is searched, and what is under way stops."""
        self._writer = None
        self._waiting.clear()

    def search(self, words: str, before: int | None, count: int, asker: Asker) -> Answer[Hits]:
        """Find the newest lines with these words."""
        answer: Answer[Hits] = Answer()
        query = query_of(words)
        if not query:
            answer.fail(Refused("usage", "There is no word in that to search for."))
            return answer
        _, connection = self._reader
        place = _NEWEST if before is None else before
        find = partial(reading.search, connection, query, place, count, self._new_end)
        self._waiting.setdefault(asker.address, deque()).append(_Waiting(asker, find, answer))
        if not self._under_way:
            self._begin_next()
        return answer

    def now(self) -> None:
        """Don't wait for the index any more."""
        caught_up, self._caught_up = self._caught_up, None
        if caught_up is not None:
            caught_up()

    def _new_end(self) -> Callable[[], bool]:
        """Whether a search that begins now has to end; asked in the thread that searches."""
        late_at = time.monotonic() + SEARCH_S
        return lambda: self._writer is None or time.monotonic() > late_at

    def _begin_next(self) -> None:
        self._under_way = False
        while self._waiting and not self._under_way:
            address, searches = self._waiting.popitem(last=False)
            search = searches.popleft()
            if searches:
                self._waiting[address] = searches  # behind the others
            if search.asker.waits():
                self._under_way = True
                self._catch_up(partial(self._begin, search))

    def _catch_up(self, then: Callable[[], None]) -> None:
        self._caught_up = then
        if self._refuses() is None:
            self._index(CATCH_UP_STEPS)
        else:
            self.now()  # what is in the index is found

    def _index(self, steps: int) -> None:
        if self._writer is not None:
            worker, connection = self._writer
            worker.do(partial(index, connection), partial(self._indexed, steps - 1))

    def _indexed(self, steps: int, more: bool | Exception) -> None:
        if more is True and steps and self._caught_up is not None:
            self._index(steps)
        else:
            self.now()

    def _begin(self, search: _Waiting) -> None:
        if self._writer is None:
            return
        asking, _ = self._reader
        begin(asking.do(search.find)).when_known(partial(self._found, search))

    def _found(self, search: _Waiting, found: Answer[Hits]) -> None:
        # Not at once: this may be called while another one is being asked for.
        self._clock.callLater(0, self._begin_next)
        if search.asker.waits():
            found.hand_on(search.answer)
