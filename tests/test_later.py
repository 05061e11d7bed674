"""Answers that come later."""

from __future__ import annotations

from itertools import permutations

import pytest

from lanchatd.chat.answers import Kept, all_of
from lanchatd.chat.events import Event, Kind, Posted
from lanchatd.text.refused import Refused

FULL, GONE = Refused("full", "The disk is full."), Refused("gone", "It is gone.")


@pytest.mark.parametrize("refused", [None, FULL])
def test_everybody_who_asked_is_told_once(refused: Refused | None) -> None:
    """In the order of asking, before and after."""
    kept, told = Kept(), list[tuple[int, Refused | None]]()
    kept.when_told(lambda r: told.append((1, r)))
    kept.when_told(lambda r: told.append((2, r)))
    assert told == []
    kept.settle(refused)
    kept.when_told(lambda r: told.append((3, r)))
    assert told == [(1, refused), (2, refused), (3, refused)]


@pytest.mark.parametrize(("refused", "called"), [(None, ["then", "told"]), (FULL, ["told"])])
def test_then_is_only_for_what_was_kept(refused: Refused | None, called: list[str]) -> None:
    """And comes before whoever asks later."""
    calls: list[str] = []
    kept = Kept().then(lambda: calls.append("then"))
    kept.when_told(lambda _: calls.append("told"))
    kept.settle(refused)
    assert calls == called


def test_all_of_nothing_is_done() -> None:
    """There is nothing to wait for."""
    told: list[Refused | None] = []
    all_of([]).when_told(told.append)
    assert told == [None]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_all_are_waited_for(order: tuple[int, ...]) -> None:
    """Events and others; the first refusal that came is the answer."""
    event = Posted(Event(Kind.SAID, "#lobby", "alice", "hi", 0))
    first, second = Kept(), Kept()
    told: list[Refused | None] = []
    all_of([event, first, second]).when_told(told.append)
    assert event.told is not None
    settle = [(event.told, None), (first.settle, FULL), (second.settle, GONE)]
    for place in order:
        assert told == []
        call, refused = settle[place]
        call(refused)
    assert told == [FULL if order.index(1) < order.index(2) else GONE]
