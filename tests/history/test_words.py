"""What a search asks the index for: no more than it needs, however much is typed."""

from __future__ import annotations

import sys
from collections import Counter
from types import FrameType
from typing import Any

import pytest

from lanchatd.history.disk.words import LONGEST, MOST_WORDS, query_of


def test_a_word_is_asked_for_once() -> None:
    """Each costs as much as the first, and finds nothing more."""
    assert query_of("tea " * 19 + "TEA milk") == '"tea"* "milk"*'


@pytest.mark.parametrize("typed", ["te", "--te", "x.te", "te!!", "(t"])
def test_a_beginning_is_not_shorter_by_what_is_around_it(typed: str) -> None:
    """So many words begin with two letters that the whole log would be found."""
    assert query_of(typed) == f'"{typed}"'


def test_a_beginning_is_the_last_piece_of_a_word() -> None:
    """Its length is what counts."""
    assert query_of("t-shirt") == '"t-shirt"*'
    assert query_of("tea...") == '"tea..."*'


def test_what_is_typed_is_cut_before_it_is_prepared() -> None:
    """A whole line of different signs is no more work than those that are searched for."""
    typed = " ".join(chr(number) for number in range(0x1F400, 0x1F400 + 800))
    calls: Counter[str] = Counter()

    def see(frame: FrameType, event: str, called: Any) -> None:
        if event == "call":
            calls[frame.f_code.co_qualname] += 1

    sys.setprofile(see)
    try:
        query = query_of(typed)
    finally:
        sys.setprofile(None)
    assert len(query.split()) == MOST_WORDS
    assert calls["words_of"] <= MOST_WORDS
    # Those that are no words are looked at, and no more of them than fit.
    calls.clear()
    sys.setprofile(see)
    try:
        assert query_of("! " * 1_000 + "? " * 1_000) == ""
    finally:
        sys.setprofile(None)
    assert calls["_is_word"] <= LONGEST // 2 + 1


def test_a_word_that_is_cut_is_not_searched_for() -> None:
    """Unless it is the only one: lines that begin so are found."""
    assert query_of("tea " * 60 + "x" * 100) == '"tea"*'
    assert query_of("x" * 1_000) == f'"{"x" * (LONGEST + 1)}"*'


@pytest.mark.parametrize("typed", ["\ufe70", "\ufc5e", " \ufe72 \u064b", "!?", '"', "\u200b"])
def test_signs_of_which_nothing_is_left_are_no_words(typed: str) -> None:
    """Such as an Arabic vowel alone: it makes no difference to who searches."""
    assert query_of(typed) == ""
    assert query_of(f"{typed} tea") == '"tea"*'


def test_a_word_is_asked_for_once_however_it_is_written() -> None:
    """What makes no difference to the index makes none here."""
    assert query_of("té te TÉ te\u0301") == '"te"'
