"""Messages in parts, over a stream in memory."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from lanchatd.broker.long_messages import PART, SILENT_S, LongMessages
from lanchatd.broker.stream import ACCOUNTS, FROM, ROLLUP, Fate, Message, Published
from tests.broker.memory_stream import MemoryBroker, MemoryStream


class Reading:
    """A node that reads a subject, and may write. Who writes is known by the name of the node."""

    def __init__(self, broker: MemoryBroker) -> None:
        self.stream: MemoryStream = broker.node()
        self.long = LongMessages(self.stream, broker.clock, ACCOUNTS)
        self.came: list[bytes] = []
        self.answered: list[Published] = []
        self._broker = broker
        self.stream.subscribe(ACCOUNTS, self._arrived)
        self.stream.begin()

    def _arrived(self, message: Message) -> None:
        if (body := self.long.read(message)) is not None:
            self.came.append(body)

    def writes(self, body: bytes, replaces: bool = False) -> None:
        headers = {FROM: self.stream.node, **(ROLLUP if replaces else {})}
        self.long.publish(body, headers, self._broker.last, self.answered.append)


class Two:
    def __init__(self) -> None:
        self.clock = Clock()
        self.broker = MemoryBroker(self.clock)
        self.broker.largest = 4
        self.here, self.there = Reading(self.broker), Reading(self.broker)

    def store(self, body: bytes, **headers: str) -> None:
        """Put something into the stream, without a condition."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.broker.store(ACCOUNTS, body, names, None)

    def settle(self) -> None:
        while any(call.getTime() <= self.clock.seconds() for call in self.clock.getDelayedCalls()):
            self.clock.advance(0)

    @property
    def parts(self) -> list[str]:
        return [one.headers.get(PART, "") for one in self.broker.messages]


@pytest.fixture
def two() -> Two:
    return Two()


def test_a_long_message_is_read_when_it_is_whole(two: Two) -> None:
    """At all nodes, once; nothing is wrong with it."""
    two.here.writes(b"abcdefghij")
    two.settle()
    assert two.parts == ["1/3", "2/3", "3/3"]
    assert two.here.came == two.there.came == [b"abcdefghij"]
    assert two.here.answered == []
    assert not two.here.long.is_busy
    assert not two.there.long.is_busy


def test_one_that_fits_is_one(two: Two) -> None:
    two.here.writes(b"abcd")
    two.settle()
    assert two.parts == [""]
    assert two.there.came == [b"abcd"]


def test_what_takes_the_place_of_all_does_so_when_it_is_whole(two: Two) -> None:
    """Not with its first part: if no more came, all would be lost."""
    two.here.writes(b"old")
    two.settle()
    two.here.stream.held = True
    two.here.writes(b"abcdef", replaces=True)
    two.settle()
    assert two.parts == ["", "1/2"]
    two.here.stream.held = False
    two.here.stream.lets_go()
    two.settle()
    assert two.parts == ["1/2", "2/2"]
    two.there.writes(b"new", replaces=True)
    two.settle()
    assert two.parts == [""]
    assert two.here.came == [b"old", b"abcdef", b"new"]


def test_it_is_known_to_be_on_its_way(two: Two) -> None:
    """For a while: who writes it may have died."""
    two.here.stream.held = True
    two.here.writes(b"abcdef")
    assert two.here.long.is_busy
    two.settle()
    assert two.there.long.is_busy
    two.clock.advance(SILENT_S)
    assert not two.there.long.is_busy


def test_what_comes_in_between_ends_it(two: Two) -> None:
    """Who wrote it is told."""
    two.here.stream.held = True
    two.here.writes(b"abcdef")
    two.there.stream.lets_go()
    two.there.writes(b"mine")
    two.here.stream.held = False
    two.here.stream.lets_go()
    two.settle()
    assert two.parts == ["1/2", ""]
    assert two.here.came == two.there.came == [b"mine"]
    assert [published.fate for published in two.here.answered] == [Fate.CONFLICT]


def test_so_does_what_others_write_in_parts(two: Two) -> None:
    two.here.stream.held = True
    two.here.writes(b"abcdef")
    two.there.stream.lets_go()
    two.there.writes(b"ghijkl")
    two.settle()
    two.here.stream.held = False
    two.here.stream.lets_go()
    two.settle()
    assert two.here.came == two.there.came == [b"ghijkl"]
    assert [published.fate for published in two.here.answered] == [Fate.CONFLICT]


def test_parts_that_do_not_belong_together_are_none(two: Two) -> None:
    """Whatever the broker has let in: all nodes leave it out."""
    two.store(b"abcd", Lanchat_From="x", Lanchat_Part="1/2")
    two.store(b"mine", Lanchat_From="y")
    two.store(b"ef", Lanchat_From="x", Lanchat_Part="2/2")
    two.store(b"ghij", Lanchat_From="x", Lanchat_Part="1/2")
    two.store(b"kl", Lanchat_From="z", Lanchat_Part="2/2")
    two.store(b"mnop", Lanchat_From="x", Lanchat_Part="1/3")
    two.store(b"uv", Lanchat_From="x", Lanchat_Part="3/3")
    two.settle()
    assert two.here.came == two.there.came == [b"mine"]


def test_a_try_that_was_thought_lost_is_not_mixed_with_the_next_one(two: Two) -> None:
    """The broker has stored its first part, and was late to say so: the next try is of another text."""
    two.here.stream.held = True
    two.here.writes(b"abcdef")
    two.here.long.publish(b"ghijkl", {FROM: two.here.stream.node}, 0, two.here.answered.append)
    two.here.stream.held = False
    two.here.stream.lets_go()
    two.settle()
    assert two.parts == ["1/2"]
    assert [published.fate for published in two.here.answered] == [Fate.CONFLICT]
    two.here.writes(b"ghijkl")
    two.settle()
    assert two.here.came == two.there.came == [b"ghijkl"]


def test_who_writes_is_told_that_the_broker_does_not_take_it(two: Two) -> None:
    """Or that the connection to it was lost half-way."""
    two.broker.refuses = "the disk is full"
    two.here.writes(b"abcdef")
    two.settle()
    assert two.here.answered == [Published(Fate.FAILED, "the disk is full")]
    two.broker.refuses = ""
    two.here.stream.held = True
    two.here.writes(b"abcdef")
    two.here.stream.cut()
    two.here.stream.join()
    two.here.stream.cut()
    two.settle()
    assert [published.fate for published in two.here.answered] == [Fate.FAILED, Fate.FAILED]


def test_an_answer_that_is_late_does_not_end_it(two: Two) -> None:
    """The part has come back: it is stored."""
    two.broker.loses_acks = True
    two.here.writes(b"abcdefghij")
    two.settle()
    assert two.here.came == two.there.came == [b"abcdefghij"]
    assert two.here.answered == []


def test_who_begins_in_the_midst_leaves_out_what_has_no_beginning(two: Two) -> None:
    two.here.writes(b"abcdef")
    two.settle()
    two.broker.messages.pop(0)
    late = Reading(two.broker)
    assert late.came == []
    two.there.writes(b"ghijkl")
    two.settle()
    assert late.came == [b"ghijkl"]
