"""What the client writes to a terminal."""

from __future__ import annotations

import pytest

from lanchatd.client.screen import CLEAR, NICK_COLOURS, PlainScreen, Screen, cut, nick_colour
from lanchatd.row import Row


def luminance(colour: int) -> float:
    """The relative luminance of one of the 256 colours (WCAG 2.1)."""
    levels = (0, 95, 135, 175, 215, 255)
    cube = colour - 16
    parts = (levels[cube // 36] / 255, levels[cube // 6 % 6] / 255, levels[cube % 6] / 255)
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", NICK_COLOURS)
def test_nicks_can_be_read_on_dark_and_on_light(colour: int) -> None:
    """The contrast to black is at least 4.5, and to white at least 3."""
    assert (luminance(colour) + 0.05) / 0.05 >= 4.5
    assert 1.05 / (luminance(colour) + 0.05) >= 3


def test_a_nick_has_the_same_colour_everywhere() -> None:
    """In every run and on every machine; and they are spread over all colours."""
    assert [nick_colour(nick) for nick in ("alice", "bob", "carol")] == [134, 134, 99]
    assert {nick_colour(f"nick{number}") for number in range(500)} == set(NICK_COLOURS)


@pytest.mark.parametrize(
    ("text", "columns", "fits"),
    [("abc", 3, "abc"), ("abc", 2, "ab"), ("你好", 3, "你"), ("é" * 3, 2, "é" * 2), ("", 0, "")],
)
def test_a_status_is_cut_at_whole_characters(text: str, columns: int, fits: str) -> None:
    """A wide one is not halved."""
    assert cut(text, columns) == fits


def test_lines_are_written_over_the_rows_that_are_then_painted_again() -> None:
    """What was typed is below them, the cursor where it was."""
    screen = Screen(20, colours=False)
    assert screen.update(Row("typed", 3), " status") == "typed\r\n status\x1b[1A\r\x1b[3C"
    again = screen.update(Row("typed", 0), " status", ["one", "two"])
    assert again == "\r\x1b[Jone\r\ntwo\r\ntyped\r\n status\x1b[1A\r"
    assert screen.erase() == "\r\x1b[J"
    assert screen.erase() == ""


def test_a_narrower_terminal_has_wrapped_the_row() -> None:
    """The cursor is further down than it was painted."""
    screen = Screen(80, colours=False)
    screen.update(Row("x" * 70, 70), "")
    screen.width = 30
    assert screen.erase() == "\x1b[2A\r\x1b[J"


def test_the_status_fills_its_row_in_reverse() -> None:
    """But for the last column, where a terminal may wrap."""
    shown = Screen(10, colours=True).update(Row("", 0), " 你 is long")
    assert shown == "\r\n\x1b[7m 你 is lo\x1b[0m\x1b[1A\r"


def test_a_plain_screen_only_writes_lines() -> None:
    """For a terminal that knows no more."""
    screen = PlainScreen(80)
    assert screen.update(Row("typed", 5), "status", ["one"]) == "one\r\n"
    assert screen.erase() == screen.clear() == screen.begin == screen.end == ""


def test_nothing_is_written_when_nothing_has_changed() -> None:
    """A server that sends much and says nothing does not make the terminal flicker."""
    screen = Screen(20, colours=False)
    assert screen.update(Row("typed", 3), " status") != ""
    assert screen.update(Row("typed", 3), " status") == ""
    assert screen.update(Row("typed", 4), " status") != ""
    screen.erase()
    assert screen.update(Row("typed", 4), " status") != ""
    assert screen.clear() == CLEAR
    assert screen.update(Row("typed", 4), " status") != ""
