"""One user on several connections. They own the nick; how they prove it is not asked here."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from lanchatd.chat import entering, moderating
from lanchatd.chat.format import Hello, Place
from lanchatd.chat.peer import Peer
from lanchatd.chat.user import Session, User
from lanchatd.doors.line_protocol import State
from tests.world import Person, World


def comes_as(user: User, person: Person, hello: dict[str, Any]) -> None:
    """Somebody who has just connected is one more connection of a user, and says this hello."""
    chat, room_bytes, person.wire.room_bytes = person.world.chat, person.wire.room_bytes, None
    protocol = person.asks({"nick": "stranger"}).wire.protocol.inner
    chat.leave(protocol.session)
    protocol.state, protocol.session = State.ASKED, None
    person.world.settle()
    person.wire.taken, person.wire.room_bytes = b"", room_bytes
    read = protocol.format.read_hello(json.dumps(hello).encode())
    proof = person.world.own(user)
    entering.join(chat, read, protocol.peer, partial(protocol._make_session, read), proof)
    person.world.settle()


class Home(World):
    """A world in which somebody who is here may come once more."""

    def joins_too(self, user: User, room: str = "#lobby", peer: str = "192.0.2.2") -> Person:
        """One more connection of a user, that speaks text."""
        person = self.connect(peer)
        protocol = person.types("stranger").wire.protocol.inner
        self.chat.leave(protocol.session)
        protocol.state = State.ASKED

        def make(hello: Hello, user: User) -> Session:
            session: Session = protocol._make_session(hello, user)
            return session

        hello = Hello(user.nick, (Place(room),))
        entering.join(self.chat, hello, Peer(f"{peer}:5000", peer), partial(make, hello), self.own(user))
        assert protocol.state is State.JOINED
        self.settle()
        person.sees()
        return person


@pytest.fixture
def world() -> Home:
    return Home()


def test_both_are_told_what_one_says(world: Home) -> None:
    """It is the same person."""
    laptop, bob = world.join("alice"), world.join("bob")
    phone = world.joins_too(laptop.user)
    laptop.sees(), bob.sees()
    phone.types("hi")
    assert laptop.sees() == phone.sees() == bob.sees() == ["<alice> hi"]


def test_it_is_told_once_who_came_and_went(world: Home) -> None:
    """When the first comes, and when the last has gone."""
    bob, laptop = world.join("bob"), world.join("alice")
    bob.sees()
    phone = world.joins_too(laptop.user)
    bob.sees()
    assert bob.types("/who").sees() == ["-- 2 in #lobby: alice (known, plain) and bob (plain)"]
    laptop.types("/quit")
    assert bob.sees() == []
    assert "alice" in world.chat.users
    phone.types("/quit")
    assert bob.sees() == ["-- alice left"]
    assert "alice" not in world.chat.users


def test_a_user_is_in_a_room_while_any_session_is(world: Home) -> None:
    """One goes elsewhere, the other stays."""
    bob, laptop = world.join("bob"), world.join("alice")
    phone = world.joins_too(laptop.user)
    bob.sees()
    phone.types("/join #dev")
    assert bob.sees() == []
    assert [list(room.members) for room in world.chat.rooms.values()] == [["bob", "alice"], ["alice"]]
    laptop.types("/join #dev")
    assert bob.sees() == ["-- alice left (went to #dev)"]


def test_private_messages_go_to_all_of_both(world: Home) -> None:
    """Also what one has written oneself."""
    laptop, bob = world.join("alice"), world.join("bob")
    phone = world.joins_too(laptop.user)
    laptop.sees()
    bob.types("/msg alice psst")
    assert laptop.sees() == phone.sees() == ["[bob -> alice] psst"]
    phone.types("/reply yes?")
    assert laptop.sees() == phone.sees() == ["[alice -> bob] yes?"]


def test_a_user_is_away_when_all_sessions_are(world: Home) -> None:
    """Who sits at one of them is here."""
    laptop, bob = world.join("alice"), world.join("bob")
    phone = world.joins_too(laptop.user)
    laptop.types("/away lunch")
    bob.sees()
    assert bob.types("/who").sees() == ["-- 2 in #lobby: alice (known, plain) and bob (plain)"]
    phone.types("/away")
    assert bob.types("/who").sees() == ['-- 2 in #lobby: alice (known, plain, away: "lunch") and bob (plain)']
    phone.types("/back")
    assert bob.types("/who").sees() == ["-- 2 in #lobby: alice (known, plain) and bob (plain)"]


def test_a_kick_closes_all(world: Home) -> None:
    """The nick is free at once."""
    laptop = world.join("alice")
    phone = world.joins_too(laptop.user)
    moderating.kick(laptop.user, "op", "")
    assert "alice" not in world.chat.users
    world.passes(1)
    assert laptop.gone
    assert phone.gone


def test_a_rename_is_of_the_user(world: Home) -> None:
    """And is told once."""
    bob, laptop = world.join("bob"), world.join("alice")
    phone = world.joins_too(laptop.user)
    bob.sees()
    phone.types("/nick carol")
    assert bob.sees() == ["-- alice is now carol"]
    assert laptop.types("hi").sees()[-1] == "<carol> hi"


def test_ignoring_holds_on_all(world: Home) -> None:
    """The person is hidden, whichever one looks."""
    laptop, bob = world.join("alice"), world.join("bob")
    phone = world.joins_too(laptop.user)
    laptop.types("/ignore bob")
    laptop.sees(), phone.sees()
    bob.types("hi")
    assert laptop.sees() == phone.sees() == []


def test_a_mute_and_an_operator_are_of_the_user(world: Home) -> None:
    """On every connection."""
    laptop = world.join("alice")
    phone = world.joins_too(laptop.user)
    world.make_operator(laptop)
    assert phone.types("/bans").sees() == ["-- Nobody is banned or muted."]
    moderating.mute(world.chat, laptop.user.name, None)
    assert phone.types("hi").sees() == ["!! You are muted."]


def test_a_ban_of_an_address_closes_only_what_came_from_there(world: Home) -> None:
    """The other connection of the same user stays."""
    laptop = world.join("alice")
    phone = world.joins_too(laptop.user, peer="192.0.2.9")
    op = world.join("op", peer="192.0.2.3")
    world.make_operator(op)
    op.types("/ban 192.0.2.9")
    world.passes(1)
    assert (laptop.gone, phone.gone) == (False, True)


def test_a_list_shows_who_comes_and_goes_on_one_more_connection(world: Home) -> None:
    """At once: who is away on one of two connections is not away; a list made before is another."""
    laptop, chat = world.join("alice"), world.chat
    phone = world.joins_too(laptop.user).session
    laptop.types("/away tea")
    room, text = chat.room_of(phone), phone.format
    there = b"-- 1 in #lobby: alice (known, plain)\n"
    away = b'-- 1 in #lobby: alice (known, plain, away: "tea")\n'
    assert room.who_encoded(text) == there
    chat.leave(phone)
    assert room.who_encoded(text) == away
    entering.join(
        chat, Hello("alice", (Place("#lobby"),)), phone.peer, lambda _: phone, world.own(laptop.user)
    )
    assert room.who_encoded(text) == there
