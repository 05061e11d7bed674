"""Slow readers: live and lagging, and the log that they catch up from."""

from __future__ import annotations

import pytest
from twisted.internet.error import ConnectionLost

from tests.world import Person, World


def waiting_bytes(person: Person) -> int:
    """What the daemon holds in memory for somebody."""
    return len(person.wire.buffer) + int(person.wire.protocol.outbox.direct_bytes)


def test_a_stalled_reader_delays_nobody_and_costs_a_chunk_at_most() -> None:
    """1 MB is said while bob reads nothing; then he gets every line, in order, once."""
    world = World(bytes_per_s=10_000_000)
    alice, bob, carol = world.join("alice"), world.join("bob"), world.join("carol")
    bob.sees(), carol.sees()
    bob.stops_reading(after_bytes=10)
    for number in range(900):
        alice.types(f"{number} " + "x" * 1_000)
        assert carol.sees() == [f"<alice> {number} " + "x" * 1_000]
        assert waiting_bytes(bob) <= world.limits.chunk_bytes
    assert bob.session.live is False
    bob.reads_on()
    assert bob.sees() == [f"<alice> {number} " + "x" * 1_000 for number in range(900)]
    assert bob.session.live is True
    alice.types("again")
    assert bob.sees() == ["<alice> again"]


@pytest.mark.parametrize("room_bytes", [0, 1, 11, 12, 13, 24, 35, 36, 37, 47, 48, 1_000])
def test_the_socket_may_break_off_anywhere(world: World, room_bytes: int) -> None:
    """In the middle of a line, between two, in what is not stored: nothing is lost and nothing doubled."""
    alice, bob = world.join("alice"), world.join("bob")
    bob.stops_reading(room_bytes)
    alice.wire.incoming.append(b"one\ntwo\n/nick robin\nthree\n")
    world.settle()
    bob.reads_on()
    seen = bob.sees()
    assert [line for line in seen if not line.startswith("--")] == [
        "<alice> one",
        "<alice> two",
        "<robin> three",
    ]
    # What is state is told as it happened, or by who is here now.
    assert [line for line in seen if line.startswith("--")] in (
        ["-- alice is now robin"],
        ["-- 2 in #lobby: bob (plain) and robin (plain)"],
        ["-- alice is now robin", "-- 2 in #lobby: bob (plain) and robin (plain)"],
    )


