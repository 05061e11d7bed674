"""How fast IRC clients are read: who sends too much is read later, and nothing that it sent is dropped."""

from __future__ import annotations

import pytest

from lanchatd.limits import Limits
from tests.irc import Client
from tests.world import World

SHIPPED = Limits()


def shipped() -> World:
    """A world that reads as fast as it does when nobody says otherwise."""
    return World(lines_per_s=SHIPPED.lines_per_s, burst_lines=SHIPPED.burst_lines)


def rested_s(world: World, client: Client, told: list[str] | None = None) -> float:
    """How long it is until a PING that it sends now is answered; what it is told until then is added."""
    told = [] if told is None else told
    began = world.clock.seconds()
    client.sends("PING last")
    for _ in range(600):
        told += client.sees()
        if ":irc.lan PONG irc.lan :last" in told:
            return world.clock.seconds() - began
        world.passes(0.1)
    raise AssertionError("it is never answered")


def test_a_client_that_comes_back_to_ten_rooms_is_told_all_it_asked() -> None:
    """irssi asks three things of each room that it has joined, all at once: that is forty lines."""
    world = shipped()
    alice = Client.joins(world, "alice")
    for number in range(10):
        room = f"#r{number}"
        alice.person.wire.incoming.append(
            f"JOIN {room}\r\nMODE {room}\r\nWHO {room}\r\nMODE {room} b\r\n".encode()
        )
    world.settle()
    told: list[str] = []
    assert 0 < rested_s(world, alice, told) < 10
    numbers = [line.split()[1] for line in told]
    assert [numbers.count(number) for number in ("366", "324", "315", "368")] == [10] * 4


@pytest.mark.parametrize(
    "line",
    [
        "JOIN " + ",".join(f"#r{number}" for number in range(30)),
        "PART " + ",".join(f"#r{number}" for number in range(30)),
        "NAMES " + ",".join(f"#r{number}" for number in range(30)),
        "LIST " + ",".join(f"#r{number}" for number in range(30)),
        "JOIN 0",
    ],
)
def test_a_line_about_many_rooms_is_as_many_lines(line: str) -> None:
    """Fifty rooms joined and left by each of five lines a second would be all that the daemon can do."""
    world = shipped()
    alice = Client.joins(world, "alice")
    if line == "JOIN 0":
        alice.sends("JOIN " + ",".join(f"#r{number}" for number in range(30)))
    world.passes(60)
    alice.sees()
    alice.sends(line)
    assert rested_s(world, alice) >= 1


def test_a_message_to_four_is_four_messages() -> None:
    """So nobody says more by a list of targets than others may."""
    world = shipped()
    bob, alice = world.join("bob"), Client.joins(world, "alice", "#lobby", "#a", "#b", "#c")
    world.passes(60)
    bob.sees()
    alice.sends(*(f"PRIVMSG #lobby,#a,#b,#c :{number}" for number in range(20)))
    assert len(bob.sees()) <= SHIPPED.burst_lines // 4 + 1
    world.passes(30)
    assert bob.sees()[-1] == "<alice> 19"


def test_it_is_answered_that_it_is_there_while_it_lags() -> None:
    """A client closes what does not answer its PING; it is told in order, and not behind all it missed."""
    world = World(bytes_per_s=10_000_000)
    bob, alice = world.join("bob"), Client.joins(world, "alice", "#lobby")
    alice.person.stops_reading()
    for _ in range(400):
        bob.types("x" * 1_000)
    assert not alice.person.session.live
    alice.sends("PING 1")
    alice.person.reads_on(100_000)  # bytes: a chunk, and what comes behind it
    seen = alice.sees()
    assert ":irc.lan PONG irc.lan :1" in seen
    assert sum("PRIVMSG" in line for line in seen) < 400
    alice.person.reads_on()
    seen += alice.sees()
    assert sum("PRIVMSG" in line for line in seen) == 400
