"""Answers that are there at once, or come later."""

from __future__ import annotations

from itertools import permutations

import pytest

from lanchatd.chat.answers import Answer, begin
from lanchatd.text.refused import Refused

FULL = Refused("full", "The disk is full.")


async def both(first: Answer[int], second: Answer[int]) -> int:
    return await first + await second


def test_everybody_who_asked_is_told_once() -> None:
    """In the order of asking, before and after."""
    answer, told = Answer[str](), list[tuple[int, str]]()
    answer.when_known(lambda known: told.append((1, known.result())))
    answer.when_known(lambda known: told.append((2, known.result())))
    assert (told, answer.known) == ([], False)
    answer.settle("yes")
    answer.when_known(lambda known: told.append((3, known.result())))
    assert told == [(1, "yes"), (2, "yes"), (3, "yes")]


def test_an_error_is_raised_where_the_value_is_wanted() -> None:
    """Whatever it is."""
    answer = Answer[int]()
    answer.fail(FULL)
    assert answer.known
    with pytest.raises(Refused, match="full"):
        answer.result()


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_a_coroutine_goes_on_when_what_it_awaits_is_known(order: tuple[int, ...]) -> None:
    """In whatever order that comes."""
    answers = Answer[int](), Answer[int]()
    total = begin(both(*answers))
    for place in order:
        assert not total.known
        answers[place].settle(place + 1)
    assert total.result() == 3


def test_what_is_known_is_not_waited_for() -> None:
    """However many there are: a search by halves in a log in memory is a loop."""

    async def many() -> int:
        return sum([await Answer.of(1) for _ in range(10_000)])

    assert begin(many()).result() == 10_000


def test_what_is_refused_is_refused_to_who_awaits_it() -> None:
    """Unless the coroutine does something about it."""
    first = Answer[int]()
    total = begin(both(first, Answer.of(1)))
    first.fail(FULL)
    assert total.error is FULL


def test_a_mistake_is_raised_where_it_is_made() -> None:
    """It is no answer, so that the daemon's log has it."""
    first = Answer[int]()

    async def wrong() -> float:
        return 1 / await first

    begin(wrong())
    with pytest.raises(ZeroDivisionError):
        first.settle(0)


@pytest.mark.parametrize("error", [None, FULL])
def test_an_answer_is_handed_on_as_it_is(error: Refused | None) -> None:
    """A value as a value, an error as an error."""
    one, other = Answer[str](), Answer[str]()
    if error is None:
        one.settle("yes")
    else:
        one.fail(error)
    one.hand_on(other)
    assert (other.known, other.error) == (True, error)
