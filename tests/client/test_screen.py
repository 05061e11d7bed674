"""What the client writes to a terminal."""

from __future__ import annotations

import pytest

from lanchatd.client.colours import NICK_COLOURS, PALETTES, PlainScreen, nick_colour
from lanchatd.terminal.row import Row


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


@pytest.mark.parametrize("colour", PALETTES["dark"])
def test_of_those_for_dark_each_can_be_read_well_there(colour: int) -> None:
    """A contrast of 7."""
    assert (luminance(colour) + 0.05) / 0.05 >= 7


@pytest.mark.parametrize("colour", PALETTES["light"])
def test_of_those_for_light_each_can_be_read_well_there(colour: int) -> None:
    """A contrast of 4.5."""
    assert 1.05 / (luminance(colour) + 0.05) >= 4.5


def test_a_nick_has_the_same_colour_everywhere() -> None:
    """In every run and on every machine; and they are spread over all colours."""
    assert [nick_colour(nick) for nick in ("alice", "bob", "carol")] == [134, 134, 99]
    assert {nick_colour(f"nick{number}") for number in range(500)} == set(NICK_COLOURS)


def test_a_plain_screen_only_writes_lines() -> None:
    """For a terminal that knows no more."""
    screen = PlainScreen(80)
    assert screen.update(Row("typed", 5), [("status", "")], ["one"]) == "one\r\n"
    assert screen.erase() == screen.clear() == screen.begin == screen.end == ""
