"""How far one has read, told by IRC clients to each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from lanchatd.chat.accounts.read_marks import MOST_OF_ONE
from lanchatd.chat.answers import Answer
from lanchatd.chat.events import Event
from lanchatd.doors.irc import capabilities
from lanchatd.text.refused import Refused
from tests.disk import DiskWorld
from tests.irc import Client
from tests.world import Person, World

MARKS = "draft/read-marker server-time message-tags draft/chathistory batch standard-replies"
FIRST, SECOND, THIRD = (f"timestamp=2026-11-22T14:03:{second}.123Z" for second in (11, 21, 31))


# A password goes in plain on the server's own machine.
HERE = "127.0.0.1"


def says(world: World, person: Person) -> None:
    """Three lines, ten seconds apart."""
    for text in ("one", "two", "three"):
        person.types(text)
        world.passes(10)


@pytest.fixture
def alice(world: World) -> Client:
    """The owner of a nick, on one device; "three" is what bob said last."""
    says(world, world.join("bob"))
    alice = Client.joins(world, "alice", "#lobby", caps=MARKS)
    world.make_owner(alice.person)
    alice.sees()
    return alice


def joins_too(world: World, *rooms: str) -> Client:
    """Her other device."""
    device = Client(world, HERE).sends("CAP LS 302", f"CAP REQ :{MARKS}", "CAP END", "PASS password")
    device.sends("NICK alice", "USER phone 0 * :alice")
    world.settle()
    device.sees()
    for room in rooms:
        device.sends(f"JOIN {room}")
    return device


def test_the_time_of_a_line_says_how_far(alice: Client) -> None:
    """It only goes on: who says less is told what is known. Between two lines it is the one before."""
    assert alice.asks("MARKREAD #lobby") == [":irc.lan MARKREAD #lobby *"]
    assert alice.asks(f"MARKREAD #lobby {SECOND}") == [f":irc.lan MARKREAD #lobby {SECOND}"]
    assert alice.asks(f"MARKREAD #lobby {FIRST}") == [f":irc.lan MARKREAD #lobby {SECOND}"]
    assert alice.asks(f"MARKREAD #lobby {SECOND}") == [f":irc.lan MARKREAD #lobby {SECOND}"]
    between = "timestamp=2026-11-22T14:03:29.000Z"
    assert alice.asks(f"MARKREAD #lobby {between}") == [f":irc.lan MARKREAD #lobby {SECOND}"]
    later = "timestamp=2036-11-22T14:03:29.000Z"
    assert alice.asks(f"MARKREAD #LOBBY {later}") == [f":irc.lan MARKREAD #lobby {THIRD}"]
    assert alice.asks("MARKREAD #lobby") == [f":irc.lan MARKREAD #lobby {THIRD}"]


def test_before_the_first_line_nothing_was_read(alice: Client) -> None:
    assert alice.asks("MARKREAD #lobby timestamp=2020-01-01T00:00:00.000Z") == [":irc.lan MARKREAD #lobby *"]


def test_other_devices_are_told(world: World, alice: Client) -> None:
    """And the room's others are not; nor who did not ask for it."""
    bob = Client.joins(world, "bob2", "#lobby", caps=MARKS)
    phone = joins_too(world, "#lobby")
    phone.sees()
    silent = Client(world, HERE).sends("PASS password", "NICK alice", "USER old 0 * :alice")
    world.settle()
    silent.sees()
    assert alice.asks(f"MARKREAD #lobby {SECOND}") == [f":irc.lan MARKREAD #lobby {SECOND}"]
    assert phone.sees() == [f":irc.lan MARKREAD #lobby {SECOND}"]
    assert (bob.sees(), silent.sees()) == ([], [])
    phone.sends(f"MARKREAD #lobby {FIRST}")
    assert alice.sees() == []


def test_browsers_and_programs_say_it_by_ids(world: World, alice: Client) -> None:
    world.chat.has_read(joins_too(world, "#lobby").person.session, "#lobby", 2)
    world.settle()
    assert alice.sees() == [f":irc.lan MARKREAD #lobby {SECOND}"]


def test_a_join_tells_it_before_who_is_here(world: World, alice: Client) -> None:
    """Each room its own; `*` if nothing was read there."""
    assert alice.asks("JOIN #dev")[:2] == [":alice!u@lan JOIN #dev", ":irc.lan MARKREAD #dev *"]
    alice.sends(f"MARKREAD #lobby {THIRD}")
    phone = joins_too(world)
    assert phone.asks("JOIN #dev,#lobby,#!") == [
        ":alice!u@lan JOIN #dev",
        ":irc.lan MARKREAD #dev *",
        ":alice!u@lan JOIN #lobby",
        f":irc.lan MARKREAD #lobby {THIRD}",
        ":irc.lan 403 alice #! :A room is # and 1 to 32 letters, digits, '_', '-' and '.', and begins with a "
        "letter, a digit or '_'.",
        ":irc.lan FAIL JOIN BAD_ROOM #! :A room is # and 1 to 32 letters, digits, '_', '-' and '.', and "
        "begins with a letter, a digit or '_'.",
        ":irc.lan 353 alice = #dev :alice",
        ":irc.lan 366 alice #dev :End of /NAMES list",
        ":irc.lan 353 alice = #lobby :bob alice",
        ":irc.lan 366 alice #lobby :End of /NAMES list",
    ]


