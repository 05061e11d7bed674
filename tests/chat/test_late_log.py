"""A log that answers later, as one on disk will: nobody sees a line before it is in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from lanchatd.chat import moderating
from lanchatd.chat.answers import Answer
from lanchatd.chat.cursors import lag, make_live
from lanchatd.chat.events import Event, Kind
from lanchatd.chat.posted import Posted
from lanchatd.chat.presence_turns import SMALL_ROOM
from lanchatd.chat.turn import MOST_HELD_S
from lanchatd.history.memory import MemoryLog
from lanchatd.limits import Limits
from lanchatd.text.refused import Refused
from tests.world import World


class LateLog(MemoryLog):
    """Answers when the test lets it; can refuse."""

    def __init__(self) -> None:
        super().__init__("late", Limits())
        self.late = True
        self.refusal: Refused | None = None
        self._answers: list[Callable[[], None]] = []

    def append(self, batch: Sequence[Posted]) -> None:
        self._later(lambda: self._append(batch))

    def _append(self, batch: Sequence[Posted]) -> None:
        if self.refusal is not None:
            self._listener.arrived(batch, self.refusal)
        else:
            super().append(batch)

    def read(self, after: int, until: int, limit_bytes: int) -> Answer[Sequence[Event]]:
        answer: Answer[Sequence[Event]] = Answer()
        self._later(lambda: self._read(after, until, limit_bytes, answer))
        return answer

    def _read(self, after: int, until: int, limit_bytes: int, answer: Answer[Sequence[Event]]) -> None:
        if self.refusal is not None:
            answer.fail(self.refusal)
        else:
            super().read(after, until, limit_bytes).hand_on(answer)

    def _later(self, call: Callable[[], None]) -> None:
        if self.late:
            self._answers.append(call)
        else:
            call()

    @property
    def due(self) -> int:
        """How many answers are due."""
        return len(self._answers)

    def answers(self) -> int:
        """Give the answers that are due; how many were."""
        due, self._answers = self._answers, []
        for call in due:
            call()
        return len(due)


class LateWorld(World):
    """A world whose logs are late."""

    def __init__(self, **limits: float) -> None:
        self.late_logs: dict[str, LateLog] = {}
        super().__init__(lambda room: self.late_logs.setdefault(room, LateLog()), (), None, **limits)
        self.log = self.late_logs["#lobby"]

    def log_answers(self) -> None:
        while sum(log.answers() for log in self.late_logs.values()):
            self.settle()


def test_nobody_sees_a_line_before_it_is_in_the_log() -> None:
    """The sender neither; the next batch gathers meanwhile, and keeps its order."""
    world = LateWorld()
    alice, bob = world.join("alice"), world.join_json("bob")
    world.log_answers()
    alice.sees(), bob.gets()
    alice.types("one")
    bob.asks({"line": "two", "ref": "a"})
    alice.types("three", "/nick robin")
    assert alice.sees() == [] and bob.gets() == []
    world.log.answers()
    world.settle()
    assert alice.sees() == ["<alice> one"]
    world.log.answers()
    world.settle()
    assert alice.sees() == ["<bob> two", "<alice> three", "-- alice is now robin"]
    assert [(got["type"], got.get("id")) for got in bob.gets()] == [
        ("said", 1), ("said", 2), ("said", 3), ("renamed", None), ("ok", 2),
    ]  # fmt: skip


def test_a_line_the_log_refuses_is_refused_to_its_sender_only() -> None:
    """Nobody sees it; what is not talk is told all the same, and the next line works."""
    world = LateWorld()
    alice, bob = world.join("alice"), world.join_json("bob")
    world.log_answers()
    alice.sees(), bob.gets()
    world.log.refusal = Refused("log_failed", "The disk is full.")
    alice.types("one", "/nick robin")
    bob.asks({"line": "two", "ref": "a"}, {"line": "three"})
    world.log_answers()
    assert alice.sees() == ["-- alice is now robin", "!! The disk is full."]
    got = bob.gets()
    assert got[0]["type"] == "renamed"
    assert got[1:] == [
        {"type": "error", "ref": "a", "code": "log_failed", "text": "The disk is full."},
        {"type": "error", "code": "log_failed", "text": "The disk is full."},
    ]
    world.log.refusal = None
    alice.types("four")
    world.log_answers()
    assert alice.sees() == ["<robin> four"]
    assert bob.gets()[0]["id"] == 1


def test_a_line_sent_again_while_the_first_is_on_its_way_is_said_once() -> None:
    """The connection broke before the answer; the new one gets it."""
    world = LateWorld()
    alice, bob = world.join("alice"), world.join_json("bob")
    world.log_answers()
    bob.asks({"line": "hi", "ref": "1"}).vanishes()
    again = world.join_json("bob").asks({"line": "hi", "ref": "1"})
    world.log_answers()
    assert {"type": "ok", "ref": "1", "id": 1} in again.gets()
    assert alice.sees().count("<bob> hi") == 1


def test_quit_waits_until_what_was_said_is_told() -> None:
    """A script that says a line and quits sees it come back, however slow the disk is."""
    world = LateWorld()
    alice, bob, carol = world.join("alice"), world.join("bob"), world.join("carol")
    world.log_answers()
    bob.sees(), carol.sees()
    alice.types("one")
    bob.types("two", "/quit", "too late")
    carol.types("/quit").hangs_up()
    assert not bob.wire.write_closed
    world.log_answers()
    assert bob.sees() == ["<alice> one", "<bob> two", "-- Goodbye."]
    assert carol.sees()[-1] == "-- Goodbye."
    world.passes(1)
    assert bob.gone and carol.gone


def test_who_comes_while_a_batch_is_on_its_way_sees_each_line_once() -> None:
    """From the log or live, never both."""
    world = LateWorld()
    alice = world.join("alice")
    world.log_answers()
    alice.types("one")
    world.log_answers()
    alice.types("two")
    bob = world.join_json("bob")
    world.log_answers()
    alice.types("three")
    world.log_answers()
    assert [got["id"] for got in bob.gets() if got["type"] == "said"] == [1, 2, 3]


def test_who_goes_while_the_log_is_reading_is_given_nothing() -> None:
    """The answer comes too late for it, and for a member that moved on it is of the wrong room."""
    world = LateWorld()
    alice = world.join("alice").types("one")
    world.log_answers()
    bob, carol = world.join("bob"), world.join("carol")
    bob.types("/join #dev")
    carol.vanishes()
    world.log_answers()
    assert not any("<alice>" in line for line in bob.sees())
    assert alice.sees()[-1] == "-- carol left (connection lost)"


def test_who_goes_and_comes_back_while_the_log_is_reading_sees_each_line_once() -> None:
    """A stale answer is not taken for the new question."""
    world = LateWorld()
    alice = world.join("alice").types("one")
    world.log_answers()
    bob = world.join_json("bob")
    bob.asks({"line": "/join #dev"}, {"line": "/join #lobby"})
    alice.types("two")
    world.log_answers()
    said = [got["text"] for got in bob.gets() if got["type"] == "said"]
    assert said == ["one", "two"]


def test_a_direct_message_while_the_log_is_reading_for_a_slow_member() -> None:
    """It goes first, and the chunk is read again when it has drained."""
    world = LateWorld()
    alice = world.join("alice").types("one")
    world.log_answers()
    bob = world.connect().types("bob")
    bob.sees()
    bob.stops_reading()
    alice.types("/msg bob psst")
    world.log_answers()
    bob.reads_on()
    world.log_answers()
    assert bob.sees() == [
        "[alice -> bob] psst",
        "14:03 <alice> one",
        "-- 2 in #lobby: alice (plain) and bob (plain)",
    ]


def test_a_log_that_cannot_be_read_is_a_reason_to_come_back() -> None:
    """A member would wait for ever; /history only says why."""
    world = LateWorld()
    alice = world.join("alice").types("one")
    world.log_answers()
    alice.sees()
    world.log.refusal = Refused("log_failed", "The disk is broken.")
    alice.types("/history")
    bob = world.connect().types("bob")
    world.log_answers()
    assert alice.sees() == ["-- bob joined", "!! The disk is broken.", "-- bob left (the log can't be read)"]
    assert bob.sees()[-1] == "!! The disk is broken."
    world.passes(1)
    assert bob.gone


def test_an_answer_that_comes_after_the_goodbye_is_dropped() -> None:
    """Our side of the connection is closed by then."""
    world = LateWorld()
    alice = world.join("alice").types("one")
    world.log_answers()
    alice.types("/history")
    moderating.kick(alice.user, "op", "")
    world.settle()
    assert alice.wire.write_closed
    world.log_answers()
    assert alice.sees()[-1] == "!! You were kicked by op."
    world.passes(1)
    assert alice.gone and not alice.wire.aborted


def test_many_questions_to_a_slow_log_are_asked_one_by_one() -> None:
    """Once, their answers came all at once, and who had asked was closed for not reading them."""
    world = LateWorld()
    alice, bob = world.join("alice"), world.join("bob")
    world.log_answers()
    for number in range(100):
        alice.types(f"{number} " + "x" * 700)
    world.log_answers()
    bob.sees()
    bob.stops_reading(65_536)
    bob.types(*["/history 100"] * 10)
    world.log_answers()
    assert not bob.gone
    bob.reads_on()
    for _ in range(10):
        world.log_answers()
        world.settle()
    assert len(bob.sees()) > 10 * 80


def test_who_is_closed_by_the_answer_to_its_last_line_goes_nowhere() -> None:
    """It was on its way to another room, and the refusal was one message too many."""
    world = LateWorld(direct_bytes=1_000)
    alice, bob = world.join("alice"), world.join("bob")
    world.log_answers()
    bob.stops_reading()
    alice.types("/msg bob one", "/msg bob " + "x" * 970)
    world.log.late = False
    world.log.refusal = Refused("log_failed", "The disk is full.")
    bob.types("two", "/join #dev")
    assert list(world.chat.users) == ["alice"]
    assert list(world.chat.rooms) == ["#lobby"]


class SlowRoom:
    """One member, to whom a fan-out takes 40 ms, or as long as is said; and a line has been fanned out."""

    def __init__(self, fan_out_s: float = 0.04) -> None:
        self.world = LateWorld()
        self.alice = self.world.join("alice")
        self.world.log_answers()
        session = self.alice.session
        outbox: Any = session.outbox
        send = outbox.send
        lag(session)

        def sends_slowly(encoded: bytes) -> int:
            self.world.clock.advance(fan_out_s)
            taken: int = send(encoded)
            return taken

        outbox.send = sends_slowly
        make_live(session)
        self.alice.types("zero")
        self.world.log_answers()
        self.alice.sees()

    def log_answers_after(self, seconds: float) -> list[str]:
        """What is in it then, is; what alice sees."""
        self.world.passes(seconds)
        self.world.log.answers()
        seen = self.alice.sees()
        self.world.settle()
        return seen


def test_to_wait_for_the_log_once_more_is_worth_it_if_a_fan_out_costs_more() -> None:
    """What came while the log was at work is not sent by itself to a thousand that were just sent to."""
    room = SlowRoom()
    room.alice.types("one")
    room.alice.types("two", "three")
    assert room.log_answers_after(0.01) == []
    assert room.log_answers_after(0.01) == ["<alice> one", "<alice> two", "<alice> three"]


def test_no_line_is_held_for_longer_than_a_fan_out_takes() -> None:
    """However many come."""
    room = SlowRoom()
    room.alice.types("one")
    room.alice.types("two")
    assert room.log_answers_after(0.015) == []
    room.alice.types("three")
    assert room.log_answers_after(0.015) == []
    room.alice.types("four")
    assert room.log_answers_after(0.015) == ["<alice> one", "<alice> two"]
    assert room.log_answers_after(0.05) == ["<alice> three", "<alice> four"]


def test_what_is_in_the_log_does_not_wait_for_a_log_that_hangs() -> None:
    """It is held for a moment, and the next batch may never come back."""
    room = SlowRoom()
    room.alice.types("one")
    room.alice.types("two")
    assert room.log_answers_after(0.01) == []
    room.world.passes(0.03)
    assert room.alice.sees() == ["<alice> one"]
    assert room.log_answers_after(60) == ["<alice> two"]


def test_nothing_is_held_for_long_after_one_fan_out_took_long() -> None:
    """The machine was asleep, perhaps."""
    room = SlowRoom(fan_out_s=30)
    room.alice.types("one")
    room.alice.types("two")
    assert room.log_answers_after(0.05) == []
    room.world.passes(MOST_HELD_S)
    assert room.alice.sees() == ["<alice> one"]


def test_what_was_held_is_told_if_the_log_refuses_what_it_was_held_for() -> None:
    """And who was refused is told so."""
    room = SlowRoom()
    room.alice.types("one")
    room.alice.types("two")
    assert room.log_answers_after(0) == []
    room.world.log.refusal = Refused("log_failed", "The disk is full.")
    assert room.log_answers_after(0) == ["<alice> one", "!! The disk is full."]


def test_who_comes_while_a_batch_is_on_its_way_is_told_after_it() -> None:
    """Also when it is the turn of a large room to tell who comes."""
    world = LateWorld()
    alice, *others = [world.join(f"m{number}") for number in range(SMALL_ROOM + 20)]
    world.passes(1)
    alice.sees()
    world.join("first"), world.join("second")
    others[0].types("one")
    world.join("third")
    assert alice.sees() == ["-- first joined"]
    world.passes(1)
    assert alice.sees() == []
    world.log_answers()
    assert alice.sees() == ["-- second joined", "<m1> one", "-- third joined"]


def test_who_asks_while_somebody_is_gone_for_a_moment_is_told_that_they_are_back() -> None:
    """Once, the list that was told meanwhile stayed wrong."""
    world = LateWorld()
    alice, carol = world.join("alice"), world.join("carol")
    bob = world.join_json("bob", rooms=[{"room": "#lobby"}, {"room": "#dev"}])
    world.log_answers()
    carol.sees()
    alice.types("one")
    bob.asks({"line": "/part #lobby"})
    carol.types("/who")
    bob.asks({"line": "/join #lobby"})
    world.log_answers()
    assert carol.sees() == [
        "-- 2 in #lobby: alice (plain) and carol (plain)",
        "<alice> one",
        "-- bob left",
        "-- bob joined",
    ]


def test_a_fault_of_one_answer_takes_none_from_the_others() -> None:
    """It is raised, for the daemon's log; the others get theirs in the next turn, and the room goes on."""
    world = LateWorld()
    alice = world.join("alice")
    world.log_answers()
    alice.sees()
    room = world.chat.room_of(alice.session)

    def fails(refused: Refused | None) -> None:
        raise ZeroDivisionError

    def said(text: str) -> Event:
        return Event(Kind.SAID, room.name, "alice", text, world.chat.now())

    told: list[Refused | None] = []
    room.post(said("one")).told = fails
    room.post(said("two")).told = told.append
    room.when_told(lambda: told.append(None))
    world.settle()
    room.post(said("three")).told = told.append
    with pytest.raises(ZeroDivisionError):
        world.log.answers()
    world.settle()
    world.log_answers()
    assert told == [None, None, None]
    assert alice.sees() == ["<alice> one", "<alice> two", "<alice> three"]


def test_a_log_that_suddenly_answers_at_once_keeps_the_order() -> None:
    """The next batch is answered before the one before it is told."""
    world = LateWorld()
    alice = world.join("alice")
    world.log_answers()
    alice.sees()
    alice.types("one")
    alice.types("two", "/quit")
    world.log.late = False
    world.log_answers()
    assert alice.sees() == ["<alice> one", "<alice> two", "-- Goodbye."]
