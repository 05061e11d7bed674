"""Who is gone takes no memory, not even until Python looks for what holds each other."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
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


Parts = list[ref[Any]]


def parts_of(world: World, person: Person) -> Parts:
    """What there is of a connection, the only one."""
    (first,) = world.connections.open
    assert isinstance(first, FirstBytes)
    sessions = world.chat.sessions()
    there = [first, first.inner, first.outbox, *sessions, *world.chat.users.values(), person.wire.protocol]
    return [ref(part) for part in there if part is not None]


def still_there(parts: Parts) -> list[str]:
    return [type(part).__name__ for one in parts if (part := one()) is not None]


def ends(world: World, person: Person, goes: Callable[[Person], object]) -> None:
    goes(person)
    world.passes(30)
    assert person.gone
    del person.wire.protocol  # as Twisted's transports do


@pytest.mark.parametrize("goes", GOES)
@pytest.mark.parametrize("comes", COMES)
def test_who_is_gone_takes_no_memory(comes: str, goes: str) -> None:
    """By whatever door they came, and however they went."""
    world = web_world()
    with without_collecting():
        person = world.connect()
        COMES[comes](person)
        parts = parts_of(world, person)
        ends(world, person, GOES[goes])
        assert still_there(parts) == []


def test_of_who_was_encrypted_only_the_transports_wait_for_python_to_look() -> None:
    """Twisted's TLS holds itself, by a traceback in its own hands, and what it writes to."""
    world = World()
    with without_collecting():
        person = world.connect()
        person.sends(Encrypted(person).records(b"alice\n"))
        assert list(world.chat.users) == ["alice"]
        parts = parts_of(world, person)
        ends(world, person, Person.vanishes)
        assert still_there(parts) == ["_Below"]


@pytest.mark.parametrize("closed", [False, True])
def test_they_are_freed_by_a_look_at_what_is_new(closed: bool) -> None:
    """Also of who was here for long, at whom Python does not look any more (`Collecting`)."""
    world = World()
    with without_collecting():
        person = world.connect()
        person.sends(Encrypted(person).records(b"alice\n"))
        parts = parts_of(world, person)
        first: Any = next(iter(world.connections.open))
        parts += (ref(first.transport), ref(first.transport.getHandle()))
        gc.freeze()
        try:
            if closed:
                first.shut_down()
            del first
            ends(world, person, Person.vanishes)
            gc.collect()
            assert still_there(parts) == []
        finally:
            gc.unfreeze()
