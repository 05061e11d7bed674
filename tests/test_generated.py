"""Generated lines: whatever people and programs send, in whatever pieces it comes."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.crowd import Crowd, Script, script
from tests.world import World

RANDOM = st.randoms(use_true_random=False)


def played(lines: Script, cuts: Random | None = None) -> list[list[str]]:
    crowd = Crowd()
    crowd.plays(lines, cuts)
    crowd.check()
    return crowd.seen


@given(RANDOM, RANDOM)
@settings(max_examples=15)
def test_any_segmentation_of_a_line_is_the_same(random: Random, cuts: Random) -> None:
    """Everybody sees exactly the same, in the same order, however the network cuts a line."""
    lines = script(random, 12)
    assert played(lines, cuts) == played(lines)


def talk_of(segments: list[bytes]) -> tuple[list[str], list[str]]:
    """What Bob sees said, and what is said to him alone."""
    world = World()
    bob, alice = world.join("bob"), world.join("alice")
    bob.sees()
    alice.sends(*segments)
    seen = bob.sees()
    said = [line for line in seen if line[0] in "<*" or " set the topic: " in line]
    return said, [line for line in seen if line[0] == "["]


@given(RANDOM, RANDOM)
@settings(max_examples=15)
def test_lines_that_come_together_are_heard_as_if_alone(random: Random, cuts: Random) -> None:
    """In the same order; joins and leaves of one turn are told together, so these may differ."""
    lines = [line + b"\n" for _, line in script(random, 20)]
    stream = b"".join(lines)
    places = sorted(cuts.randrange(len(stream)) for _ in range(6))
    pieces = [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]
    assert talk_of(pieces) == talk_of(lines)


def abuse(seed: int, lines: int) -> None:
    """A long story, in which many lines come at once."""
    random, crowd = Random(seed), Crowd()  # noqa: S311
    for _ in range(lines // 10):
        together = script(random, 10)
        who = together[0][0]
        if random.randrange(2):
            crowd.sends(who, b"".join(line + b"\n" for _, line in together))
        else:
            crowd.plays(together, random)
    crowd.check()


@pytest.mark.parametrize("seed", range(3))
def test_nothing_breaks(seed: int) -> None:
    """Never an exception, never a ghost, and nothing harmful to anybody."""
    abuse(seed, 200)


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(100, 110))
def test_nothing_breaks_in_twenty_thousand_lines(seed: int) -> None:
    """The same, for longer."""
    abuse(seed, 2_000)


@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("part", range(100))
def test_nothing_breaks_in_a_million_lines(part: int) -> None:
    """The same, for very long."""
    for seed in range(5):
        abuse(1_000 + 5 * part + seed, 2_000)
