"""A page's WebSocket: lines of JSON in frames, and every way to break the rules of RFC 6455."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lanchatd.doors.web.websocket import WebSocketFormat
from lanchatd.limits import Limits
from lanchatd.net.newcomers import ACCEPTS_A_TURN
from lanchatd.text.refused import Refusal
from tests.web import (
    BINARY,
    CLOSE,
    HOST,
    PING,
    PONG,
    TEXT,
    Page,
    answers,
    closing,
    frame,
    frames_in,
    message,
    upgrade,
    web_world,
)
from tests.world import World

LONGEST = Limits().max_line_bytes
CONTINUED = 0


@pytest.fixture
def world() -> World:
    """A daemon in memory, with a page."""
    return web_world()


def said(page: Page) -> list[str]:
    return [got["text"] for got in page.gets() if got["type"] == "said"]


def closed_with(page: Page) -> tuple[int, bytes] | None:
    """The code and the reason of the frame that closes, which is the last one."""
    found = page.frames()
    if not found or found[-1][0] != CLOSE:
        return None
    assert page.person.wire.write_closed
    payload = found[-1][1]
    return int.from_bytes(payload[:2], "big"), payload[2:]


# -- talk


def test_a_page_and_a_person_at_nc_talk(world: World) -> None:
    """What each says, the other sees."""
    alice = world.join("alice")
    page = Page.joins(world, "bob")
    assert [got["type"] for got in page.gets()] == ["welcome", "members"]
    assert alice.sees() == ["-- bob joined"]
    page.says("hi")
    assert alice.sees() == ["<bob> hi"]
    alice.types("hello")
    assert [(got["from"], got["text"]) for got in page.gets()] == [("bob", "hi"), ("alice", "hello")]


def test_a_page_comes_back_where_it_was(world: World) -> None:
    """With the lines that it missed, each once, as any program does."""
    alice = world.join("alice")
    page = Page.joins(world, "bob")
    log = page.gets()[0]["log"]
    page.person.vanishes()
    alice.types("one", "two")
    again = Page.joins(world, "bob", after=0, log=log)
    assert said(again) == ["one", "two"]
    again.sends(message({"line": "three", "ref": "7"}))
    assert again.gets()[-1] == {"type": "ok", "ref": "7", "id": 3}


def test_all_pages_are_sent_the_same_bytes(world: World) -> None:
    """Rendered once for all of them, and each gives its socket one piece."""
    pages = [Page.joins(world, nick) for nick in ("bob", "carol")]
    for page in pages:
        page.frames()
        page.person.wire.sends.clear()
    rendered: list[Any] = []
    form: Any = pages[0].person.wire.protocol.inner.format
    render = form.render
    form.render = lambda item, now=None: rendered.append(item) or render(item, now)  # type: ignore[func-returns-value]
    world.join("alice").types("hi")
    assert pages[0].person.wire.sends == pages[1].person.wire.sends
    assert len(pages[0].person.wire.sends) == 2  # who came, and what was said
    assert len(rendered) == 2


def test_a_slow_page_gets_whole_frames_in_order(world: World) -> None:
    """It breaks off anywhere, and goes on there; an answer to a ping waits until the frame is whole."""
    alice = world.join("alice")
    page = Page.joins(world, "bob")
    page.frames()
    page.person.stops_reading(after_bytes=30)
    for number in range(100):
        alice.types(f"line {number}")
    page.sends(frame(PING, b"here?"))
    for room in range(1, 200):
        page.person.reads_on(room)
    page.person.reads_on()
    found = page.frames()
    texts = [json.loads(payload) for opcode, payload in found if opcode == TEXT]
    assert [got["text"] for got in texts if got["type"] == "said"] == [f"line {n}" for n in range(100)]
    assert (PONG, b"here?") in found


def test_the_nick_is_waited_for_so_long(world: World) -> None:
    """From when the page began to talk, not from when it was asked for."""
    page = Page(world)
    world.passes(59)
    assert page.gets() == []
    world.passes(1)
    assert closed_with(page) == (4000, b"no_nick")


def test_a_page_that_talks_is_counted_with_those_without_a_nick() -> None:
    """Until it has one."""
    world = web_world(max_unnamed=ACCEPTS_A_TURN + 1)
    page = Page(world)
    assert len(world.connections.entrance._newcomers) == 1
    page.sends(message({"nick": "bob"}))
    assert len(world.connections.entrance._newcomers) == 0


def test_a_frame_that_comes_with_the_request_counts(world: World) -> None:
    """A program need not wait for the answer."""
    visitor = world.connect().sends(upgrade() + message({"nick": "ci"}) + message({"line": "hi"}))
    assert world.join("alice").sees() == []
    assert visitor.wire.taken.count(b'"text": "hi"') == 1


def test_what_is_refused_is_told_like_any_line(world: World) -> None:
    """And nothing is closed."""
    page = Page.joins(world, "bob")
    page.gets()
    page.sends(frame(TEXT, b"no JSON"), frame(TEXT, b"[]"), frame(TEXT, b""), message({"line": "/nope"}))
    codes = [got["code"] for got in page.gets()]
    assert codes == ["bad_json", "bad_json", "bad_json", "unknown_command"]


def test_a_message_is_one_line_whatever_is_in_it(world: World) -> None:
    """JSON may have ends of lines between its parts."""
    page = Page.joins(world, "bob")
    page.gets()
    page.sends(frame(TEXT, b'{\n  "line":\r\n "hi"\n}\n'))
    assert said(page) == ["hi"]


@pytest.mark.parametrize("size", [0, 125, 126, 127, 65_535, 65_536, 100_000])
def test_a_frame_of_any_length_is_framed(size: int) -> None:
    """Its length has one, three or nine bytes, and never more than it needs."""
    encoded = WebSocketFormat().render(Refusal("x", "y" * size))
    assert encoded[0] == 0x80 | TEXT
    ((opcode, payload),), left = frames_in(encoded)
    assert (opcode, left) == (TEXT, b"")
    assert json.loads(payload)["text"] == "y" * size
    extended = {126: 2, 127: 8}.get(encoded[1], 0)
    assert extended == (0 if len(payload) < 126 else 2 if len(payload) < 65_536 else 8)


# -- the end


def test_quitting_closes_as_it_should(world: World) -> None:
    page = Page.joins(world, "bob")
    page.gets()
    page.says("/quit")
    assert page.frames() == [
        (TEXT, b'{"type": "notice", "text": "Goodbye."}'),
        (CLOSE, closing(1000, b"quit")),
    ]
    assert page.person.wire.write_closed
    page.sends(frame(CLOSE, closing(1000)))
    page.person.hangs_up()
    assert page.person.gone and not page.person.wire.aborted


def test_a_page_that_is_left_says_so(world: World) -> None:
    """It is answered with its own code, and the others are told."""
    alice = world.join("alice")
    page = Page.joins(world, "bob")
    page.gets()
    alice.sees()
    page.sends(frame(CLOSE, closing(1001)))
    assert closed_with(page) == (1001, b"")
    assert alice.sees() == ["-- bob left"]
    other = Page.joins(world, "carol")
    other.gets()
    other.sends(frame(CLOSE))
    assert other.frames() == [(CLOSE, b"")]


def test_a_kick_is_told_with_its_reason(world: World) -> None:
    page = Page.joins(world, "bob")
    page.gets()
    alice = world.join("alice")
    world.make_operator(alice)
    alice.types("/kick bob spam")
    found = page.frames()
    assert json.loads(found[-2][1])["code"] == "kicked"
    assert found[-1] == (CLOSE, closing(4000, b"kicked"))


def test_at_shutdown_pages_are_told(world: World) -> None:
    """That the server goes away, which is a code of its own."""
    page = Page.joins(world, "bob")
    page.gets()
    world.connections.shut_down()
    world.settle()
    found = page.frames()
    assert json.loads(found[0][1])["code"] == "shutdown"
    assert found[1] == (CLOSE, closing(1001, b"shutdown"))


def test_a_connection_that_is_lost_leaves_nothing(world: World) -> None:
    page = Page.joins(world, "bob")
    page.sends(message({"line": "half"})[:9])
    page.person.hangs_up()
    world.passes(10)
    assert page.person.gone
    assert world.connections.open == set()
    assert world.clock.getDelayedCalls() == []


# -- frames, as Autobahn's cases try them; each is sent whole and byte by byte


def split(sent: bytes, bytewise: bool) -> list[bytes]:
    return [sent[at : at + 1] for at in range(len(sent))] if bytewise else [sent]


LINE = json.dumps({"line": "κόσμε"}, ensure_ascii=False).encode()


@pytest.mark.parametrize("bytewise", [False, True])
@pytest.mark.parametrize(
    "sent",
    [
        frame(TEXT, LINE),
        frame(TEXT, LINE, mask=bytes(4)),
        frame(TEXT, LINE[:5], fin=False) + frame(CONTINUED, LINE[5:]),
        frame(TEXT, b"", fin=False) + frame(CONTINUED, b"", fin=False) + frame(CONTINUED, LINE),
        frame(TEXT, LINE, fin=False) + frame(CONTINUED, b""),
        b"".join(
            frame(TEXT if at == 0 else CONTINUED, LINE[at : at + 1], fin=at == len(LINE) - 1)
            for at in range(len(LINE))
        ),
        frame(TEXT, LINE[:5], fin=False) + frame(PING, b"x") + frame(CONTINUED, LINE[5:]),
        frame(TEXT, LINE[:5], fin=False) + frame(PONG) + frame(PING) + frame(CONTINUED, LINE[5:]),
        frame(PONG, b"unasked") + frame(TEXT, LINE),
        frame(TEXT, LINE + b" " * (LONGEST - len(LINE))),
        frame(TEXT, LINE) + frame(TEXT, b" ", fin=False),
    ],
)
def test_a_message_in_any_pieces_is_a_line(world: World, sent: bytes, bytewise: bool) -> None:
    """Control frames may come in between."""
    page = Page.joins(world, "bob")
    page.gets()
    pings = sent.count(frame(PING)[:1])
    page.sends(*split(sent, bytewise))
    found = page.frames()
    assert [json.loads(payload)["text"] for opcode, payload in found if opcode == TEXT] == ["κόσμε"]
    assert len([opcode for opcode, _ in found if opcode == PONG]) == pings


@pytest.mark.parametrize("bytewise", [False, True])
@pytest.mark.parametrize("payload", [b"", b"hello", b"\xff\xfe", bytes(125)])
def test_a_ping_is_answered_with_what_was_in_it(world: World, payload: bytes, bytewise: bool) -> None:
    """Up to 125 bytes of anything."""
    page = Page.joins(world, "bob")
    page.frames()
    page.sends(*split(frame(PING, payload), bytewise))
    assert page.frames() == [(PONG, payload)]


def reserved(bits: int) -> bytes:
    sent = frame(TEXT, LINE)
    return bytes((sent[0] | bits,)) + sent[1:]


def long_form(opcode: int, size: int, form: int) -> bytes:
    """A length in more bytes than it needs."""
    length = size.to_bytes(2 if form == 126 else 8, "big")
    return bytes((0x80 | opcode, 0x80 | form)) + length + bytes(4) + b" " * size


BROKEN_RULES = {
    "not masked": (frame(TEXT, LINE, mask=None), 1002),
    "first reserved bit": (reserved(0x40), 1002),
    "second reserved bit": (reserved(0x20), 1002),
    "third reserved bit": (reserved(0x10), 1002),
    **{f"opcode {opcode}": (frame(opcode, b"x"), 1002) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "ping of 126 bytes": (frame(PING, bytes(126)), 1002),
    "ping in parts": (frame(PING, b"x", fin=False) + frame(CONTINUED, b"y"), 1002),
    "pong in parts": (frame(PONG, b"x", fin=False), 1002),
    "nothing to continue": (frame(CONTINUED, LINE), 1002),
    "nothing to continue, in parts": (frame(CONTINUED, LINE, fin=False), 1002),
    "another message in between": (frame(TEXT, LINE[:5], fin=False) + frame(TEXT, LINE), 1002),
    "continued after its end": (
        frame(TEXT, LINE[:5], fin=False) + frame(CONTINUED, LINE[5:]) + frame(CONTINUED, b""),
        1002,
    ),
    "length in two bytes of one": (long_form(TEXT, 5, 126), 1002),
    "length in eight bytes of one": (long_form(TEXT, 5, 127), 1002),
    "length in eight bytes of two": (long_form(TEXT, 1_000, 127), 1002),
    "length with the first bit": (b"\x81\xff" + b"\xff" * 8 + bytes(4), 1002),
    "binary": (frame(BINARY, LINE), 1003),
    "binary in parts": (frame(BINARY, b"x", fin=False), 1003),
    "close of one byte": (frame(CLOSE, b"x"), 1002),
    "close of 126 bytes": (frame(CLOSE, closing(1000, b"x" * 124)), 1002),
    "close not in UTF-8": (frame(CLOSE, closing(1000, b"\xce\xba\xed\xa0\x80")), 1007),
    **{
        f"close with {code}": (frame(CLOSE, closing(code)), 1002)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535)
    },
    "not UTF-8": (frame(TEXT, b'{"line": "\xff"}'), 1007),
    "UTF-8 of a surrogate": (frame(TEXT, b"\xed\xa0\x80"), 1007),
    "UTF-8 too long": (frame(TEXT, b"\xc0\x80"), 1007),
    "UTF-8 too high": (frame(TEXT, b"\xf4\x90\x80\x80"), 1007),
    "UTF-8 that breaks off": (frame(TEXT, b"\xce"), 1007),
    "not UTF-8 in a later part": (frame(TEXT, b"x", fin=False) + frame(CONTINUED, b"\xff", fin=False), 1007),
    "UTF-8 that goes on wrong": (frame(TEXT, b"\xce", fin=False) + frame(CONTINUED, b"x", fin=False), 1007),
    "too long": (frame(TEXT, b" " * (LONGEST + 1)), 1009),
    "too long in parts": (
        frame(TEXT, b" " * LONGEST, fin=False) + frame(CONTINUED, b"  ", fin=False),
        1009,
    ),
    "a length of many bytes": (frame(TEXT, b" " * 100_000)[: 2 * LONGEST], 1009),
}


@pytest.mark.parametrize("bytewise", [False, True])
@pytest.mark.parametrize(("sent", "code"), BROKEN_RULES.values(), ids=BROKEN_RULES)
def test_who_breaks_a_rule_is_closed_with_its_code(
    world: World, sent: bytes, code: int, bytewise: bool
) -> None:
    """As soon as it is broken; what comes behind is not read, and the others see that one leave."""
    alice = world.join("alice")
    page = Page.joins(world, "bob")
    page.frames()
    alice.sees()
    page.sends(*split(sent, bytewise), message({"line": "behind it"}))
    found = page.frames()
    assert [opcode for opcode, _ in found][-1] == CLOSE
    assert int.from_bytes(found[-1][1][:2], "big") == code
    assert page.person.wire.write_closed
    seen = [line.partition(" (")[0] for line in alice.sees()]
    assert seen in (["-- bob left"], ["<bob> κόσμε", "-- bob left"])
    world.passes(1)
    assert page.person.gone


@pytest.mark.parametrize(
    "code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
)
def test_a_close_that_is_right_is_answered_with_its_code(world: World, code: int) -> None:
    """Also with a reason of any script."""
    page = Page.joins(world, "bob")
    page.frames()
    page.sends(frame(CLOSE, closing(code, "κόσμε".encode())) + message({"line": "behind it"}))
    assert page.frames() == [(CLOSE, closing(code))]


# -- floods


def test_pings_over_the_rate_get_no_answer() -> None:
    """And a flood of them ends as one of lines does."""
    world = web_world(lines_per_s=5, burst_lines=20)
    page = Page.joins(world, "bob")
    page.frames()
    page.sends(frame(PING) * 1_000)
    assert len(page.frames()) <= 20
    for _ in range(11):
        page.sends(frame(PING) * 100)
        world.passes(1)
    assert closed_with(page) == (4000, b"flood")


def test_endless_empty_pieces_are_a_flood() -> None:
    """Though they hold nothing, and their message never ends."""
    world = web_world()
    page = Page.joins(world, "bob")
    page.frames()
    page.sends(frame(TEXT, b"", fin=False))
    for _ in range(30):
        page.sends(frame(CONTINUED, b"", fin=False) * 2_000)
        world.passes(1)
    assert closed_with(page) == (4000, b"flood")


def test_frames_of_one_page_leave_others_their_turn(world: World) -> None:
    """After so many it rests, whatever is in them."""
    page = Page.joins(world, "bob")
    page.frames()
    inner = page.person.wire.protocol.inner
    inner.dataReceived(frame(PONG) * 200)
    assert inner.paused
    world.settle()
    assert not inner.paused


def test_the_request_of_a_page_of_another_site_opens_nothing(world: World) -> None:
    """It is answered, and may ask for pages after it."""
    visitor = world.connect().sends(upgrade("Origin: http://evil.example") + message({"nick": "bob"}))
    (answer,) = answers(visitor.wire.taken)[:1]
    assert answer.status == 403
    assert world.chat.users == {}
    assert HOST not in answer.body.decode()
