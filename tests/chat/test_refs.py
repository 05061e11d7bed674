"""Lines sent again: answered as the first time, and not done again."""

from __future__ import annotations

import gc

import pytest

from lanchatd.chat.events import Item, Ok
from lanchatd.chat.posted import Posted
from lanchatd.chat.refs import Answer, Refs, digest
from lanchatd.limits import Limits
from lanchatd.text.refused import Refusal
from tests.world import World

MEMORY_S = 600.0
START = 1_000.0
FIRST = Ok("17", 4_713)


class Asker:
    """A program that sends lines with refs, and keeps the answers."""

    def __init__(self, refs: Refs) -> None:
        self.refs = refs
        self.answers: list[Item] = []

    def asks(
        self, nick: str = "alice", ref: str = "17", line: str = "hello", after_s: float = 0
    ) -> Answer | None:
        return self.refs.ask(digest(nick, "", ref, "", line), ref, START + after_s, self.answers.append)

    def is_new(self, nick: str = "alice", ref: str = "17", line: str = "hello", after_s: float = 0) -> bool:
        return self.asks(nick, ref, line, after_s) is not None

    def gets(self, answer: Item, ref: str = "17", after_s: float = 0) -> None:
        """Ask something new, and have it answered."""
        answered = self.asks(ref=ref, after_s=after_s)
        assert answered is not None
        answered(answer)


@pytest.fixture
def refs() -> Refs:
    return Refs(Limits(ref_memory_s=MEMORY_S, max_refs=3))


@pytest.fixture
def asker(refs: Refs) -> Asker:
    return Asker(refs)


def test_a_new_line_is_answered_when_it_is_done(asker: Asker) -> None:
    """The one who sent it gets the answer, once."""
    answer = asker.asks()
    assert answer is not None
    assert asker.answers == []
    answer(FIRST)
    assert asker.answers == [FIRST]


def test_a_line_sent_again_gets_the_first_answer(refs: Refs) -> None:
    """On a new connection, as often as it is sent."""
    Asker(refs).gets(FIRST)
    again = Asker(refs)
    assert not again.is_new()
    assert not again.is_new()
    assert again.answers == [FIRST, FIRST]


def test_a_line_that_was_refused_is_tried_again(refs: Refs) -> None:
    """Nothing had happened, and the reason may have passed."""
    Asker(refs).gets(Refusal("muted", "You are muted.", "17"))
    assert len(refs) == 0
    assert Asker(refs).is_new()


def test_a_line_sent_again_before_it_is_done_waits_with_the_first(refs: Refs) -> None:
    """The connection broke while the log was writing: both get the one answer, in order."""
    first, again, later = Asker(refs), Asker(refs), Asker(refs)
    answer = first.asks()
    assert answer is not None
    assert not again.is_new()
    assert not later.is_new()
    assert again.answers == []
    answer(FIRST)
    assert (first.answers, again.answers, later.answers) == ([FIRST], [FIRST], [FIRST])


@pytest.mark.parametrize(
    ("nick", "ref", "line"),
    [
        pytest.param("bob", "17", "hello", id="another nick"),
        pytest.param("alice", "18", "hello", id="another ref"),
        pytest.param("alice", "17", "hello!", id="another line"),
        pytest.param("alice1", "7", "hello", id="the same letters, parted elsewhere"),
        pytest.param("alice", "17hello", "", id="no line"),
    ],
)
def test_another_nick_ref_or_line_is_new(asker: Asker, nick: str, ref: str, line: str) -> None:
    """A program that starts again and counts its refs from 1 anew is heard."""
    asker.gets(FIRST)
    assert asker.is_new(nick, ref, line)
    assert asker.answers == [FIRST]


@pytest.mark.parametrize(("after_s", "new"), [(0, False), (599.9, False), (600, True), (601, True)])
def test_a_line_is_known_for_ten_minutes(asker: Asker, after_s: float, new: bool) -> None:
    """From when it was first asked."""
    asker.gets(FIRST)
    assert asker.is_new(after_s=after_s) is new


def test_sending_again_does_not_make_the_memory_longer(asker: Asker) -> None:
    """Ten minutes after the first time it is forgotten, whenever it was sent last."""
    asker.gets(FIRST)
    assert not asker.is_new(after_s=599)
    assert asker.is_new(after_s=600)


def test_a_line_that_is_not_done_yet_is_not_forgotten(asker: Asker) -> None:
    """However long the log takes, and however much else is asked meanwhile."""
    answer = asker.asks()
    assert answer is not None
    for number in range(5):
        asker.gets(Ok(str(number)), ref=str(number))
    assert not asker.is_new(after_s=10_000)
    answer(FIRST)
    assert asker.answers[-2:] == [FIRST, FIRST]
    assert asker.is_new(after_s=10_000)
    assert len(asker.refs) == 1


@pytest.mark.parametrize(("others", "new"), [(1, False), (2, False), (3, True)])
def test_the_oldest_go_past_the_limit(asker: Asker, others: int, new: bool) -> None:
    """Three are known: the third-last is still answered."""
    asker.gets(FIRST)
    for number in range(others):
        asker.gets(Ok(f"other {number}"), ref=f"other {number}")
    assert asker.is_new() is new


def test_sending_again_forgets_nobody(asker: Asker) -> None:
    """With as many known as may be, asking for one of them once made the oldest go."""
    for number in range(3):
        asker.gets(Ok(str(number)), ref=str(number))
    assert [asker.is_new(ref=str(number)) for number in (2, 1, 0)] == [False, False, False]


def test_no_more_are_kept_than_the_limit_and_none_past_their_time(refs: Refs, asker: Asker) -> None:
    """What it costs is bounded in number and in time."""
    lengths = []
    for number, after_s in enumerate([0, 1, 2, 3, 601.5, 602, 1_201.9, 5_000]):
        asker.gets(Ok(str(number)), ref=str(number), after_s=after_s)
        lengths.append(len(refs))
    assert lengths == [1, 2, 3, 3, 3, 3, 2, 1]


def test_no_more_of_other_daemons_are_kept_either(refs: Refs) -> None:
    """However fast they come."""
    for number in range(5):
        refs.restore(str(number), number, START + number)
    assert len(refs) == 3


def test_a_line_that_waits_here_is_known_to_be_done_elsewhere(refs: Refs) -> None:
    """It is not answered by that: its own answer is on the way."""
    answers: list[Item] = []
    answered = refs.ask("key", "17", START, answers.append)
    assert refs.elsewhere("key") == 0
    assert refs.elsewhere("another") == 0
    refs.restore("key", 4_713, START)
    assert (refs.elsewhere("key"), answers) == (4_713, [])
    assert answered is not None
    answered(FIRST)
    assert answers == [FIRST]


def test_a_line_that_was_told_is_not_held_by_its_answer() -> None:
    """Its memory is free at once, and is no work for Python's garbage collector."""
    gc.collect()
    gc.disable()
    try:
        before = how_many(Posted)
        World().join_json("ci").asks({"line": "one", "ref": "1"}, {"line": "two"})
        assert how_many(Posted) == before
    finally:
        gc.enable()


def how_many(kind: type) -> int:
    return sum(isinstance(one, kind) for one in gc.get_objects())
