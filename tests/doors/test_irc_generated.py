"""IRC clients that send anything, cut anywhere: nothing breaks, and it means the same."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.escapes import harm_in
from tests.irc import Client, any_line
from tests.world import World

RANDOM = st.randoms(use_true_random=False)


def played(pieces: list[bytes]) -> tuple[list[str], list[str]]:
    """What two clients see, of whom one sends this."""
    world = World()
    bob, alice = world.join("bob"), Client.joins(world, "alice", "#lobby")
    bob.sees()
    alice.person.sends(*pieces)
    world.passes(1)
    return alice.sees(), bob.sees()


@given(RANDOM, RANDOM)
@settings(max_examples=20)
def test_it_means_the_same_however_it_is_cut(random: Random, cuts: Random) -> None:
    """But for capabilities: what was said before one is told with it, if both come at once."""
    lines = [line for line in (any_line(random) for _ in range(15)) if b"CAP" not in line]
    stream = b"".join(line + b"\r\n" for line in (*lines, b"PING 1"))
    places = sorted(cuts.randrange(len(stream)) for _ in range(6))
    pieces = [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]
    cut, whole = talk_of(played(pieces)), talk_of(played([stream]))
    assert cut == whole


def talk_of(seen: tuple[list[str], list[str]]) -> list[list[str]]:
    """Without who is in a room: that is told again to one whose last join was not told yet."""
    return [sorted(line for line in lines if " 353 " not in line and " 366 " not in line) for lines in seen]


@pytest.mark.parametrize("seed", range(5))
def test_nothing_breaks(seed: int) -> None:
    """Never an exception, no harm to anybody's terminal, its own included, and nobody is left behind."""
    random, world = Random(seed), World(max_long_lines=10_000)  # noqa: S311
    watcher = world.join("watcher")
    for number in range(40):
        client = Client.joins(world, f"n{number}", "#lobby") if number % 2 else Client(world)
        for _ in range(10):
            client.person.sends(b"".join(any_line(random) + b"\r\n" for _ in range(3)))
        if not client.person.gone:
            client.person.vanishes()
        for seen in (*watcher.sees(), *client.sees()):
            assert not harm_in(seen.replace("\x01", "")), seen  # which is about actions
    world.passes(70)
    assert list(world.chat.users) == ["watcher"]
