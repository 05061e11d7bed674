"""A room that is joined with a label: who is in it is told within the batch, in pieces."""

from __future__ import annotations

import pytest

from lanchatd.chat import room
from tests.irc import BAD_ROOM, Batches, Client
from tests.world import Person, World

CAPS = "labeled-response batch"


@pytest.fixture
def bob(world: World) -> Person:
    return world.join("bob")


@pytest.fixture
def alice(world: World, bob: Person) -> Client:
    return Client.joins(world, "alice", "#lobby", caps=CAPS)


@pytest.fixture
def a_name_a_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "NAMES_A_PIECE", 1)


def names(*nicks: str, room: str = "#lobby", to: str = "carol") -> list[str]:
    """The list of who is in a room, a name a piece."""
    listed = [f":irc.lan 353 {to} = {room} :{nick}" for nick in nicks]
    return [*listed, f":irc.lan 366 {to} {room} :End of /NAMES list"]


@pytest.fixture
def carol(alice: Client, a_name_a_piece: None) -> Client:
    """Who joins no room yet, and has asked for no time of lines."""
    return Client.joins(alice.person.world, "carol", caps=CAPS)


@pytest.mark.parametrize("asked", ["JOIN", "NAMES"])
def test_names_in_pieces_are_one_batch_however_slowly_they_are_read(
    carol: Client, bob: Person, asked: str
) -> None:
    """What is told between two pieces is in no batch."""
    if asked == "NAMES":
        carol.asks("JOIN #lobby")
    carol.person.stops_reading(10)
    carol.sends(f"@label=1 {asked} #lobby")
    carol.person.reads_on(120)
    bob.types("/msg carol psst")
    lines = carol.sees()
    for _ in range(50):
        carol.person.reads_on(11)
        lines += carol.sees()
    carol.person.reads_on()
    batches = Batches(lines + carol.sees())
    came = [":carol!u@lan JOIN #lobby"] if asked == "JOIN" else []
    assert batches.inside == {"1": [*came, *names("bob", "alice", "carol")]}
    assert batches.outside == [":bob!u@lan PRIVMSG carol :psst"]
    assert batches.open == {}


def test_two_joins_at_once_are_two_batches(carol: Client) -> None:
    carol.sends("@label=1 JOIN #lobby", "@label=2 JOIN #dev", "@label=3 PING x")
    batches = Batches(carol.sees())
    assert batches.inside == {
        "1": [":carol!u@lan JOIN #lobby", *names("bob", "alice", "carol")],
        "2": [":carol!u@lan JOIN #dev", *names("carol", room="#dev")],
    }
    assert batches.outside == ["@label=3 :irc.lan PONG irc.lan :x"]
    assert batches.open == {}


def test_several_rooms_are_one_batch(carol: Client) -> None:
    """Those that it is in already, and those that are refused, are told as ever."""
    carol.asks("JOIN #here")
    batches = Batches(carol.asks("@label=1 JOIN #lobby,#here,#!,#dev"))
    (answered,) = batches.inside.values()
    assert [line.split()[1] for line in answered[:3]] == ["JOIN", "403", "JOIN"]
    assert sorted(answered[3:]) == sorted([*names("bob", "alice", "carol"), *names("carol", room="#dev")])
    assert batches.outside == []
    assert batches.open == {}


def test_how_far_one_has_read_is_in_the_batch(carol: Client) -> None:
    """As the log says it, the rooms are joined when that has answered."""
    carol.asks("CAP REQ draft/read-marker")
    assert Batches(carol.asks("@label=1 JOIN #lobby")).inside == {
        "1": [":carol!u@lan JOIN #lobby", ":irc.lan MARKREAD #lobby *", *names("bob", "alice", "carol")]
    }


def test_a_room_joined_by_a_command_to_the_server(carol: Client) -> None:
    carol.asks("JOIN #here")
    assert Batches(carol.asks("@label=1 PRIVMSG lanchat :/join #lobby")).inside == {
        "1": [":carol!u@lan JOIN #lobby", *names("bob", "alice", "carol")]
    }


@pytest.mark.parametrize("rooms", ["#lobby", "#lobby,#dev"])
def test_who_leaves_a_room_before_it_was_told_who_is_there(carol: Client, rooms: str) -> None:
    """The batch ends with it, or with the names of the last of its rooms."""
    carol.person.stops_reading(100)
    carol.sends(f"@label=1 JOIN {rooms}")
    carol.sends("@label=2 PART #lobby")
    carol.person.reads_on()
    batches = Batches(carol.sees())
    assert batches.open == {}
    assert not any(" 366 carol #lobby " in line for line in batches.inside["1"])
    assert any(" 366 carol #dev " in line for line in batches.inside["1"]) == ("#dev" in rooms)
    assert batches.outside == ["@label=2 :carol!u@lan PART #lobby"]


@pytest.mark.parametrize("how", ["quits", "vanishes", "is kicked"])
def test_who_goes_before_it_was_told_who_is_there(
    carol: Client, bob: Person, how: str, logged_errors: list[str]
) -> None:
    """It is told that the batch ends, or nothing more."""
    bob.world.make_operator(bob)
    carol.person.stops_reading(100)
    carol.sends("@label=1 JOIN #lobby")
    carol.person.reads_on(50)
    match how:
        case "quits":
            carol.sends("QUIT")
        case "vanishes":
            carol.person.vanishes()
        case _:
            bob.types("/kick carol")
    if how == "vanishes":
        assert carol.person.gone
    else:
        carol.person.reads_on()
        lines = carol.sees()
        assert Batches(lines).open == {}
        assert lines[-1].startswith("ERROR :Closing link")
    bob.sees()
    bob.types("/who")
    assert not any("carol" in line for line in bob.sees())
    assert logged_errors == []


def test_names_that_are_told_again_are_no_answer(carol: Client, bob: Person) -> None:
    """Who has missed too much of who came and went is told who is here, in no batch."""
    carol.asks("@label=1 JOIN #lobby")
    carol.person.stops_reading()
    for number in range(60):
        bob.world.join(f"d{number}").types("/quit")
    carol.person.reads_on()
    batches = Batches(carol.sees())
    assert batches.inside == {}
    assert any(" 366 carol #lobby " in line for line in batches.outside)


def test_a_join_is_a_batch_with_the_topic_and_who_is_there(alice: Client, bob: Person) -> None:
    """What was said there comes behind it, as to everybody who joins."""
    carol = Client.joins(bob.world, "carol", caps=f"{CAPS} server-time")
    bob.types("/topic tea", "hi")
    joined = carol.asks("@label=1 JOIN #lobby")
    assert joined[:7] == [
        "@label=1 :irc.lan BATCH +b1 labeled-response",
        "@batch=b1 :carol!u@lan JOIN #lobby",
        "@batch=b1 :irc.lan 332 carol #lobby :tea",
        "@batch=b1 :irc.lan 333 carol #lobby bob 1795356191",
        "@batch=b1 :irc.lan 353 carol = #lobby :bob alice carol",
        "@batch=b1 :irc.lan 366 carol #lobby :End of /NAMES list",
        ":irc.lan BATCH -b1",
    ]
    assert [line.partition(" ")[2] for line in joined[7:]] == [
        ":irc.lan NOTICE #lobby :bob set the topic: tea",
        ":bob!u@lan PRIVMSG #lobby :hi",
    ]
    assert carol.asks("@label=2 JOIN #lobby", "@label=3 JOIN #!") == [
        "@label=2 :irc.lan ACK",
        f"@label=3 :irc.lan 403 carol #! :{BAD_ROOM}",
    ]
