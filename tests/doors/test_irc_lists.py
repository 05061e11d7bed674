"""Long lists for IRC clients: told in pieces, so that nobody waits, and who does not read costs one piece."""

from __future__ import annotations

from collections import Counter

import pytest

from lanchatd.chat.events import Members, Piece, Topic
from lanchatd.chat.list_turns import PIECES_A_TURN
from lanchatd.chat.registry import Registry
from lanchatd.chat.room import NAMES_KEPT_S, Room
from lanchatd.chat.user import User
from lanchatd.formats.cuts import NAMED, ROOMS_SHOWN
from lanchatd.text import names
from tests.irc import Client
from tests.world import Person, World

MANY = 1_500
CHUNK_BYTES = 65_536


@pytest.fixture
def crowded(world: World, bob: Person) -> World:
    """A world with so many in the lobby, all of whom are Bob behind other nicks."""
    lobby = world.chat.rooms["#lobby"]
    for number in range(MANY):
        name = names.nick(f"somebody{number:05}")
        user = lobby.members[name.key] = world.chat.users[name.key] = User(name)
        user.sessions = (bob.session,)
    return world


@pytest.fixture
def bob(world: World) -> Person:
    return world.join("bob")


def many_rooms(world: World, count: int) -> Registry:
    """So many rooms that are kept, with the longest of topics."""
    registry = world.chat.registry
    registry.restore([(f"#r{number:04}", Topic("t" * 4_000), 1.0) for number in range(count)])
    return registry


def named(lines: list[str]) -> list[str]:
    """The nicks in a list of names."""
    return " ".join(line.partition(" :")[2] for line in lines if " 353 " in line).split()


LISTS = {
    "NAMES #lobby": (" 353 ", " 366 "),
    "WHO #lobby": (" 352 ", " 315 "),
    "WHO #lobby %tcuihsnfdlaor,1": (" 354 ", " 315 "),
    "LIST": (" 322 ", " 323 "),
    "JOIN #lobby": (" 353 ", " 366 "),
}


@pytest.mark.parametrize("asked", LISTS)
def test_a_list_is_whole(crowded: World, asked: str) -> None:
    """All of it, and its end once and last."""
    many_rooms_around(crowded)
    row, end = LISTS[asked]
    lines = Client.joins(crowded, "alice").asks(asked)
    assert end in lines[-1]
    assert sum(end in line for line in lines) == 1
    rows = [line for line in lines if row in line]
    if asked == "LIST":
        assert len(rows) == 301
    elif row == " 353 ":
        assert len(named(lines)) == len(set(named(lines))) == len(crowded.chat.rooms["#lobby"].members)
    else:
        assert len(set(rows)) == MANY + 1


def many_rooms_around(world: World) -> None:
    """Three hundred rooms more."""
    for number in range(300):
        world.chat.registry.to_enter((names.room(f"#room{number:03}"),), "somebody")
        world.chat.rooms[f"#room{number:03}"].readers.topic = Topic("t" * 4_000)


@pytest.mark.parametrize("asked", LISTS)
def test_who_does_not_read_a_list_costs_one_piece(crowded: World, asked: str) -> None:
    """And is given the rest, when it reads again: none twice."""
    many_rooms_around(crowded)
    whole = Client.joins(crowded, "carol").asks(asked)
    alice = Client.joins(crowded, "alice")
    alice.person.stops_reading(100)
    alice.sends(asked)
    waiting = [alice.person.wire.buffer]
    assert 0 < len(waiting[0]) <= CHUNK_BYTES / 2
    alice.person.reads_on(20_000)
    assert len(alice.person.wire.buffer) <= CHUNK_BYTES / 2
    alice.person.reads_on()
    lines = [line.replace("alice", "carol") for line in alice.sees()]
    assert Counter(lines if asked != "JOIN #lobby" else lines[:-1]) >= Counter(whole[:5])
    assert len(lines) == len(whole) or asked == "JOIN #lobby"


@pytest.mark.parametrize("asked", LISTS)
def test_many_that_ask_at_once_are_told_some_pieces_in_a_turn(crowded: World, asked: str) -> None:
    """However many they are, everybody else is served between two turns."""
    many_rooms_around(crowded)
    clients = [Client.joins(crowded, f"asker{number}") for number in range(24)]
    for client in clients:
        client.person.wire.incoming.append(f"{asked}\r\n".encode())
    for wire in crowded.wires:
        wire.sends.clear()
    turns = 0
    while crowded.clock.getDelayedCalls()[0].getTime() <= crowded.clock.seconds() or not turns:
        crowded.turn()
        sent = [size for wire in crowded.wires for size in wire.sends if size > 200]  # joins are short
        for wire in crowded.wires:
            wire.sends.clear()
        assert len(sent) <= PIECES_A_TURN
        assert sum(sent) <= PIECES_A_TURN * CHUNK_BYTES / 2
        turns += 1
    assert turns > 5
    ends = [sum(LISTS[asked][1] in line for line in client.sees()) for client in clients]
    assert ends == [1] * 24


