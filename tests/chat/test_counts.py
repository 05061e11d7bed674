"""What is counted as it happens, and how the chat is in numbers."""

from __future__ import annotations

from collections import Counter

import pytest

from lanchatd.chat.figures import Figures, figures_of
from tests.chat.test_late_log import LateWorld
from tests.irc import Client
from tests.world import World


def counted(world: World) -> Counter[str]:
    """Deliveries since this was asked last."""
    counts = world.chat.counts
    found, counts.deliveries = counts.deliveries, Counter()
    return found


@pytest.mark.parametrize(("held_s", "bucket"), [(0, 0), (0.001, 0), (0.0011, 1), (10, -2), (11, -1)])
def test_how_long_the_log_takes_counts_up_to_a_bound(held_s: float, bucket: int) -> None:
    """The bound included; what is longer than all is counted as well."""
    world = LateWorld()
    alice = world.join("alice")
    alice.types("hi")
    world.clock.advance(held_s)
    world.log_answers()
    counts = world.chat.counts.append
    assert counts.counts[bucket] == sum(counts.counts) == 1
    assert counts.total_s == pytest.approx(held_s)


def test_each_who_is_given_a_line_counts(world: World) -> None:
    """By their doors; what was refused was given to nobody."""
    alice, bob, ci = world.join("alice"), world.join("bob"), world.join_json("ci")
    counted(world)
    alice.types("hi")
    assert counted(world) == {"text": 2, "json": 1}
    assert (world.chat.counts.fan_out.counts[0], sum(world.chat.counts.append.counts)) == (1, 1)
    bob.types("/nope")
    ci.asks({"line": "/nope"})
    assert counted(world) == {}
    assert world.chat.counts.refused == {"unknown_command": 2}


def test_who_ignores_somebody_or_lags_counts_what_it_is_given(world: World) -> None:
    """Neither what is hidden, nor what waits."""
    alice, bob, slow = world.join("alice"), world.join("bob"), world.join("slow")
    bob.types("/ignore alice")
    slow.stops_reading()
    alice.types("one")
    counted(world)
    alice.types("two", "three")
    assert counted(world) == {"text": 2}
    slow.reads_on()
    assert counted(world)["text"] >= 2
    assert slow.sees()[-2:] == ["<alice> two", "<alice> three"]


def test_the_ends_of_connections_are_counted() -> None:
    """By the code of why; and those that were not let in."""
    world = World(max_connections=2)
    alice, bob = world.join("alice"), world.join("bob")
    world.connect().types("carol")
    alice.types("/quit")
    bob.vanishes()
    world.passes(1)
    assert world.chat.counts.closed == {"quit": 1, "lost": 1}
    assert world.chat.counts.turned_away == {"full": 1}


def test_a_flood_is_counted_once() -> None:
    """However long it is."""
    world = World(lines_per_s=1, burst_lines=2)
    world.join("alice").types(*"abcdefgh")
    assert world.chat.counts.floods == 1


def test_how_the_chat_is(world: World) -> None:
    """Who lags is behind; an IRC client that is in no room is not."""
    op, slow = world.join("op"), world.join("slow", room="#dev")
    world.make_operator(op)
    world.join_json("ci")
    Client.joins(world, "irene")
    op.types("/mute ci", "/ban eve", "/join dev")
    slow.stops_reading()
    op.types("one", "two")
    op.types("/msg slow psst")
    assert figures_of(world.chat) == Figures(
        users=4, rooms=2, lines_said=2,
        sessions=Counter({("text", False): 2, ("json", False): 1, ("irc", False): 1}),
        lagging=1, behind_lines=1, direct_bytes=len("[op -> slow] psst\n"), bans=1, mutes=1, operators=1,
    )  # fmt: skip
