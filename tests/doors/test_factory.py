"""How many may come, and how the daemon says goodbye to all of them."""

from __future__ import annotations

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.logger import LogEvent, formatEvent, globalLogPublisher

from lanchatd.chat import moderating
from lanchatd.doors.factory import TOLD_AT_ONCE
from lanchatd.net.peer_of import peer_of
from tests.world import World


def test_connections_are_limited() -> None:
    """The last one that fits comes in; the next is told, and there is room again when somebody goes."""
    world = World(max_connections=3)
    people = [world.join(nick) for nick in ("alice", "bob", "carol")]
    dave = world.connect()
    world.ask()
    assert dave.sees() == ["!! The limit of 3 connections is reached."]
    world.passes(1)
    assert dave.gone
    people[0].hangs_up()
    world.join("dave")
    assert sorted(world.chat.users) == ["bob", "carol", "dave"]


def test_connections_from_one_address_are_limited() -> None:
    """Others still come in, and there is room again when somebody goes."""
    world = World(max_per_address=2)
    alice = world.join("alice", "192.0.2.1")
    world.join("bob", "192.0.2.1")
    assert world.connect("192.0.2.1").types("dave").sees() == [
        "!! The limit of 2 connections from one address is reached."
    ]
    world.join("carol", "192.0.2.2")
    alice.vanishes()
    world.join("dave", "192.0.2.1")
    assert sorted(world.chat.users) == ["bob", "carol", "dave"]


def test_those_turned_away_are_limited_too() -> None:
    """A flood of them holds no descriptors, and is a line a second in the daemon's log."""
    world = World(max_connections=1)
    world.join("alice")
    logged: list[str] = []

    def observe(event: LogEvent) -> None:
        logged.append(formatEvent(event))

    globalLogPublisher.addObserver(observe)  # type: ignore[arg-type]
    for _ in range(TOLD_AT_ONCE):
        assert world.connect().types("bob").sees() != []
    for _ in range(5):
        assert world.factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 5000)) is None
    world.passes(1)
    assert world.connect().types("bob").sees() == ["!! The limit of 1 connections is reached."]
    world.passes(10)
    globalLogPublisher.removeObserver(observe)  # type: ignore[arg-type]
    assert [line.split(" ", 1)[1] for line in logged] == [
        "was turned away: full",
        "more were turned away: full 68; 5 of them without a word",
        "more were turned away: full 1; 0 of them without a word",
    ]


@pytest.mark.parametrize(("rooms", "refused"), [(2, False), (3, True)])
def test_rooms_are_limited(rooms: int, refused: bool) -> None:
    """At the limit a room can be made once another has gone."""
    world = World(max_rooms=3)  # one is the lobby
    for number in range(1, rooms + 1):
        last = world.join(f"p{number}").types(f"/join #r{number}")
    assert (last.sees()[0] == "!! There are 3 rooms with somebody in them, which is the limit.") is refused
    if refused:
        assert last.types("hello").sees() == [f"<p{rooms}> hello"]  # still where it was
        assert world.join_json("ci", room="#r9").gets()[0]["code"] == "too_many_rooms"
        moderating.kick(world.chat.user_named("p1"), "op", "")
        assert last.types("/join #r9").sees()[-1] == "-- 1 in #r9: p3 (plain)"


def test_shutdown_tells_everybody_and_closes(world: World) -> None:
    """Whatever state they are in."""
    alice, bob, asked, silent = (
        world.join("alice"),
        world.join_json("bob"),
        world.connect().types("-"),
        world.connect(),
    )
    visitor = world.connect().sends(b"GET / HTTP/1.1\r\n\r\n")
    alice.sees(), bob.gets(), asked.sees(), visitor.sees()
    alice.wire.incoming.append(b"one last thing\n")
    alice.wire.turn()
    done: list[None] = []
    world.connections.shut_down().addCallback(done.append)
    world.settle()
    assert alice.sees() == ["<alice> one last thing", "-- The server is shutting down."]
    assert bob.gets()[-1] == {"type": "notice", "text": "The server is shutting down.", "code": "shutdown"}
    assert asked.sees() == silent.sees()[-1:] == ["-- The server is shutting down."]
    assert not done
    for person in (alice, bob, asked, silent):
        person.hangs_up()
    world.passes(1)
    assert done == [None]
    assert world.clock.getDelayedCalls() == []


