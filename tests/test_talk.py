"""People talk: the text format, as they see it."""

from __future__ import annotations

from tests.world import World


def test_who_says_nothing_is_greeted_and_asked_for_a_nick(world: World) -> None:
    """Somebody with `nc` sees where they are before they type a word."""
    alice = world.connect()
    assert alice.sees() == []
    world.greet()
    assert alice.sees() == ["-- Welcome to test (lanchatd 0.1.0).", "-- What is your nick?"]
    alice.types("alice")
    assert alice.sees() == [
        "-- You are alice in #lobby. /help lists the commands.",
        "-- 1 in #lobby: alice",
    ]


def test_everybody_sees_a_line_the_sender_too(world: World) -> None:
    """Seeing your own line come back is the acknowledgement."""
    alice, bob = world.join("alice"), world.join("bob")
    assert alice.sees() == ["-- bob joined"]
    alice.types("hi there")
    assert alice.sees() == ["<alice> hi there"]
    assert bob.sees() == ["<alice> hi there"]
