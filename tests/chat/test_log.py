"""The log of a room in memory: numbered without a gap, bounded, read at a cursor."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lanchatd.chat.events import Event, Kind
from lanchatd.chat.posted import Posted
from lanchatd.history.memory import MemoryLog
from lanchatd.limits import Limits
from lanchatd.text.refused import Refused

PLENTY = 1_000_000


def a_log(limit_events: int = PLENTY, limit_bytes: int = PLENTY) -> MemoryLog:
    """An empty log with such limits."""
    return MemoryLog("9f3c", Limits(log_events=limit_events, log_bytes=limit_bytes))


class Listening:
    """Whose log it is."""

    def __init__(self) -> None:
        self.arrivals: list[tuple[Sequence[Posted], Refused | None]] = []

    def arrived(self, posted: Sequence[Posted], refused: Refused | None = None) -> None:
        self.arrivals.append((posted, refused))

    def hangs(self) -> None:
        """A log in memory never does."""


def said(text: str) -> Event:
    """An event of one byte more than its text."""
    return Event(Kind.SAID, "#lobby", "a", text, 0)


def append(log: MemoryLog, *texts: str) -> list[Event]:
    """Append one batch, and give it back as the log answered it."""
    batch = [Posted(said(text)) for text in texts]
    listener = Listening()
    log.listen(listener)
    log.append(batch)
    assert listener.arrivals == [(batch, None)]
    return [posted.event for posted in batch]


def read(log: MemoryLog, after: int = 0, until: int | None = None, limit_bytes: int = PLENTY) -> list[int]:
    """The ids that are answered."""
    events = log.read(after, log.newest if until is None else until, limit_bytes).result()
    return [event.id for event in events]


def log_of(many: int, limit_events: int = PLENTY, limit_bytes: int = PLENTY) -> MemoryLog:
    """A log with so many events of two bytes each, in one batch."""
    log = a_log(limit_events, limit_bytes)
    append(log, *"x" * many)
    return log


def test_a_new_log_is_empty() -> None:
    """Its newest id is 0, and there is nothing to read."""
    log = a_log()
    assert (log.name, log.newest, read(log)) == ("9f3c", 0, [])


def test_events_are_numbered_from_1_without_a_gap() -> None:
    """Over all batches, the empty one too."""
    log = a_log()
    batches = [append(log, "one", "two"), append(log), append(log, "three")]
    assert [[event.id for event in batch] for batch in batches] == [[1, 2], [], [3]]
    assert log.newest == 3


def test_what_was_appended_is_read() -> None:
    """The same events, the oldest first."""
    log = a_log()
    batch = append(log, "one", "two")
    assert log.read(0, 2, PLENTY).result() == batch


@pytest.mark.parametrize(
    ("many", "held"), [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (4, [2, 3, 4]), (9, [7, 8, 9])]
)
def test_the_oldest_go_past_the_limit_of_events(many: int, held: list[int]) -> None:
    """Three are held, in one batch or one by one."""
    one_by_one = a_log(3)
    for _ in range(many):
        append(one_by_one, "x")
    at_once = log_of(many, limit_events=3)
    assert (read(one_by_one), read(at_once)) == (held, held)
    assert (one_by_one.newest, at_once.newest) == (many, many)


@pytest.mark.parametrize(
    ("text", "held"), [("", [1, 2, 3]), ("x", [1, 2, 3]), ("xx", [2, 3]), ("xxx", [2, 3]), ("xxxx", [3])]
)
def test_the_oldest_go_past_the_limit_of_bytes(text: str, held: list[int]) -> None:
    """Six bytes are held; the first two events are two bytes each."""
    log = log_of(2, limit_bytes=6)
    append(log, text)
    assert read(log) == held


def test_the_newest_always_stays() -> None:
    """A line longer than the whole limit is held until the next one, and then room for more is free again."""
    log = log_of(2, limit_bytes=6)
    append(log, "x" * 100)
    assert read(log) == [3]
    append(log, "x", "x", "x")
    assert read(log) == [4, 5, 6]


def test_a_log_of_one_event_holds_the_newest() -> None:
    """The least that can be set."""
    assert read(log_of(5, limit_events=1)) == [5]


@pytest.mark.parametrize(("after", "ids"), [(0, [1, 2, 3]), (1, [2, 3]), (2, [3]), (3, []), (4, [])])
def test_reading_goes_on_after_the_cursor(after: int, ids: list[int]) -> None:
    """Each event once."""
    assert read(log_of(3), after) == ids


@pytest.mark.parametrize("after", [-5, 0, 1, 6, 7])
def test_reading_past_the_oldest_begins_with_the_oldest(after: int) -> None:
    """The first id tells how many are lost."""
    assert read(log_of(10, limit_events=3), after) == [8, 9, 10]


def test_reading_what_is_gone_gives_nothing() -> None:
    """All that was asked for is lost."""
    assert read(log_of(10, limit_events=3), after=2, until=7) == []


@pytest.mark.parametrize(("until", "ids"), [(0, []), (1, []), (2, [2]), (3, [2, 3]), (5, [2, 3, 4, 5])])
def test_reading_ends_where_it_is_told_to(until: int, ids: list[int]) -> None:
    """What came in meanwhile is not given before it was fanned out."""
    assert read(log_of(5), after=1, until=until) == ids


@pytest.mark.parametrize(
    ("limit_bytes", "ids"), [(0, [1]), (1, [1]), (2, [1]), (3, [1]), (4, [1, 2]), (5, [1, 2]), (6, [1, 2, 3])]
)
def test_reading_gives_what_fits_and_at_least_one(limit_bytes: int, ids: list[int]) -> None:
    """A slow reader costs one chunk of memory, and always gets on."""
    assert read(log_of(3), limit_bytes=limit_bytes) == ids


def test_reading_stops_at_the_first_that_does_not_fit() -> None:
    """A short line behind a long one waits for it: order comes first."""
    log = a_log()
    append(log, "x", "x" * 100, "x")
    assert read(log, limit_bytes=10) == [1]