@pytest.mark.parametrize("step", [1, 7, 100])
def test_a_slow_reader_gets_everything_a_few_bytes_at_a_time(world: World, step: int) -> None:
    """While others go on talking."""
    alice, bob = world.join("alice"), world.join("bob")
    bob.stops_reading()
    said = 0
    for _ in range(3_000 // step):
        if said < 60:
            said += 1
            alice.types(f"line {said}")
        bob.reads_on(step)
    bob.reads_on()
    assert bob.sees() == [f"<alice> line {n}" for n in range(1, said + 1)]


def test_a_reader_that_fell_off_the_log_is_told_how_much_it_missed() -> None:
    """In one line; then it goes on from the oldest line that is held."""
    world = World(log_events=10)
    alice, bob = world.join("alice"), world.join("bob")
    bob.stops_reading()
    for number in range(1, 101):
        alice.types(f"line {number}")
    bob.reads_on()
    # The first line of the batch that did not fit was waiting in the transport.
    assert bob.sees() == [
        "<alice> line 1",
        "-- You missed 89 lines, which the log of #lobby no longer holds.",
        *(f"<alice> line {number}" for number in range(91, 101)),
    ]


def test_who_came_and_went_meanwhile_is_told_once_at_the_end(world: World) -> None:
    """Joins and leaves are not stored: who has caught up is told who is here now."""
    alice, bob = world.join("alice"), world.join("bob")
    bob.stops_reading()
    alice.types("one")
    world.join("carol")
    world.join("dave").hangs_up()
    alice.types("two")
    bob.reads_on()
    assert bob.sees() == [
        "<alice> one",
        "<alice> two",
        "-- 3 in #lobby: alice (plain), bob (plain) and carol (plain)",
    ]


def test_direct_messages_of_a_lagging_member_are_kept_in_order(world: World) -> None:
    """Up to the limit; they come before what is pulled from the log."""
    alice, bob = world.join("alice"), world.join("bob")
    bob.stops_reading()
    alice.types("one", "two", "/msg bob first", "/msg bob second")
    bob.reads_on()
    assert [line for line in bob.sees() if line != "<alice> one"] == [
        "[alice -> bob] first",
        "[alice -> bob] second",
        "<alice> two",
    ]


@pytest.mark.parametrize(("messages", "gone"), [(3, False), (4, True)])
def test_direct_messages_that_wait_are_limited(messages: int, gone: bool) -> None:
    """At the limit they wait; above it the member is closed, and everybody is told why."""
    size = 65_536 // 3
    world = World(direct_bytes=65_536 // 3 * 3, max_line_bytes=65_536, bytes_per_s=1_000_000)
    alice, bob = world.join("alice"), world.join("bob")
    alice.sees()
    bob.stops_reading()
    alice.types("/msg bob this is given to the transport")
    for _ in range(messages):
        alice.types("/msg bob " + "x" * (size - len("[alice -> bob] \n")))
    told = "-- bob left (reads too slowly)"
    assert (told in alice.sees()) is gone
    world.passes(1)
    assert bob.gone is gone


def test_a_reader_that_takes_nothing_for_a_minute_is_closed(world: World) -> None:
    """Not before; the nick is free and the room is told."""
    alice, bob = world.join("alice"), world.join("bob")
    alice.sees()
    bob.stops_reading()
    alice.types("hi")
    world.passes(59)
    assert alice.sees() == ["<alice> hi"]
    world.passes(6)
    assert alice.sees() == ["-- bob left (reads nothing)"]
    assert bob.gone
    world.join("bob")


def test_a_reader_that_takes_a_little_is_not_closed() -> None:
    """A bad Wi-Fi is not a reason: whenever a chunk drains, the minute begins anew."""
    world = World(chunk_bytes=4_096)
    alice, bob = world.join("alice"), world.join("bob")
    bob.stops_reading()
    for number in range(40):
        alice.types(f"{number} " + "x" * 3_000)
        world.passes(0.1)
    for _ in range(10):
        world.passes(50)
        bob.reads_on(5_000)
    assert not bob.gone
    world.passes(66)
    assert bob.gone


def test_a_member_that_ignores_somebody_can_lag_as_well(world: World) -> None:
    """And gets what it may see, in order, once."""
    alice, bob, carol = world.join("alice"), world.join("bob").types("/ignore alice"), world.join("carol")
    bob.sees()
    bob.stops_reading(5)
    for number in range(3):
        alice.types(f"hidden {number}")
        carol.types(f"shown {number}")
    bob.reads_on()
    assert bob.sees() == [f"<carol> shown {number}" for number in range(3)]
    assert bob.session.live
    alice.types("hidden")
    assert bob.sees() == []


def test_who_is_ignored_while_lagging_is_hidden_from_then_on(world: World) -> None:
    """In what is pulled too; and a broken socket of somebody who ignores stops nobody."""
    alice, bob, carol = world.join("alice"), world.join("bob"), world.join("carol")
    bob.sees()
    bob.stops_reading()
    alice.types("one").types("two")
    bob.types("/ignore alice")
    bob.reads_on()
    assert bob.sees() == ["<alice> one", "-- You ignore alice now."]
    bob.wire.broken = True
    carol.sees()
    carol.types("hi")
    assert carol.sees() == ["<carol> hi"]


def test_a_newcomer_misses_nothing_that_was_said_before_it_came() -> None:
    """What the log no longer holds of the last 20 lines is not told as missed."""
    world = World(log_events=5)
    world.join("alice").types(*(f"line {n}" for n in range(10)))
    assert world.connect().types("bob").sees()[3:5] == ["14:03 <alice> line 5", "14:03 <alice> line 6"]


def test_a_newcomer_that_reads_slowly_from_the_start(world: World) -> None:
    """Not even its welcome was taken."""
    alice = world.join("alice").types("one")
    bob = world.connect()
    world.ask()
    bob.stops_reading()
    bob.types("bob")
    alice.types("two")
    bob.reads_on()
    assert bob.sees()[4:] == [
        "-- You are bob in #lobby. /help lists the commands.",
        "14:03 <alice> one",
        "<alice> two",
        "-- 2 in #lobby: alice (plain) and bob (plain)",
    ]


def test_moving_while_lagging_says_what_was_not_sent(world: World) -> None:
    """Nothing is lost without a word."""
    alice, bob = world.join("alice"), world.join("bob")
    bob.stops_reading()
    alice.types("one").types("two").types("three")
    bob.types("/join #dev")
    alice.types("four")
    bob.reads_on()
    assert bob.sees() == [
        "<alice> one",
        "-- 2 lines of #lobby had not been sent to you yet.",
        "-- You are bob in #dev. /help lists the commands.",
        "-- 1 in #dev: bob (plain)",
    ]


def test_a_broken_socket_does_not_stop_the_others(world: World) -> None:
    """One bad member never stops the loop."""
    alice, bob, carol = world.join("alice"), world.join("bob"), world.join("carol")
    carol.sees()
    bob.wire.broken = True
    alice.types("hi", "/msg bob hi")
    assert carol.sees() == ["<alice> hi"]


def test_who_asks_much_and_reads_nothing_is_asked_nothing_more(world: World) -> None:
    """Its own questions never close it: they wait, unread, until it reads the answers."""
    alice, bob = world.join("alice"), world.join("bob")
    for number in range(30):
        alice.types(f"{number} " + "x" * 2_000)
    bob.sees()
    bob.stops_reading()
    for _ in range(30):
        bob.types("/history 100")
    assert not bob.gone
    assert waiting_bytes(bob) < 4 * world.limits.chunk_bytes
    bob.reads_on()
    assert len(bob.sees()) == 30 * 30


def test_a_long_past_is_given_in_chunks_with_turns_between(world: World) -> None:
    """Who comes back after a week does not hold up the others: it is sent a chunk at a time."""
    alice = world.join("alice")
    for number in range(200):
        alice.types(f"{number} " + "x" * 2_000)
        world.passes(0.1)
    bob = world.connect()
    bob.wire.incoming.append(b'{"nick": "bob", "after": 0}\n')
    world.settle()
    assert len(bob.wire.sends) >= len(bob.wire.taken) / world.limits.chunk_bytes
    assert max(bob.wire.sends) <= world.limits.chunk_bytes
    assert [got["id"] for got in bob.gets() if got["type"] == "said"] == list(range(1, 201))


def test_answers_that_wait_again_keep_a_member_lagging() -> None:
    """Once, a member was live while the answers to what it had typed before were still waiting.

    The next line then went past them, into the middle of one.
    """
    world = World(lines_per_s=1_000, bytes_per_s=10_000_000)
    alice, bob = world.join("alice"), world.join("bob")
    for number in range(30):
        bob.types(f"{number} " + "x" * 2_000)
    alice.sees()
    alice.stops_reading()
    for _ in range(60):
        alice.types("/history 100")
    for number in range(40):
        alice.reads_on(30_000)
        bob.types(f"live {number}")
        assert not (alice.session.live and alice.session.outbox.waiting)
    alice.reads_on()
    seen = alice.sees()
    assert [line for line in seen if line.startswith("<bob>")] == [
        f"<bob> live {number}" for number in range(40)
    ]
    assert len(seen) >= 60 * 30


@pytest.mark.parametrize("room_bytes", [0, 5, 60])
def test_who_goes_to_another_room_without_reading_is_no_ghost(world: World, room_bytes: int) -> None:
    """Once, a welcome that was not taken whole left the nick taken for ever."""
    alice, bob = world.join("alice"), world.join("bob")
    bob.stops_reading(room_bytes)
    alice.types("one")
    bob.types("/join #a", "/join #b")
    assert world.chat.room_of(bob.session).name == "#b"
    bob.vanishes()
    assert list(world.chat.users) == ["alice"]
    world.join("bob")


def test_who_is_closed_by_its_own_welcome_is_no_ghost() -> None:
    """Messages were waiting already, and the welcome was one too many."""
    world = World(direct_bytes=1_000)
    alice, bob = world.join("alice"), world.join("bob")
    bob.stops_reading()
    alice.types("/msg bob one", "/msg bob " + "x" * 950)
    bob.types("/join #a")
    world.passes(1)
    assert bob.gone
    assert list(world.chat.users) == ["alice"]
    assert list(world.chat.rooms) == ["#lobby"]


def test_who_quits_without_reading_is_gone_after_five_seconds(world: World) -> None:
    """Once, its timer stopped half-way and the nick was never free."""
    alice, bob = world.join("alice"), world.join("bob")
    alice.sees()
    bob.stops_reading()
    alice.types("one", "two")
    bob.types("/quit")
    world.passes(4.9)
    assert not bob.gone
    assert "-- bob left" not in alice.sees()
    world.passes(10.2)
    assert bob.gone
    assert alice.sees() == ["-- bob left"]
    assert world.clock.getDelayedCalls() == []


def test_who_quits_and_reads_slowly_is_given_everything(world: World) -> None:
    """Up to the goodbye."""
    alice, bob = world.join("alice"), world.join("bob")
    bob.stops_reading()
    alice.types("one").types("two").types("three")
    bob.types("/quit")
    world.passes(3)
    bob.reads_on()
    assert bob.sees() == ["<alice> one", "<alice> two", "<alice> three", "-- Goodbye."]


def test_a_newcomer_is_told_what_it_missed_after_it_came() -> None:
    """Once, nothing was told if the first chunk came too late for the log."""
    world = World(log_events=5)
    alice = world.join("alice").types("before")
    bob = world.connect()
    bob.stops_reading(10)
    bob.asks({"nick": "bob"})
    for number in range(20):
        alice.types(f"line {number}")
    bob.reads_on()
    got = bob.gets()
    assert [g["count"] for g in got if g["type"] == "missed"] == [15]
    assert [g["id"] for g in got if g["type"] == "said"] == list(range(17, 22))


def test_history_does_not_overtake_what_is_still_to_come() -> None:
    """Ids come in order, for a program that keeps the highest."""
    world = World(chunk_bytes=4_096)
    alice, bob = world.join("alice"), world.join_json("bob")
    bob.stops_reading()
    for number in range(5):
        alice.types(f"{number} " + "x" * 3_000)
    bob.asks({"line": "/history 3"})
    bob.reads_on()
    said = [(got["id"], "past" in got) for got in bob.gets() if got["type"] == "said"]
    assert [number for number, past in said if not past] == [1, 2, 3, 4, 5]
    so_far = 0
    for number, past in said:
        assert not past or number <= so_far
        so_far = max(so_far, number)


def test_who_goes_while_it_waits_for_its_turn_is_passed_over() -> None:
    """The next one does not wait for somebody who is gone."""
    world = World(chunk_bytes=4_096)
    alice, bob, gone, carol = (world.join(nick) for nick in ("alice", "bob", "gone", "carol"))
    for one in (bob, gone, carol):
        one.sees()
        one.stops_reading()
    texts = [f"{number} " + "x" * 500 for number in range(40)]
    alice.types(*texts)
    for one in (bob, gone, carol):
        one.wire.room_bytes = None
        one.wire.turn()  # drained: bob pulls now, the others ask to
    gone.wire.lose(ConnectionLost())
    world.settle()
    for one in (bob, carol):
        assert one.sees()[:40] == [f"<alice> {text}" for text in texts]
