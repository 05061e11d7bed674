"""Who is gone takes no memory, not even until Python looks for what holds each other."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from weakref import ref

import pytest

from lanchatd.doors.first_bytes import FirstBytes
from tests.encrypted import Encrypted
from tests.web import message, upgrade, web_world
from tests.world import Person, World

COMES: dict[str, Callable[[Person], object]] = {
    "text": lambda person: person.types("alice", "hi", "/who"),
    "JSON": lambda person: person.asks({"nick": "alice"}, {"line": "hi", "ref": "1"}, {"line": "/search hi"}),
    "IRC": lambda person: person.types("NICK alice", "USER a 0 * :a", "JOIN #lobby", "PRIVMSG #lobby :hi"),
    "a page": lambda person: person.sends(upgrade(), message({"nick": "alice"}), message({"line": "hi"})),
    "a request": lambda person: person.sends(b"GET / HTTP/1.1\r\nHost: 192.0.2.9:8000\r\n\r\n"),
    "nothing": lambda person: person,
}

GOES: dict[str, Callable[[Person], object]] = {
    "the line breaks": Person.vanishes,
    "hangs up": Person.hangs_up,
    "is closed by the daemon": lambda person: person.wire.protocol.shut_down(),
}


@contextmanager
def without_collecting() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def still_there(world: World, person: Person, goes: Callable[[Person], object]) -> list[str]:
    """Of what there is of a connection, the only one, that which is still there when it has gone."""
    (first,) = world.connections.open
    assert isinstance(first, FirstBytes)
    sessions = world.chat.sessions()
    there = [first, first.inner, first.outbox, *sessions, *world.chat.users.values(), person.wire.protocol]
    parts = [ref(part) for part in there if part is not None]
    del first, sessions, there
    goes(person)
    world.passes(30)
    assert person.gone
    del person.wire.protocol  # as Twisted's transports do
    return [type(part).__name__ for one in parts if (part := one()) is not None]


@pytest.mark.parametrize("goes", GOES)
@pytest.mark.parametrize("comes", COMES)
def test_who_is_gone_takes_no_memory(comes: str, goes: str) -> None:
    """By whatever door they came, and however they went."""
    world = web_world()
    with without_collecting():
        person = world.connect()
        COMES[comes](person)
        assert still_there(world, person, GOES[goes]) == []


def test_of_who_was_encrypted_only_the_transports_wait_for_python_to_look() -> None:
    """Twisted's TLS holds itself, by a traceback in its own hands, and what it writes to."""
    world = World()
    with without_collecting():
        person = world.connect()
        person.sends(Encrypted(person).records(b"alice\n"))
        assert list(world.chat.users) == ["alice"]
        assert still_there(world, person, Person.vanishes) == ["BufferedOutbox", "_Below"]
