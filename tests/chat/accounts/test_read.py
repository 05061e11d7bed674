"""How far one has read is told to one's other connections."""

from __future__ import annotations

import pytest

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
