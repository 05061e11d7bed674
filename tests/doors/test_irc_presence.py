"""Who comes and goes, as IRC clients are told: once a session, and late in large rooms."""

from __future__ import annotations

import pytest

from lanchatd.chat import hidden, late_joins
from tests.irc import Client
from tests.world import Person, World


@pytest.fixture
def bob(world: World) -> Person:
    return world.join("bob")


def sees(*clients: Client) -> list[list[str]]:
    """What each of them saw, without where it came from."""
    return [[line.replace("!u@lan", "") for line in client.sees()] for client in clients]


def in_both(world: World, *nicks: str) -> list[Client]:
    """Clients that are in two rooms, and have seen each other come."""
    clients = [Client.joins(world, nick, "#a", "#b") for nick in nicks]
    sees(*clients)
    return clients


def test_who_quits_does_so_once_whatever_rooms_are_shared(world: World) -> None:
    """Whoever is told in which room first; and who leaves one of them parts."""
    alice, carol, dave = in_both(world, "alice", "carol", "dave")
    alone = Client.joins(world, "alone", "#b")
    sees(alice, carol, dave)
    dave.sends("PART #a")
    dave.sends("QUIT :bye")
    assert sees(alice, alone) == [[":dave PART #a", ":dave QUIT :bye"], [":dave QUIT :bye"]]
    carol.person.vanishes()
    assert sees(alice, alone) == [[":carol QUIT :connection lost"]] * 2


def test_who_ignores_somebody_is_told_once_too(world: World) -> None:
    alice, carol, dave = in_both(world, "alice", "carol", "dave")
    alice.asks("PRIVMSG lanchat :/ignore carol")
    carol.sends("NICK caro")
    dave.sends("QUIT")
    assert sees(alice) == [[":carol NICK caro", ":dave QUIT :"]]


def test_one_that_reads_slowly_is_told_when_it_reads_on(world: World) -> None:
    """In each room: whom it was told of in another one is not kept."""
    alice, dave = in_both(world, "alice", "dave")
    alice.person.stops_reading()
    dave.sends("PRIVMSG #b :hi")
    dave.sends("QUIT :bye")
    alice.person.reads_on()
    assert sees(alice) == [[":dave PRIVMSG #b :hi", ":dave QUIT :bye", ":dave QUIT :bye"]]


def test_of_many_that_quit_at_once_some_are_told_once_a_room(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To look whether each has been told of each would take too long."""
    alice, carol, dave = in_both(world, "alice", "carol", "dave")
    monkeypatch.setattr(hidden, "MOST_TOLD_ONCE", 1)
    for client in (carol, dave):
        client.person.wire.incoming.append(b"QUIT\r\n")
    world.settle()
    (told,) = sees(alice)
    assert (told.count(":carol QUIT :"), told.count(":dave QUIT :")) == (1, 2)


@pytest.fixture
def alice(world: World, bob: Person, monkeypatch: pytest.MonkeyPatch) -> Client:
    """One in a room that is large when somebody else comes."""
    client = Client.joins(world, "alice", "#lobby")
    bob.sees()
    monkeypatch.setattr(late_joins, "LARGE_ROOM", 2)
    return client


def test_in_a_large_room_who_came_is_told_when_they_speak(world: World, alice: Client, bob: Person) -> None:
    """For the first time; people at `nc` are told when they come, with others in one line."""
    carol = Client.joins(world, "carol", "#lobby", caps="extended-join")
    dave = Client.joins(world, "dave", "#lobby")
    assert sees(alice, carol) == [[], []]
    carol.sends("PRIVMSG #lobby :hi")
    carol.sends("PRIVMSG #lobby :again")
    said = [":carol PRIVMSG #lobby :hi", ":carol PRIVMSG #lobby :again"]
    assert sees(alice, dave, carol) == [[":carol JOIN #lobby", *said], said, []]
    carol.sends("PART #lobby")
    assert sees(alice, dave) == [[":carol PART #lobby"]] * 2
    assert bob.sees() == [
        "-- carol joined", "-- dave joined", "<carol> hi", "<carol> again", "-- carol left",
    ]  # fmt: skip


def test_what_else_is_told_of_one_that_has_not_spoken_is_for_who_knows_of_them(
    world: World, alice: Client, bob: Person
) -> None:
    """From the list of who is there: they were there before."""
    carol, dave = world.join("carol"), Client.joins(world, "dave", "#lobby", caps="away-notify")
    carol.types("/away lunch", "/nick caro", "/quit")
    assert sees(alice, dave) == [[], [":carol AWAY :lunch", ":carol NICK caro", ":caro QUIT :"]]
    assert bob.sees()[-2:] == ["-- carol is now caro", "-- caro left"]


def test_who_asks_who_is_there_knows_of_them_as_well(world: World, alice: Client) -> None:
    carol = world.join("carol")
    alice.asks("NAMES #lobby")
    carol.types("hi", "/quit")
    assert sees(alice) == [[":carol PRIVMSG #lobby :hi", ":carol QUIT :"]]


def test_who_comes_again_is_there_again(world: World, alice: Client) -> None:
    """Those who knew of them are told that they went, and all when they speak."""
    carol = Client.joins(world, "carol", "#lobby")
    dave = Client.joins(world, "dave", "#lobby")
    carol.sends("PART #lobby", "JOIN #lobby")
    assert sees(alice, dave) == [[], [":carol PART #lobby"]]
    carol.sends("PRIVMSG #lobby :hi")
    assert sees(alice, dave) == [[":carol JOIN #lobby", ":carol PRIVMSG #lobby :hi"]] * 2


def test_a_slow_reader_of_a_large_room_is_not_told_the_list_again_for_who_came(
    world: World, alice: Client, bob: Person
) -> None:
    """It has not missed a line about them; of 10,000 the list has 104 KiB."""
    alice.person.stops_reading()
    bob.types("one")
    Client.joins(world, "carol", "#lobby")
    alice.person.reads_on()
    assert sees(alice) == [[":bob PRIVMSG #lobby :one"]]
