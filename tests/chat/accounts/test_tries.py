"""So many times within a while, and then no more for a while."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from lanchatd.chat.accounts import tries as module
from lanchatd.chat.accounts.tries import Tries
from lanchatd.text.refused import Refused


def refused(tries: Tries, who: str = "a") -> str:
    """Why one more does not count; empty if it does."""
    try:
        tries.count(who, "Too many")
    except Refused as why:
        assert why.code == "too_many_tries"
        return why.text
    return ""


def test_after_too_many_it_is_closed_for_a_while() -> None:
    """However often it is tried meanwhile; others are not in it."""
    clock = Clock()
    tries = Tries(clock, lambda: 2, 60, lambda: 900)
    assert [refused(tries) for _ in range(3)] == ["", "", "Too many; try again in 15 min."]
    assert refused(tries, "b") == ""
    clock.advance(899)
    assert refused(tries) == "Too many; try again in 1 s."
    clock.advance(1)
    assert refused(tries) == ""


def test_what_was_long_ago_does_not_count() -> None:
    """Only so many within the time close it."""
    clock = Clock()
    tries = Tries(clock, lambda: 2, 60, lambda: 900)
    for _ in range(5):
        assert refused(tries) == ""
        clock.advance(60)


def test_one_may_be_taken_back() -> None:
    """It was right; or there was none."""
    tries = Tries(Clock(), lambda: 2, 60, lambda: 900)
    tries.take_back("a")
    for _ in range(5):
        assert refused(tries) == ""
        tries.take_back("a")
    tries.take_back("a")
    assert [refused(tries) for _ in range(3)] == ["", "", "Too many; try again in 15 min."]


def test_without_a_time_to_be_closed_the_oldest_makes_room() -> None:
    """As many as that in any such time."""
    clock = Clock()
    tries = Tries(clock, lambda: 2, 3_600)
    assert refused(tries) == ""
    clock.advance(600)
    assert [refused(tries), refused(tries)] == ["", "Too many; try again in 50 min."]
    clock.advance(3_000)
    assert [refused(tries), refused(tries)] == ["", "Too many; try again in 10 min."]


def test_so_many_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that tried last."""
    monkeypatch.setattr(module, "MOST_REMEMBERED", 2)
    tries = Tries(Clock(), lambda: 1, 60, lambda: 900)
    assert [refused(tries, who) for who in "abcab"] == ["", "", "", "", ""]
    assert len(tries) == 2
