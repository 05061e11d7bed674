"""How far one has read is told to one's other connections, and to those that come later."""

from __future__ import annotations

import pytest

from lanchatd.chat.accounts.rows import Change, ReadMark
from tests.accounts import KEY, Owners
from tests.world import Person

USAGE = 'Say what was read: {"read": {"room": "#lobby", "id": 4712}}'


@pytest.fixture
def world() -> Owners:
    return Owners()


def program(world: Owners) -> Person:
    person = world.comes_json({"nick": "alice"}, key=KEY)
    person.gets()
    return person


def told(person: Person) -> list[tuple[str, int]]:
    """What it is told of how far was read."""
    return [(each["room"], each["id"]) for each in person.gets() if each["type"] == "read"]


def test_the_others_are_told_and_nobody_else(world: Owners) -> None:
    """Those that show nothing of it are not; no more than there is was read."""
    text = world.owner("alice", key=KEY)
    laptop, phone, bob = program(world), program(world), world.join_json("bob")
    bob.asks({"line": "hi"}, {"line": "ho"})
    for person in (text, laptop, phone, bob):
        person.sees()
    laptop.asks({"read": {"room": "lobby", "id": 1}, "ref": "1"})
    assert laptop.gets() == [{"type": "ok", "ref": "1"}]
    assert phone.gets() == [{"type": "read", "room": "#lobby", "id": 1}]
    assert text.sees() == bob.sees() == []
    phone.asks({"read": {"room": "#lobby", "id": 4712}})
    assert laptop.gets() == [{"type": "read", "room": "#lobby", "id": 2}]
    bob.asks({"read": {"room": "#lobby", "id": 2}})
    assert bob.sees() == []


def test_who_has_not_read_as_far_is_told_and_the_others_are_not(world: Owners) -> None:
    """What was read once is not unread again."""
    world.owner("alice", key=KEY)
    laptop, phone, bob = program(world), program(world), world.join("bob")
    bob.types("hi", "ho")
    laptop.asks({"read": {"room": "#lobby", "id": 2}})
    assert told(phone) == [("#lobby", 2)]
    phone.asks({"read": {"room": "#lobby", "id": 1}}, {"read": {"room": "#lobby", "id": 2}})
    assert (told(phone), told(laptop)) == ([("#lobby", 2)], [])


def test_a_device_that_comes_later_is_told_of_each_of_its_rooms(world: Owners) -> None:
    """Also when nobody was here meanwhile; not of a room that was removed, and is there again."""
    world.owner("alice", key=KEY).hangs_up()
    laptop = world.comes_json({"nick": "alice", "rooms": [{"room": "#lobby"}, {"room": "#dev"}]}, key=KEY)
    laptop.asks({"line": "a", "room": "#lobby"}, {"line": "b", "room": "#dev"}, {"line": "c", "room": "#dev"})
    laptop.asks({"read": {"room": "#lobby", "id": 1}}, {"read": {"room": "#dev", "id": 2}})
    laptop.hangs_up()
    phone = world.comes_json({"nick": "alice", "room": "dev"}, key=KEY)
    types = [each["type"] for each in phone.gets()]
    assert types[:2] == ["welcome", "read"]
    assert told(phone.asks({"line": "/join #lobby"})) == [("#lobby", 1)]
    assert told(phone.asks({"line": "/join #new"})) == []
    world.chat.registry.remove(world.chat.rooms["#dev"])
    world.settle()
    assert told(phone.asks({"line": "/join #dev"})) == []


def test_an_account_that_is_gone_leaves_nothing(world: Owners) -> None:
    """Nor what was not written yet."""
    alice = world.owner("alice", key=KEY)
    alice.types("hi")
    world.chat.has_read(alice.session, None, 1)
    world.accounts.apply(world.accounts.read_marks.change())
    alice.types("hi")
    world.chat.has_read(alice.session, None, 2)
    assert world.chat.read_until(alice.user, world.chat.rooms["#lobby"]) == 2
    alice.types("/account delete")
    assert world.changes[-1].gone[-2] == ReadMark(1, "#lobby", "log1", 2)
    assert len(world.accounts.read_marks) == 0
    assert world.accounts.read_marks.change() == Change()


@pytest.mark.parametrize(
    "read",
    [None, 4712, {}, {"room": "#lobby"}, {"id": 1}, {"room": 1, "id": 1}, {"room": "#lobby", "id": -1}],
)
def test_what_is_no_place_is_refused(world: Owners, read: object) -> None:
    """With an example."""
    bob = world.join_json("bob")
    bob.gets()
    assert bob.asks({"read": read, "ref": "7"}).gets() == [
        {"type": "error", "ref": "7", "code": "bad_field", "text": USAGE}
    ]


def test_only_a_room_that_one_is_in_is_read(world: Owners) -> None:
    """Whoever asks."""
    bob = world.join_json("bob")
    bob.gets()
    assert bob.asks({"read": {"room": "#dev", "id": 1}}).gets()[0]["code"] == "not_in_room"
