"""Connections that ask for pages: slow, large, many and half requests, in memory."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from twisted.internet.address import IPv4Address

from lanchatd.doors.web.connection import HEAD_BYTES, HEAD_S, IDLE_S, MOST_REQUESTS, TAKEN_S
from lanchatd.doors.web.messages import Answer, Request, Upgrade
from lanchatd.doors.web.site import Site
from lanchatd.doors.web.waiting import MOST_ASKING
from lanchatd.net.newcomers import ACCEPTS_A_TURN
from lanchatd.net.turn_time import TURN_S
from tests.web import INDEX, LARGE, answers, request, upgrade, web_world
from tests.world import Person, World

CLOSE = "Connection: close"


def statuses(visitor: Person) -> list[int]:
    return [answer.status for answer in answers(visitor.wire.taken)]


@pytest.fixture
def world() -> World:
    """A daemon in memory, with a page."""
    return web_world()


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_requests_are_answered_one_after_the_other(world: World, step: int) -> None:
    """On one connection, however they come in pieces."""
    sent = request() + request("/app.js") + request("/x") + request("/", 'If-None-Match: "1"')
    visitor = world.connect()
    visitor.sends(*(sent[at : at + step] for at in range(0, len(sent), step)))
    found = answers(visitor.wire.taken)
    assert [answer.status for answer in found] == [200, 200, 404, 304]
    assert [answer.body for answer in found[:2]] == [INDEX.content, LARGE.content]
    assert not visitor.wire.write_closed


def test_every_answer_says_what_a_page_may_do(world: World) -> None:
    """So that nothing from elsewhere runs in it, whatever anybody writes."""
    visitor = world.connect().sends(request(), request("/x"), b"GET /\r\n\r\n")
    for answer in answers(visitor.wire.taken):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none';") and "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["date"] == "Sun, 22 Nov 2026 14:03:11 GMT"
        assert not {"set-cookie", "access-control-allow-origin", "cross-origin-opener-policy"} & set(
            answer.headers
        )


def test_head_gets_no_body(world: World) -> None:
    """Only what would come with it."""
    visitor = world.connect().sends(request("/app.js", method="HEAD"))
    (answer,) = answers(visitor.wire.taken, to_head=True)
    assert (answer.status, answer.headers["content-length"]) == (200, "50000")


@pytest.mark.parametrize(
    "malformed",
    [
        b"GET /\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: 192.0.2.9\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 192.0.2.9\r\nHost: 192.0.2.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : 192.0.2.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 192.0.2.9\r\nX: \0\r\n\r\n",
        b"GET \xff HTTP/1.1\r\nHost: 192.0.2.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 192.0.2.9\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 192.0.2.9\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 192.0.2.9\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET \r\n",
        b"GET \x16\x03\x01\r\n\r\n",
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(world: World, malformed: bytes) -> None:
    """And nothing that comes behind it is read any more."""
    visitor = world.connect().sends(malformed + request())
    assert statuses(visitor) == [400]
    assert visitor.wire.write_closed
    visitor.sends(request())
    assert statuses(visitor) == [400]
    world.passes(1)
    assert visitor.gone


@pytest.mark.parametrize(
    "smuggled",
    [
        request("/", "Content-Length: 60", method="POST"),
        request("/", "Transfer-Encoding: chunked"),
        request("/", "Transfer-Encoding: chunked", "Content-Length: 4"),
        request("/", "Content-Length: 5", "Expect: 100-continue"),
    ],
)
def test_a_request_inside_of_another_is_not_answered(world: World, smuggled: bytes) -> None:
    """No body is read, so that nobody can hide one in it."""
    visitor = world.connect().sends(smuggled + b"0\r\n\r\n" + request("/app.js"))
    assert statuses(visitor) == [413]
    assert visitor.wire.write_closed


def test_a_head_has_a_largest_size(world: World) -> None:
    """Whether it comes at once or in pieces; and one of that size is read."""
    base = len(request("/", "X: "))
    fits = request("/", "X: " + "x" * (HEAD_BYTES - base))
    assert len(fits) == HEAD_BYTES
    assert statuses(world.connect().sends(fits)) == [200]
    over = request("/", "X: " + "x" * (HEAD_BYTES - base + 1))
    assert statuses(world.connect().sends(over)) == [431]
    visitor = world.connect().sends(*(over[at : at + 1_000] for at in range(0, len(over), 1_000)))
    assert statuses(visitor) == [431]
    endless = world.connect().sends(b"GET /" + b"x" * 60_000)
    assert statuses(endless) == [431]
    assert endless.wire.write_closed


def test_a_head_that_does_not_come_whole_is_waited_for_so_long(world: World) -> None:
    """A byte now and then does not help."""
    visitor = world.connect().sends(request()[:-2])
    for _ in range(HEAD_S * 2 - 1):
        world.passes(0.5)
        visitor.sends(b"X: x\r\n")
    assert statuses(visitor) == []
    world.passes(0.5)
    assert statuses(visitor) == [408]
    world.passes(1)
    assert visitor.gone


def test_a_connection_that_asks_nothing_more_is_closed(world: World) -> None:
    """Without a word, as there is nothing to answer; and each request begins the time anew."""
    visitor = world.connect()
    for _ in range(3):
        visitor.sends(request())
        world.passes(IDLE_S - 1)
    assert not visitor.wire.write_closed
    world.passes(1)
    assert statuses(visitor) == [200, 200, 200]
    assert visitor.wire.write_closed
    world.passes(1)
    assert visitor.gone


def test_a_second_head_has_its_own_time(world: World) -> None:
    visitor = world.connect().sends(request())
    world.passes(IDLE_S - 1)
    visitor.sends(request()[:10])
    world.passes(HEAD_S - 1)
    visitor.sends(request()[10:])
    assert statuses(visitor) == [200, 200]


def test_a_connection_has_so_many_requests(world: World) -> None:
    """The last answer says that it is."""
    visitor = world.connect().sends(request() * (MOST_REQUESTS + 1))
    found = answers(visitor.wire.taken)
    assert len(found) == MOST_REQUESTS
    assert found[-1].headers["connection"] == "close" and "connection" not in found[-2].headers
    assert visitor.wire.write_closed


def test_who_wants_it_closed_gets_that(world: World) -> None:
    """And old clients, which always do."""
    old = request().replace(b"HTTP/1.1", b"HTTP/1.0")
    for sent in (request("/", CLOSE), old):
        visitor = world.connect().sends(sent)
        assert statuses(visitor) == [200]
        assert visitor.wire.write_closed


def test_who_closes_its_side_behind_a_request_gets_the_answer(world: World) -> None:
    """`printf 'GET …' | nc -N`; half a request gets none."""
    visitor = world.connect().sends(request())
    visitor.hangs_up()
    assert statuses(visitor) == [200]
    world.passes(0)
    assert visitor.gone
    half = world.connect().sends(request()[:-2])
    half.hangs_up()
    world.passes(0)
    assert statuses(half) == []
    assert half.gone


def test_an_answer_that_is_not_taken_holds_up_only_its_own_connection(world: World) -> None:
    """What was asked behind it is answered when it was."""
    slow, other = world.connect(), world.connect()
    slow.stops_reading(after_bytes=100)
    slow.sends(request("/app.js") * 3)
    assert not slow.wire.reading
    assert len(slow.wire.taken + slow.wire.buffer) < 51_000
    assert statuses(other.sends(request())) == [200]
    slow.reads_on()
    assert statuses(slow) == [200, 200, 200]
    assert slow.wire.reading


def test_an_answer_that_is_never_taken_closes(world: World) -> None:
    visitor = world.connect()
    visitor.stops_reading(after_bytes=100)
    visitor.sends(request("/app.js"))
    world.passes(TAKEN_S - 1)
    assert not visitor.gone
    world.passes(1)
    assert visitor.gone and visitor.wire.aborted


def test_who_hangs_up_while_an_answer_waits_gets_it_whole(world: World) -> None:
    visitor = world.connect()
    visitor.stops_reading(after_bytes=100)
    visitor.sends(request("/app.js"))
    visitor.hangs_up()
    visitor.reads_on()
    assert answers(visitor.wire.taken)[0].body == LARGE.content
    world.passes(0)
    assert visitor.gone


def test_pages_take_no_places_of_who_has_no_nick_yet() -> None:
    """A browser has two or three connections; somebody at `nc` comes in all the same."""
    world = web_world(max_unnamed=ACCEPTS_A_TURN + 6)
    visitors = [world.connect().sends(request()) for _ in range(200)]
    assert world.connect("192.0.2.2").types("alice").sees()[-1].startswith("-- 1 in #lobby")
    assert not any(visitor.wire.write_closed for visitor in visitors)


def test_when_too_many_ask_who_asked_nothing_for_longest_is_closed(world: World) -> None:
    """It may come again; a page that is open does not notice."""
    visitors = [world.connect().sends(request()) for _ in range(MOST_ASKING)]
    visitors[0].sends(request())
    late = world.connect().sends(request())
    assert statuses(late) == [200]
    assert [visitor.wire.write_closed for visitor in visitors[:3]] == [False, True, False]


def test_when_many_come_at_once_nobody_is_closed_who_only_waits_for_us(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All of a school open the page at one moment."""
    world, answer = web_world(max_unnamed=1_000), Site.answer

    def slow(site: Site, asked: Request) -> Answer | Upgrade:
        world.clock.rightNow += TURN_S
        return answer(site, asked)

    monkeypatch.setattr(Site, "answer", slow)
    visitors = [world.connect() for _ in range(MOST_ASKING + 50)]
    for visitor in visitors:
        visitor.wire.protocol.dataReceived(upgrade())
    world.settle()
    assert [visitor.wire.taken[:12] for visitor in visitors] == [b"HTTP/1.1 101"] * len(visitors)