def test_shutdown_aborts_who_reads_nothing(world: World) -> None:
    """After five seconds, not before."""
    alice = world.join("alice")
    alice.stops_reading()
    done: list[None] = []
    world.connections.shut_down().addCallback(done.append)
    world.passes(4.9)
    assert not done
    world.passes(0.2)
    assert done == [None]
    assert alice.gone


def test_shutdown_waits_for_every_room_to_be_told(world: World) -> None:
    """A line that was read is seen by everybody, in each room."""
    alice, bob = world.join("alice"), world.join("bob", room="#dev")
    alice.sees()
    for person in (alice, bob):
        person.wire.incoming.append(b"one last thing\n")
        person.wire.turn()
    world.connections.shut_down()
    world.passes(1)
    assert alice.sees() == ["<alice> one last thing", "-- The server is shutting down."]
    assert bob.sees() == ["<bob> one last thing", "-- The server is shutting down."]


def test_shutdown_of_an_empty_server(world: World) -> None:
    """Is immediate."""
    done: list[None] = []
    world.connections.shut_down().addCallback(done.append)
    assert done == [None]


@pytest.mark.parametrize(
    ("address", "shown", "ip"),
    [
        (IPv4Address("TCP", "192.0.2.1", 5), "192.0.2.1:5", "192.0.2.1"),
        (IPv6Address("TCP", "2001:db8::1", 5), "[2001:db8::1]:5", "2001:db8::1"),
        (IPv6Address("TCP", "::ffff:192.0.2.1", 5), "192.0.2.1:5", "192.0.2.1"),
        (IPv6Address("TCP", "fe80::1%eth0", 5), "[fe80::1%eth0]:5", "fe80::1%eth0"),
        (UNIXAddress(None), "unix", None),
    ],
)
def test_peers_are_named_in_one_way(address: IPv4Address, shown: str, ip: str | None) -> None:
    """An IPv4 peer is the same whether the socket takes IPv6 too or not."""
    peer = peer_of(address)
    assert (peer.shown, peer.address) == (shown, ip)


def test_the_log_has_a_line_for_each_connection_and_one_for_its_end(world: World) -> None:
    """With fields, the reason and the counts; and never what people said."""
    events: list[LogEvent] = []

    def observe(event: LogEvent) -> None:
        if event["log_namespace"].startswith("lanchatd"):
            events.append(event)

    globalLogPublisher.addObserver(observe)  # type: ignore[arg-type]
    try:
        alice = world.join("alice", room="#dev")
        typed = ("the secret word", "/topic secret", "/msg alice secret", "/nope secret", "/quit secret")
        alice.types(*typed)
        alice.hangs_up()
        world.connect().sends(b"GET /secret HTTP/1.1\r\n\r\n").hangs_up()
        world.connect().vanishes()
    finally:
        globalLogPublisher.removeObserver(observe)  # type: ignore[arg-type]
    began, ended, _, web_ended, _, scan_ended = events
    assert "secret" not in repr(events)
    assert began["peer"] == ended["peer"] == "192.0.2.1:5000"
    counts = {
        name: ended[name] for name in ("reason", "nick", "room", "door", "lines", "said", "refused", "bytes")
    }
    assert counts == {
        "reason": "quit", "nick": "alice", "room": "#dev", "door": "text",
        "lines": 7, "said": 2, "refused": 1, "bytes": sum(map(len, ("alice", "/join #dev", *typed))) + 7,
    }  # fmt: skip
    assert (web_ended["reason"], scan_ended["reason"]) == ("http", "lost")