def test_it_is_asked_nothing_more_until_it_has_the_list(crowded: World) -> None:
    """And answers come in their order."""
    alice = Client.joins(crowded, "alice")
    alice.person.stops_reading(100)
    alice.sends("WHO #lobby", "PING 1", "NAMES #lobby", "PING 2")
    assert alice.person.wire.protocol.inner.outbox.direct_bytes == 0
    alice.person.reads_on()
    ends = [line for line in alice.sees() if " 352 " not in line and " 353 " not in line]
    assert [line.split()[1] for line in ends] == ["315", "PONG", "366", "PONG"]


def test_who_comes_while_names_are_told_is_named_and_who_goes_is_told(crowded: World, bob: Person) -> None:
    """Somebody who has been named already and goes is told as going, behind the list."""
    alice = Client.joins(crowded, "alice")
    alice.person.stops_reading(1_000)
    alice.sends("JOIN #lobby")
    crowded.passes(1)
    lobby = crowded.chat.rooms["#lobby"]
    crowded.join("zed")
    bob.types("/quit")
    crowded.passes(1)
    alice.person.reads_on()
    crowded.passes(2)
    lines = alice.sees()
    assert set(named(lines)) == {user.nick for user in lobby.members.values()} | {"bob"}
    end, left = [line for line in lines if " 353 " not in line][1:]
    assert " 366 " in end
    assert left == ":bob!u@lan QUIT :"


def test_who_goes_before_its_names_come_is_told_none(crowded: World) -> None:
    alice = Client.joins(crowded, "alice")
    alice.person.wire.incoming.append(b"JOIN #lobby\r\n")
    crowded.turn()
    alice.sends("PART #lobby")
    assert [line.split()[1] for line in alice.sees()] == ["JOIN", "PART"]


def test_names_wait_for_what_was_told_between(crowded: World, bob: Person) -> None:
    """Its socket takes no more when it is its turn."""
    alice = Client.joins(crowded, "alice")
    alice.person.wire.incoming.append(b"JOIN #lobby\r\n")
    crowded.turn()
    alice.person.stops_reading()
    bob.wire.incoming.append(b"/msg alice hi\n")
    crowded.settle()
    alice.person.reads_on()
    told = [line.split()[1] for line in alice.sees() if " 353 " not in line]
    assert told == ["JOIN", "PRIVMSG", "366"]


def test_the_lists_of_who_types_commands_are_short(crowded: World) -> None:
    """As they are for everybody else; it says how to be told all."""
    many_rooms_around(crowded)
    alice = Client.joins(crowded, "alice", "#lobby")
    lines = alice.asks("PRIVMSG lanchat :/who")
    assert len(named(lines)) == NAMED
    assert lines[-1].endswith(" :And 1,402 others; /names #lobby names all.")
    lines = alice.asks("PRIVMSG lanchat :/rooms")
    assert sum(" 322 " in line for line in lines) == ROOMS_SHOWN
    assert lines[-1].endswith(" :And 201 others; /list lists all.")


def test_rooms_that_are_asked_for_by_name(world: World, bob: Person) -> None:
    """Those that are there, once each."""
    alice = Client.joins(world, "alice", "#dev")
    lines = alice.asks("LIST #DEV,#dev,#nowhere,#!!")
    assert [line for line in lines if " 322 " in line] == [":irc.lan 322 alice #dev 1 :"]


def test_who_is_here_is_rendered_once_for_many_who_come(
    crowded: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each only the end of it, which is another whenever somebody comes."""
    made: list[tuple[int, int]] = []
    piece = Room._piece

    def seen(room: Room, at: int, until: int, which: Piece) -> Members:
        made.append((at, until))
        return piece(room, at, until, which)

    monkeypatch.setattr(Room, "_piece", seen)
    came = [Client.joins(crowded, f"alice{number}") for number in range(5)]
    for client in came:
        whole = MANY + 2 + came.index(client)
        assert len(set(named(client.asks("JOIN #lobby")))) == whole
    assert sorted(made) == [(0, 400), (400, 800), (800, 1200), *((1200, MANY + 2 + n) for n in range(5))]
    crowded.passes(NAMES_KEPT_S)
    Client.joins(crowded, "carol", "#lobby")
    assert made[-4:-1] == [(0, 400), (400, 800), (800, 1200)]


@pytest.mark.parametrize("does", ["/nick carol", "/quit", "moderates"])
def test_names_are_those_who_are_here_now(crowded: World, bob: Person, does: str) -> None:
    """Whatever was rendered a moment ago."""
    alice, dave = Client.joins(crowded, "alice"), Client.joins(crowded, "dave")
    assert "bob" in named(alice.asks("JOIN #lobby"))
    if does == "moderates":
        crowded.make_operator(bob)
    else:
        bob.types(does)
    shown = {"/nick carol": ["carol"], "/quit": [], "moderates": ["@bob"]}[does]
    nicks = named(dave.asks("JOIN #lobby"))
    assert [nick for nick in nicks if not nick.startswith(("somebody", "alice", "dave"))] == shown
