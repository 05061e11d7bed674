"""One port, whatever is pointed at it."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from lanchatd.doors.all_doors import all_doors
from lanchatd.doors.first_bytes import PATIENCE_S
from lanchatd.doors.irc.returning import Returning
from tests.world import ASKED, World

NOT_HTTP = "This is a chat server (lanchatd), not a web server. Join it with: nc HOST 8000"
ANSWER = [
    "HTTP/1.1 404 Not Found",
    "Content-Type: text/plain; charset=utf-8",
    f"Content-Length: {len(NOT_HTTP) + 1}",
    "Connection: close",
    "",
    NOT_HTTP,
]


@pytest.mark.parametrize(
    ("begin", "door"),
    [
        (b"{", "json"),
        (b"\x16", "tls"),
        (b"GET ", "http"),
        (b"GET / HTTP/1.1\r\n", "http"),
        (b"POST /x", "http"),
        (b"PRI * HTTP/2.0", "http"),
        (b"G", None),
        (b"GET", None),
        (b"P", None),
        (b"GET\n", "text"),
        (b"Gert\n", "text"),
        (b"alice", "text"),
        (b"\n", "text"),
        (b"\xff", "text"),
        (b" {", "text"),
        (b"", None),
        (b"\xef\xbb", None),
        (b"\xef\xbc", "text"),
    ],
)
def test_the_first_bytes_say_who_it_is_for(begin: bytes, door: str | None) -> None:
    """Or that more of them are needed."""
    found = all_doors(None, Returning(Clock().seconds)).door_for(begin)
    assert (None if found is None else found.name) == door


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("step", [1, 1_000])
@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: chat:8000\r\n\r\n",
        b"POST /api HTTP/1.1\r\nContent-Length: 5\r\n\r\n{nick",
    ],
)
def test_http_gets_an_answer_and_is_closed(
    world: World, request_bytes: bytes, step: int, asked: bool
) -> None:
    """It says what this port is; nobody in the chat notices."""
    alice = world.join("alice")
    visitor = world.connect()
    if asked:
        world.ask()
        assert visitor.sees() == [ASKED, ""]
    visitor.sends(*(request_bytes[at : at + step] for at in range(0, len(request_bytes), step)))
    assert visitor.sees() == ANSWER
    assert visitor.wire.write_closed
    world.passes(1)
    assert visitor.gone
    assert alice.sees() == []
    assert world.connections.open == {alice.wire.protocol}


def test_head_gets_the_head_alone(world: World) -> None:
    """Of the same answer (RFC 9110, 9.3.2)."""
    assert world.connect().sends(b"HEAD / HTTP/1.1\r\n\r\n").sees() == ANSWER[:-1]


def test_a_request_in_pieces_is_not_asked_for_a_nick(world: World) -> None:
    """Whatever it turns out to be."""
    visitor = world.connect().sends(b"GE")
    world.ask()
    assert visitor.sees() == []
    assert visitor.sends(b"T / HTTP/1.1\r\n\r\n").sees() == ANSWER


def test_a_nick_that_begins_like_http_comes_in(world: World) -> None:
    """Greta types slowly."""
    greta = world.connect().sends(b"G", b"E", b"T")
    world.ask()
    assert "-- 1 in #lobby: GETa (plain)" in greta.sends(b"a\n").sees()


def test_a_connection_that_is_closed_without_a_word(world: World) -> None:
    """A port scan, before and after it was asked for a nick."""
    first, second, third = world.connect(), world.connect(), world.connect()
    first.hangs_up()
    second.vanishes()
    world.ask()
    third.hangs_up()
    world.passes(1)
    assert first.gone and second.gone and third.gone
    assert world.connections.open == set()
    assert world.clock.getDelayedCalls() == []


def test_a_visitor_that_reads_nothing_is_closed_too(world: World) -> None:
    """By force, as its last line would wait for ever."""
    visitor = world.connect()
    visitor.stops_reading()
    visitor.sends(b"GET / HTTP/1.1\r\n\r\n")
    world.passes(0.6)
    assert visitor.gone and visitor.wire.aborted


def test_a_visitor_that_reads_late_gets_its_line(world: World) -> None:
    """And closes."""
    visitor = world.connect()
    visitor.stops_reading()
    visitor.sends(b"GET / HTTP/1.1\r\n\r\n")
    visitor.reads_on()
    assert visitor.sees() == ANSWER
    visitor.hangs_up()
    assert visitor.gone and not visitor.wire.aborted


def test_who_reads_nothing_from_the_start_is_closed_for_giving_no_nick(world: World) -> None:
    """Even the question for it was not taken."""
    visitor = world.connect()
    visitor.stops_reading()
    world.passes(70)
    assert visitor.gone
    assert world.clock.getDelayedCalls() == []


def test_what_has_arrived_is_read_before_anybody_is_asked(world: World) -> None:
    """When the daemon was busy for long, a program shall not read what is for people, nor TLS plain text."""
    program = world.connect()
    hello = b'{"nick": "ci"}\n'
    world.clock.callLater(PATIENCE_S, lambda: program.wire.protocol.dataReceived(hello))
    world.ask()
    assert program.gets()[0]["type"] == "welcome"


@pytest.mark.parametrize("step", [1, 100])
def test_a_byte_order_mark_is_no_part_of_the_first_line(world: World, step: int) -> None:
    """Some editors put one at the start of a file, and files are piped in: of text, of JSON, of HTTP."""
    mark = b"\xef\xbb\xbf"

    def pipes(content: bytes) -> list[str]:
        sent = mark + content
        return world.connect().sends(*(sent[at : at + step] for at in range(0, len(sent), step))).sees()

    assert "-- You are alice in #lobby. /help lists the commands." in pipes(b"alice\n")
    assert pipes(b'{"nick": "ci"}\n')[0].startswith('{"type": "welcome"')
    assert pipes(b"GET / HTTP/1.1\r\n\r\n") == ANSWER
