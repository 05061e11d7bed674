"""A long list is read a piece at a time, and none is left out."""

from __future__ import annotations

from random import Random

import pytest

from lanchatd.chat.rolls import Reading, Roll


def roll_of(count: int) -> Roll[int]:
    roll: Roll[int] = Roll()
    for number in range(count):
        roll[str(number)] = number
    return roll


def test_it_is_read_in_pieces() -> None:
    reading = Reading(roll_of(5))
    assert not reading.is_over
    assert [reading.take(2) for _ in range(4)] == [[0, 1], [2, 3], [4], []]
    assert reading.is_over
    assert not reading.lost_some


def test_a_piece_that_was_read_elsewhere_is_passed_over() -> None:
    reading = Reading(roll_of(5))
    reading.pass_over(3)
    assert reading.take(9) == [3, 4]


def test_nobody_is_skipped_when_somebody_goes() -> None:
    """Those behind move up."""
    roll = roll_of(5)
    reading = Reading(roll)
    reading.take(2)
    del roll["0"], roll["4"]
    assert reading.lost_some
    assert reading.take(9) == [1, 2, 3]


@pytest.mark.parametrize("seed", range(20))
def test_who_is_there_all_the_time_is_read_whoever_comes_and_goes(seed: int) -> None:
    random, roll = Random(seed), roll_of(60)  # noqa: S311
    reading, staying = Reading(roll), set(range(0, 60, 2))
    read: set[int] = set()
    for _ in range(1_000):
        read.update(reading.take(random.randrange(4, 9)))
        if reading.is_over:
            break
        for key in random.sample(sorted(roll), min(3, len(roll))):
            if roll[key] not in staying:
                del roll[key]
        roll[f"new {len(read)}"] = 1_000 + len(read)
    assert staying <= read