def test_pages_are_bounded_by_address_like_all_else() -> None:
    world = web_world(max_per_address=2)
    for _ in range(2):
        world.connect().sends(request())
    assert world.connect().types("bob").sees() == [
        "!! The limit of 2 connections from one address is reached."
    ]


def test_at_shutdown_pages_are_closed(world: World) -> None:
    """At once: there is nothing to say."""
    idle, half = world.connect().sends(request()), world.connect().sends(b"GET /")
    done: list[None] = []
    world.connections.shut_down().addCallback(done.append)
    world.settle()
    assert idle.wire.write_closed and half.wire.write_closed
    world.passes(1)
    assert done == [None]


@pytest.mark.parametrize("begin", [b"", b"G", b"GET ", request()[:-2], request(), upgrade()])
@pytest.mark.parametrize("end", [Person.vanishes, Person.hangs_up])
def test_nothing_stays_of_a_connection_that_is_lost(
    world: World, begin: bytes, end: Callable[[Person], None]
) -> None:
    """Wherever it was."""
    visitor = world.connect().sends(*([begin] if begin else []))
    end(visitor)
    world.passes(1)
    assert visitor.gone
    assert world.connections.open == set()
    assert world.clock.getDelayedCalls() == []


def test_requests_have_their_share_of_a_turn(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred at once leave the others theirs; and all are answered, also when nobody asks any more."""
    answer = Site.answer

    def slow(site: Site, asked: Request) -> Answer | Upgrade:
        world.clock.rightNow += TURN_S
        return answer(site, asked)

    monkeypatch.setattr(Site, "answer", slow)
    visitor = world.connect()
    visitor.wire.protocol.dataReceived(request() * 5)
    assert statuses(visitor) == [200]
    visitor.wire.protocol.readConnectionLost()
    world.settle()
    assert statuses(visitor) == [200] * 5
    assert visitor.gone
    lost = world.connect()
    lost.wire.protocol.dataReceived(request() * 5)
    lost.vanishes()
    late = world.connect()
    late.wire.protocol.dataReceived(request("/x", CLOSE) + request())
    late.wire.protocol.readConnectionLost()
    world.passes(1)
    assert statuses(late) == [404]
    assert world.connections.open == set()
    assert world.clock.getDelayedCalls() == []


def test_any_request_in_any_pieces_gets_the_same_answer(world: World) -> None:
    sent = request("/app.js", "X: y")
    found = [
        world.connect().sends(*(sent[a:b] for a, b in pairwise((0, at, len(sent))) if a < b)).wire.taken
        for at in range(0, len(sent), 5)
    ]
    assert set(found) == {found[0]}


def test_who_is_greeted_on_this_machine_is_told_the_address_for_others(world: World) -> None:
    """It is to be passed on."""
    world.connections.join.listens(IPv4Address("TCP", "192.0.2.7", 8000), False)
    seen = world.connect().types("alice").sees()
    assert "-- In a browser: http://192.0.2.7:8000/" in seen


def test_plain_requests_are_sent_to_https_where_that_has_to_be(world: World) -> None:
    """From other machines; on this one nobody is in between."""
    world.connections.require_tls = True
    (answer,) = answers(world.connect().sends(request("/?room=%23dev")).wire.taken)
    assert (answer.status, answer.headers["location"]) == (307, "https://192.0.2.9:8000/?room=%23dev")
    assert statuses(world.connect("127.0.0.1").sends(request())) == [200]
