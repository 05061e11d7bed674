"""What administrators are shown, for people and for programs."""

from __future__ import annotations

import json

import pytest
from wcwidth import wcswidth

from lanchatd.chat.events import Notice
from lanchatd.commands.report import MOST_FITTED, At, Cell, Facts, Report, Span, Table, as_json, as_text

NOW = 1_795_356_191.123


def table(*rows: tuple[Cell, ...]) -> Table:
    return Table("things", ("name", "lines_said", "idle"), rows, "There is nothing.")


def text(report: Report) -> list[str]:
    return as_text(report, NOW).splitlines()


def test_columns_are_aligned_as_a_terminal_shows_them() -> None:
    """Wide characters and marks counted; no spaces at the end."""
    shown = text(table(("bob", 1_234, Span(61)), ("日本", 5, Span(0)), ("e\u0301", 0, None)))
    assert shown == [
        "name  lines said  idle",
        "bob   1,234       1 min 1 s",
        "日本  5           0 s",
        "e\u0301     0",
    ]


def fitted(columns: int, *rows: tuple[Cell, ...]) -> list[str]:
    shown = as_text(table(*rows), NOW, columns).splitlines()
    assert all(wcswidth(line) <= columns for line in shown)
    return shown


def test_a_table_that_is_too_wide_goes_on_below() -> None:
    """With short headings, and words that stay whole as long as that is possible; the widest column first."""
    long = ("alice in the office", 1_234, Span(615))
    assert fitted(38, long) == [
        "name                said   idle",
        "alice in the        1,234  10 min 15 s",
        "office",
    ]
    assert fitted(24, long, ("日本 語", 5, None)) == [
        "name     said   idle",
        "alice    1,234  10 min",
        "in the          15 s",
        "office",
        "日本 語  5",
    ]


def test_a_nick_or_an_address_is_split_if_it_must_be_and_a_fingerprint_never() -> None:
    """Who reads a table wants a row, and who compares fingerprints all of it."""
    assert fitted(26, ("alice_of_the_office", 1, Span(7))) == [
        "name            said  idle",
        "alice_of_the_o  1     7 s",
        "ffice",
    ]
    assert fitted(62, ("SHA256:" + "x" * 43, 1, Span(7)))[0].endswith("said  idle")
    assert fitted(61, ("SHA256:" + "x" * 43, 1, Span(7)))[1:] == [
        "            x",
        "lines said  1",
        "idle        7 s",
    ]


def test_a_long_last_column_goes_below_its_row() -> None:
    """As it is read there."""
    things = Table("things", ("name", "reason"), (("bob", "one two three four five six"), ("carol", "")), "")
    shown = as_text(things, NOW, 24).splitlines()
    assert shown == ["name", "    reason", "bob", "    one two three four", "    five six", "carol"]


def test_where_no_word_would_be_whole_each_row_is_a_list_of_facts() -> None:
    """What is not so is left out."""
    assert fitted(20, ("fingerprint", 1, Span(61)), ("x", 2, None)) == [
        "name        fingerpr",
        "            int",
        "lines said  1",
        "idle        1 min 1",
        "            s",
        "",
        "name        x",
        "lines said  2",
    ]
    assert as_text(table(("a", 1, None)), NOW, 3).splitlines()[0] == "name        a"


def test_a_long_table_is_left_as_it_is() -> None:
    """Nobody reads it in a terminal, and everybody else would wait for it."""
    rows = [("name " * 10, 1, None)] * (MOST_FITTED + 1)
    shown = as_text(table(*rows), NOW, 30).splitlines()
    assert len(shown) == MOST_FITTED + 2


def test_an_empty_table_says_so() -> None:
    """For programs it is an empty list."""
    assert text(table()) == ["There is nothing."]
    assert json.loads(as_json(table())) == {"type": "things", "rows": []}


@pytest.mark.parametrize(
    ("cell", "shown", "value"),
    [
        ("text", "text", "text"),
        (12_345, "12,345", 12_345),
        (0.5, "0.5", 0.5),
        (True, "yes", True),
        (False, "", False),
        (None, "", None),
        (At(NOW), "14:03", "2026-11-22T14:03:11.123Z"),
        (At(NOW, full=True), "2026-11-22 14:03:11", "2026-11-22T14:03:11.123Z"),
        (Span(7.123_456), "7 s", 7.123),
    ],
)
def test_each_kind_of_fact_is_shown_in_its_way(cell: Cell, shown: str, value: object) -> None:
    """And is what it is for programs."""
    facts = Facts("facts", {"a_fact": cell, "other": 1})
    assert text(facts)[0] == f"a fact  {shown}".rstrip()
    assert json.loads(as_json(facts)) == {"type": "facts", "a_fact": value, "other": 1}


def test_a_notice_is_its_lines() -> None:
    """Without what the chat puts before them."""
    notice = Notice(("one", "two"))
    assert text(notice) == ["one", "two"]
    assert json.loads(as_json(notice)) == {"type": "notice", "text": "one\ntwo"}
