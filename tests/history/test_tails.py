"""What the logs of all rooms hold in memory is bounded; the fullest gives way."""

from __future__ import annotations

from lanchatd.chat.events import Event, Kind
from lanchatd.chat.posted import Posted
from lanchatd.history.memory import EVENT_BYTES, MemoryLog, Tails
from lanchatd.limits import Limits
from tests.chat.test_log import Listening

LIMITS = Limits(log_total_bytes=1_000_000)


def say(log: MemoryLog, lines: int, size: int) -> None:
    for _ in range(lines):
        log.listen(Listening())
        log.append([Posted(Event(Kind.SAID, "#a", "al", "x" * (size - 2), 0))])


def held(log: MemoryLog) -> int:
    """How many events are held."""
    return len(log.read(0, log.newest, 1 << 30).result())


def test_many_rooms_together_hold_no_more_than_the_limit() -> None:
    """With what Python takes for each event, however small."""
    tails = Tails(LIMITS)
    logs = [MemoryLog(str(number), LIMITS, tails) for number in range(100)]
    for _ in range(10):
        for log in logs:
            say(log, 10, 20)
    total = sum(held(log) for log in logs) * (EVENT_BYTES + 20)
    assert LIMITS.log_total_bytes * 0.9 <= total <= LIMITS.log_total_bytes * 65 / 64


def test_the_fullest_room_s_oldest_go_first() -> None:
    """Whoever fills a room takes from that one; the others keep what they have."""
    tails = Tails(LIMITS)
    quiet, loud = MemoryLog("quiet", LIMITS, tails), MemoryLog("loud", LIMITS, tails)
    say(quiet, 100, 100)
    say(loud, 2_000, 1_000)
    assert held(quiet) == 100
    assert 0 < held(loud) < 800


def test_of_rooms_that_are_gone_nothing_is_counted() -> None:
    """Nor of those that were put away."""
    tails = Tails(LIMITS)
    gone = MemoryLog("gone", LIMITS, tails)
    say(gone, 700, 1_000)
    del gone
    log = MemoryLog("log", LIMITS, tails)
    say(log, 700, 1_000)
    assert held(log) == 700


def test_the_newest_line_of_each_room_stays() -> None:
    """Also where all of them together are too much."""
    limits = Limits(log_total_bytes=65_536)
    tails = Tails(limits)
    logs = [MemoryLog(str(number), limits, tails) for number in range(40)]
    for log in logs:
        say(log, 2, 4_000)
    assert {held(log) for log in logs} == {1}
