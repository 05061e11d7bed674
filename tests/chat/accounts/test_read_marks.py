"""How far owners have read: known at once, written later, and never more than so much."""

from __future__ import annotations

import pytest

from lanchatd.chat.accounts import read_marks
from lanchatd.chat.accounts.read_marks import ReadMarks
from lanchatd.chat.accounts.rows import Change, ReadMark


def kept(marks: ReadMarks) -> Change:
    """What there was to write is written."""
    change = marks.change()
    apply(marks, change)
    return change


def apply(marks: ReadMarks, change: Change) -> None:
    for mark in change.gone:
        assert isinstance(mark, ReadMark)
        marks.is_gone(mark)
    for mark in change.put:
        assert isinstance(mark, ReadMark)
        marks.is_kept(mark)


def test_it_goes_on_and_never_back() -> None:
    """But for another log of the room."""
    marks = ReadMarks()
    assert marks.move(1, "#dev", "log", 5)
    assert not marks.move(1, "#dev", "log", 5)
    assert not marks.move(1, "#dev", "log", 4)
    assert marks.move(1, "#dev", "log", 6)
    assert kept(marks) == Change((ReadMark(1, "#dev", "log", 6),))
    assert marks.move(1, "#dev", "other", 1)
    assert (marks.of(1, "#dev", "other"), marks.of(1, "#dev", "log"), marks.of(2, "#dev", "log")) == (1, 0, 0)


def test_what_is_read_on_while_it_is_written_is_written_next() -> None:
    """The newest is known all the while."""
    marks = ReadMarks()
    marks.move(1, "#dev", "log", 5)
    written = marks.change()
    marks.move(1, "#dev", "log", 6)
    apply(marks, written)
    assert marks.of(1, "#dev", "log") == 6
    assert kept(marks) == Change((ReadMark(1, "#dev", "log", 6),))
    assert marks.change() == Change()


def test_what_was_kept_is_there_at_the_start() -> None:
    """And need not be written again."""
    marks = ReadMarks()
    marks.is_kept(ReadMark(1, "#dev", "log", 5))
    assert (marks.of(1, "#dev", "log"), marks.change(), len(marks)) == (5, Change(), 1)


def test_of_too_many_rooms_those_go_that_were_read_longest_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one owner."""
    monkeypatch.setattr(read_marks, "MOST_OF_ONE", 2)
    marks = ReadMarks()
    for room in ("#a", "#b"):
        marks.move(1, room, "log", 1)
    kept(marks)
    marks.move(1, "#a", "log", 2)
    marks.move(1, "#c", "log", 1)
    assert (marks.of(1, "#a", "log"), marks.of(1, "#b", "log"), len(marks)) == (2, 0, 2)
    change = marks.change()
    assert change.gone == (ReadMark(1, "#b", "log", 1),)
    apply(marks, change)
    assert marks.change() == Change()


def test_of_too_many_in_all_those_go_of_who_read_longest_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all owners."""
    monkeypatch.setattr(read_marks, "MOST", 2)
    marks = ReadMarks()
    for account in (1, 2, 3):
        marks.move(account, "#a", "log", account)
    assert [marks.of(account, "#a", "log") for account in (1, 2, 3)] == [0, 2, 3]
    assert list(marks.all_of(1)) == []


def test_what_went_while_it_was_written_does_not_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what came back while it was taken out does not go."""
    monkeypatch.setattr(read_marks, "MOST_OF_ONE", 1)
    marks = ReadMarks()
    marks.move(1, "#a", "log", 1)
    written = marks.change()
    marks.move(1, "#b", "log", 1)
    apply(marks, written)
    assert (marks.of(1, "#a", "log"), len(marks)) == (0, 1)
    taken_out = marks.change()
    marks.move(1, "#a", "log", 2)
    apply(marks, taken_out)
    assert (marks.of(1, "#a", "log"), len(marks)) == (2, 1)
    assert kept(marks) == Change((ReadMark(1, "#a", "log", 2),), (ReadMark(1, "#b", "log", 1),))


def test_an_account_that_is_gone_takes_its_own_along() -> None:
    """Written or not."""
    marks = ReadMarks()
    marks.is_kept(ReadMark(1, "#a", "log", 1))
    marks.move(1, "#b", "log", 1)
    marks.move(2, "#b", "log", 1)
    first, *_ = marks.all_of(1)
    marks.is_gone(first)
    marks.forget(1)
    assert (len(marks), marks.change()) == (1, Change((ReadMark(2, "#b", "log", 1),)))
