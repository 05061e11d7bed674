"""How a terminal is painted: what is shown scrolls by, and the row being typed stays below it."""

from __future__ import annotations

import pytest
from wcwidth import wcswidth

from lanchatd.terminal.row import Row
from lanchatd.terminal.screen import BOLD, CLEAR, Screen, cut, in_colour, usable_width

# The row and what is below it go, and never the whole screen at once.
ERASE = "\r\x1b[K\x1b[C\x1b[J\r"


@pytest.mark.parametrize(
    ("text", "columns", "fits"),
    [("abc", 3, "abc"), ("abc", 2, "ab"), ("你好", 3, "你"), ("é" * 3, 2, "é" * 2), ("", 0, "")],
)
def test_a_status_is_cut_at_whole_characters(text: str, columns: int, fits: str) -> None:
    """A wide one is not halved."""
    assert cut(text, columns) == fits


def test_lines_are_written_over_the_rows_that_are_then_painted_again() -> None:
    """What was typed is below them, the cursor where it was."""
    screen = Screen(20, styles=False)
    assert screen.update(Row("typed", 3), [(" status", "")]) == "typed\r\n status\x1b[1A\r\x1b[3C"
    again = screen.update(Row("typed", 0), [(" status", "")], ["one", "two"])
    assert again == ERASE + "one\r\ntwo\r\ntyped\r\n status\x1b[1A\r"
    assert screen.erase() == ERASE
    assert screen.erase() == ""


def test_a_narrower_terminal_has_wrapped_the_row() -> None:
    """The cursor is further down than it was painted."""
    screen = Screen(80, styles=False)
    screen.update(Row("x" * 70, 70), [])
    screen.width = 30
    assert screen.erase() == "\x1b[2A" + ERASE


def test_the_status_is_in_reverse_and_no_wider_than_its_text() -> None:
    """Nor in the last column, where a terminal may wrap."""
    shown = Screen(10, styles=True).update(Row("", 0), [(" 你 ", ""), ("is long", "")])
    assert shown == "\r\n\x1b[7m 你 is lo\x1b[0m\x1b[1A\r"
    assert Screen(10, styles=True).update(Row("", 0), [(" 你", "")]) == "\r\n\x1b[7m 你\x1b[0m\x1b[1A\r"


def test_a_line_of_several_rows_has_a_note_below_and_what_waits_above() -> None:
    """All of it is taken away and painted again with the next line."""
    screen = Screen(20, styles=False)
    row = Row("two", 1, above=("one",), below=("three",), note="note")
    assert screen.update(row, [(" status", "")], waiting=["waits"]) == (
        "waits\r\none\r\ntwo\r\nthree\r\nnote\r\n status\x1b[3A\r\x1b[1C"
    )
    assert screen.update(row, [(" status", "")], waiting=["waits"]) == ""
    assert screen.update(Row("two", 1), lines=["line"]) == "\x1b[2A" + ERASE + "line\r\ntwo\r\x1b[1C"


def test_what_waits_and_notes_are_dim() -> None:
    """Where there are colours."""
    shown = Screen(20, styles=True).update(Row("", 0, note="note"), waiting=["waits"])
    assert shown == "\x1b[2mwaits\x1b[0m\r\n\r\n\x1b[2mnote\x1b[0m\x1b[1A\r"


def test_a_narrower_terminal_has_wrapped_the_rows_above_too() -> None:
    """An empty one is a row all the same."""
    screen = Screen(80, styles=False)
    screen.update(Row("x" * 35, 35, above=("x" * 61, "", "x" * 60)))
    screen.width = 30
    assert screen.erase() == f"\x1b[{3 + 1 + 2 + 1}A" + ERASE


def test_without_a_status_the_row_is_the_last() -> None:
    """The cursor goes to its column in it."""
    screen = Screen(20, styles=False)
    assert screen.update(Row("typed", 3)) == "typed\r\x1b[3C"
    assert screen.update(Row("typed", 0), lines=["one"]) == ERASE + "one\r\ntyped\r"


def test_colours_in_the_row_take_no_columns() -> None:
    """Where the cursor is depends on the row's column alone."""
    text = in_colour("if", 134)
    assert text == "\x1b[38;5;134mif\x1b[0m"
    assert Screen(20, styles=True).update(Row(text, 2)) == f"{text}\r\x1b[2C"


@pytest.mark.parametrize(("told", "width"), [(132, 132), (5, 5), (1, 5), (0, 80), (-1, 80)])
def test_a_terminal_that_does_not_know_its_width_has_the_usual_one(told: int, width: int) -> None:
    """Serial lines and containers say 0; and in less than five columns nothing can be edited."""
    assert usable_width(told) == width


def test_nothing_is_written_when_nothing_has_changed() -> None:
    """A server that sends much and says nothing does not make the terminal flicker."""
    screen = Screen(20, styles=False)
    assert screen.update(Row("typed", 3), [(" status", "")]) != ""
    assert screen.update(Row("typed", 3), [(" status", "")]) == ""
    assert screen.update(Row("typed", 4), [(" status", "")]) != ""
    screen.erase()
    assert screen.update(Row("typed", 4), [(" status", "")]) != ""
    assert screen.clear() == ERASE + CLEAR
    assert screen.update(Row("typed", 4), [(" status", "")]) != ""


LONG = "-- Ask whoever runs the server, who is 日本語 or Zoë, for theirs: sha256:" + "A" * 43 + " says it."


@pytest.mark.parametrize("width", range(5, 140))
@pytest.mark.parametrize("indent", ["", " " * 6])
def test_words_stay_whole_at_any_width(width: int, indent: str) -> None:
    """One that is wider than a row is the last in its row, and the terminal wraps it; nothing is lost."""
    rows = Screen(width, styles=True).wrapped(LONG, indent)
    assert " ".join(row.strip() for row in rows) == LONG
    for row in rows:
        assert wcswidth(row) < width or wcswidth(row.split()[-1]) >= width
    assert all(row.startswith(indent) or wcswidth(row) + 6 >= width for row in rows[1:]) or width < 15


def test_spaces_within_a_line_stay() -> None:
    """Tables are told in lines; where one is broken, they are not needed."""
    screen = Screen(12, styles=False)
    assert screen.wrapped("a   b  c    d   ") == ["a   b  c   ", "d   "]
    assert screen.wrapped("abcdefghijk     l") == ["abcdefghijk", "l"]
    assert screen.wrapped("  ab     cdefghi j", "  ") == ["  ab    ", "  cdefghi j"]


def test_a_coloured_line_is_wrapped_by_what_is_seen_of_it() -> None:
    """Its colours take no columns, and go on in the next row."""
    screen = Screen(20, styles=True)
    assert screen.wrapped("\x1b[2mtwenty columns or more\x1b[0m") == [
        "\x1b[2mtwenty columns or\x1b[0m",
        "\x1b[2mmore\x1b[0m",
    ]
    assert screen.wrapped("") == [""]


def test_a_part_of_the_status_has_its_own_style() -> None:
    """Where there are colours; and the row goes on behind it."""
    status = [(" #dev 3", ""), ("!", BOLD), (" rest", "")]
    shown = Screen(80, styles=True).update(Row("", 0), status)
    assert shown == "\r\n\x1b[7m #dev 3\x1b[1m!\x1b[0m\x1b[7m rest\x1b[0m\x1b[1A\r"
    assert Screen(80, styles=False).update(Row("", 0), status) == "\r\n #dev 3! rest\x1b[1A\r"