def test_of_guests_it_is_known_as_long_as_they_are_connected(world: World) -> None:
    says(world, world.join("bob"))
    guest = Client.joins(world, "guest", "#lobby", caps=MARKS)
    assert guest.asks(f"MARKREAD #lobby {SECOND}") == [f":irc.lan MARKREAD #lobby {SECOND}"]
    assert guest.asks(f"MARKREAD #lobby {FIRST}") == [f":irc.lan MARKREAD #lobby {SECOND}"]
    guest.sends("QUIT")
    guest = Client.joins(world, "guest", "#lobby", caps=MARKS)
    assert guest.asks("MARKREAD #lobby") == [":irc.lan MARKREAD #lobby *"]


def test_private_messages_too(alice: Client) -> None:
    """No log has them. Of many the last are known."""
    assert alice.asks("MARKREAD bob") == [":irc.lan MARKREAD bob *"]
    assert alice.asks(f"MARKREAD bob {SECOND}") == [f":irc.lan MARKREAD bob {SECOND}"]
    assert alice.asks(f"MARKREAD Bob {FIRST}") == [f":irc.lan MARKREAD Bob {SECOND}"]
    for number in range(MOST_OF_ONE):
        alice.sends(f"MARKREAD n{number} {FIRST}")
    assert alice.asks("MARKREAD bob") == [":irc.lan MARKREAD bob *"]


def test_what_makes_no_sense_fails(world: World, alice: Client) -> None:
    fails = ":irc.lan FAIL MARKREAD"
    assert alice.asks("MARKREAD") == [f"{fails} NEED_MORE_PARAMS :Missing parameters"]
    wrong = f"{fails} INVALID_PARAMS #lobby :Say timestamp=YYYY-MM-DDThh:mm:ss.sssZ."
    for time in ("*", "timestamp=", "timestamp=x", "msgid=1-1", "timestamp=9999999-01-01T00:00:00.000Z"):
        assert alice.asks(f"MARKREAD #lobby {time}") == [wrong], time
    assert alice.asks("MARKREAD #dev") == [f"{fails} INVALID_PARAMS #dev :You are not in #dev."]
    for time in ("0001-01-01T00:00+01:00", "9999-12-31T23:00-01:00"):  # of another year in UTC
        assert alice.asks(f"MARKREAD bob timestamp={time}") == [wrong.replace("#lobby", "bob")], time
    (failed,) = alice.asks("MARKREAD a+b")
    assert failed.startswith(f"{fails} INVALID_PARAMS a+b :A nick")
    plain = Client.joins(world, "plain", "#lobby")
    assert plain.asks("MARKREAD #lobby") == [":irc.lan 421 plain MARKREAD :Ask for draft/read-marker first"]


def test_the_answer_has_the_label(world: World, alice: Client) -> None:
    alice.asks("CAP REQ labeled-response")
    assert alice.asks(f"@label=1 MARKREAD #lobby {FIRST}") == [f"@label=1 :irc.lan MARKREAD #lobby {FIRST}"]


def test_what_the_log_holds_no_more_has_no_time() -> None:
    world = World(log_events=10)
    bob = world.join("bob")
    says(world, bob)
    guest = Client.joins(world, "guest", "#lobby", caps=MARKS)
    assert guest.asks(f"MARKREAD #lobby {THIRD}") == [f":irc.lan MARKREAD #lobby {THIRD}"]
    for number in range(10):
        bob.types(str(number))
    guest.sees()
    assert guest.asks("MARKREAD #lobby") == [":irc.lan MARKREAD #lobby *"]


def test_a_log_that_cant_be_read_fails(world: World, alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who joins comes in all the same, and another device is told when there is more."""
    alice.sends(f"MARKREAD #lobby {FIRST}")
    phone, tablet = joins_too(world), joins_too(world, "#lobby")
    tablet.sees()

    def read(*of: int) -> Answer[Sequence[Event]]:
        answer: Answer[Sequence[Event]] = Answer()
        answer.fail(Refused("log_failed", "The disk is broken."))
        return answer

    with monkeypatch.context() as broken:
        broken.setattr(world.chat.rooms["#lobby"].log, "read", read)
        assert alice.asks("MARKREAD #lobby") == [
            ":irc.lan FAIL MARKREAD INTERNAL_ERROR #lobby :The disk is broken."
        ]
        world.chat.has_read(alice.person.session, "#lobby", 2)
        world.settle()
        assert tablet.sees() == []
        assert ":irc.lan MARKREAD #lobby *" in phone.asks("JOIN #lobby")
    assert alice.asks("MARKREAD #lobby") == [f":irc.lan MARKREAD #lobby {SECOND}"]


def test_who_goes_meanwhile_does_not_come_in(tmp_path: Path) -> None:
    """The disk is slow, and takes its time to say when what was read had been said."""
    world = DiskWorld(tmp_path / "chat.sqlite", log_events=10)
    bob = world.join("bob")
    says(world, bob)
    alice = Client.joins(world, "alice", "#lobby", caps=MARKS)
    world.make_owner(alice.person)
    alice.sends(f"MARKREAD #lobby {FIRST}")
    for number in range(10):
        bob.types(str(number))
    phone = joins_too(world)
    for worker in world.workers.values():
        worker.held = True
    assert phone.asks("JOIN #lobby,#lobby") == []
    phone.person.vanishes()
    for worker in world.workers.values():
        worker.held = False
        worker.lets_go()
    world.settle()
    assert len(world.chat.users["alice"].sessions) == 1
    assert len(world.chat.rooms["#lobby"].members) == 2


def test_all_names_are_short_enough_for_every_client() -> None:
    """HexChat has room for 480 bytes."""
    assert len(" ".join(capabilities.OFFERED)) <= 480
