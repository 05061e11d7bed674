"""Who may not come in is told why, in the form that they speak: a person, a browser, a page's WebSocket."""

from __future__ import annotations

import json

import pytest

from lanchatd.doors.first_bytes import PATIENCE_S
from tests.web import CLOSE, HOST, TEXT, Answered, answers, closing, frames_in, request, upgrade, web_world
from tests.world import Person, World

BANNED = "Your address is banned."
FROM_HERE = f"Origin: http://{HOST}"


def banning(world: World, address: str = "192.0.2.66") -> World:
    """A world that an address may not come into."""
    op = world.join("op", "192.0.2.9")
    world.make_operator(op)
    op.types(f"/ban {address}")
    return world


def comes(world: World, *segments: bytes, peer: str = "192.0.2.66") -> Person:
    """Somebody who sends this."""
    return world.connect(peer).sends(*segments)


def answered(person: Person, *, to_head: bool = False) -> Answered:
    """The one answer; the connection is closed behind it."""
    (answer,) = answers(person.wire.taken, to_head=to_head)
    assert answer.headers["connection"] == "close"
    assert person.wire.write_closed or person.gone
    return answer


@pytest.mark.parametrize("begin", [b"bob\n", b'{"nick": "bob"}\n', b"NICK bob\r\n", b"\x16\x03\x01"])
def test_who_speaks_is_told_at_once(begin: bytes) -> None:
    """In a line of text, as the protocol says."""
    assert comes(banning(web_world()), begin).sees() == [f"!! {BANNED}"]


def test_who_says_nothing_is_told_a_little_later() -> None:
    """It may be a browser, until then."""
    world = banning(web_world())
    bob = world.connect("192.0.2.66")
    assert bob.sees() == []
    world.passes(PATIENCE_S)
    assert bob.sees() == [f"!! {BANNED}"]
    world.passes(1)
    assert bob.gone
    assert world.clock.getDelayedCalls() == []


@pytest.mark.parametrize("at_once", [True, False])
def test_a_browser_is_told_in_an_answer(at_once: bool) -> None:
    """However its request is cut."""
    asked = request()
    segments = (asked,) if at_once else (asked[:1], asked[1:30], asked[30:])
    answer = answered(comes(banning(web_world()), *segments))
    assert (answer.status, answer.body.decode()) == (403, f"{BANNED}\n")


def test_a_browser_that_sends_half_of_its_request_is_told_as_well() -> None:
    """At the end of the patience; or when it closes its side."""
    world = banning(web_world())
    slow, closes = comes(world, request()[:30]), comes(world, request()[:30])
    closes.hangs_up()
    assert slow.wire.taken == b""
    world.passes(PATIENCE_S)
    assert (answered(slow).status, answered(closes).status) == (403, 403)


def test_what_is_no_request_is_told_as_well() -> None:
    """What it asks for makes no difference."""
    world = banning(web_world())
    assert answered(comes(world, b"GET what\r\n\r\n")).status == 403
    assert answered(comes(world, request(host="other.example"))).status == 403
    assert answered(comes(world, request(method="HEAD")), to_head=True).status == 403
    twice = request("/", f"Host: {HOST}")
    assert answered(comes(world, twice)).status == 403


@pytest.mark.parametrize(
    ("limits", "status"),
    [({"max_connections": 1}, 503), ({"max_per_address": 1}, 429)],
)
def test_a_browser_that_finds_no_place_is_told_that(limits: dict[str, float], status: int) -> None:
    """It is another thing than to be unwanted."""
    world = web_world(**limits)
    world.join("alice")
    answer = answered(comes(world, request(), peer="192.0.2.1"))
    assert answer.status == status
    assert answer.body.startswith(b"The limit of 1 connections ")


def test_an_address_that_comes_too_often_is_told_that() -> None:
    """In HTTP as well."""
    world = web_world(max_per_address=1)
    for _ in range(4):
        comes(world, request()).vanishes()
    answer = answered(comes(world, request()))
    assert (answer.status, b"too often" in answer.body) == (429, True)


def test_a_page_is_told_by_its_websocket() -> None:
    """It is taken, told and closed: scripts are not told of another answer."""
    person = comes(banning(web_world()), upgrade(FROM_HERE))
    head, _, came = person.wire.taken.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    found, left = frames_in(came)
    assert not left
    error = {"type": "error", "code": "banned", "text": BANNED}
    assert [opcode for opcode, _ in found] == [TEXT, CLOSE]
    assert json.loads(found[0][1]) == error
    assert found[1][1] == closing(4_000, b"banned")
    assert person.wire.write_closed


def test_a_page_of_another_site_is_told_by_nothing_but_an_answer() -> None:
    """As it would be if it could come in."""
    assert answered(comes(banning(web_world()), upgrade("Origin: http://evil.example"))).status == 403


def test_without_a_page_a_browser_is_told_too() -> None:
    """In an answer of HTTP."""
    answer = answered(comes(banning(World()), request()))
    assert (answer.status, answer.body.decode()) == (403, f"{BANNED}\n")


def test_who_goes_before_it_is_told_leaves_nothing_behind() -> None:
    """No timer, and its place among those that are told is free."""
    world = banning(web_world())
    for _ in range(100):
        world.connect("192.0.2.66").vanishes()
    assert world.connect("192.0.2.66").sends(b"bob\n").sees() == [f"!! {BANNED}"]
    world.passes(1)
    assert world.clock.getDelayedCalls() == []
