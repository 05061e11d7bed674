"""What the client prints: lines with their times, and each day."""

from __future__ import annotations

from pathlib import Path

import pytest

from lanchatd.client.kept import Kept
from lanchatd.client.printed import Printed
from lanchatd.client.rendering import Shape, shape
from lanchatd.client.shown_event import ShownEvent
from lanchatd.terminal.screen import Screen
from tests.client.test_session import NOON, said


def on(day: str, text: str) -> Shape:
    return Shape("said", "bob", (f"<bob> {text}",), "14:03", day=day)


def test_a_day_has_a_line_of_its_own(tmp_path: Path) -> None:
    """Before the first line of it; and also in what is saved."""
    kept = Kept()
    printed = Printed(Screen(80, styles=False), kept, "2026-11-27", (), links=False)
    one, two, three = on("2026-11-27", "one"), on("2026-11-28", "two"), on("2026-11-28", "three")
    assert printed.rows([one], "alice") == ["14:03 <bob> one"]
    expected = ["-- Saturday, 2026-11-28 --", "14:03 <bob> two", "14:03 <bob> three"]
    assert printed.rows([two, three], "alice") == expected
    kept.save(tmp_path / "talk.txt")
    assert (tmp_path / "talk.txt").read_text().splitlines() == ["14:03 <bob> one", *expected]


def test_what_shows_nothing_has_no_day() -> None:
    """Nor what has none."""
    printed = Printed(Screen(80, styles=False), Kept(), "2026-11-27", (), links=False)
    assert printed.rows([Shape("ok", "", (), "14:03", day="2026-11-28"), on("", "one")], "alice") == [
        "14:03 <bob> one"
    ]


def test_in_colours_it_is_dim() -> None:
    """As all that is not talk."""
    printed = Printed(Screen(80, styles=True), Kept(), "2026-11-27", (), links=False)
    assert printed.rows([on("2026-11-28", "one")], "alice")[0] == "\x1b[2m-- Saturday, 2026-11-28 --\x1b[0m"


@pytest.mark.parametrize(("past", "day"), [(True, "2026-11-21"), (False, "2026-11-22")])
def test_what_is_told_now_is_of_today(past: bool, day: str) -> None:
    """Whatever the server's clock says."""
    event = said(1) | {"at": "2026-11-21T12:00:00Z"}
    assert shape(ShownEvent(event, event, past), "alice", NOON).day == day


@pytest.mark.parametrize(
    ("width", "line", "rows"),
    [
        (30, "<bob> one two three four five six", ["14:03 <bob> one two three", "            four five six"]),
        (30, "* bob waves to all of the others", ["14:03 * bob waves to all of", "        the others"]),
        (30, "[bob -> alice] one two three", ["14:03 [bob -> alice] one two", "      three"]),
        (30, "-- one two three four five six", ["14:03 -- one two three four", "         five six"]),
        (30, "<日本> 一 二 三 四 五 六 七 八", ["14:03 <日本> 一 二 三 四 五", "             六 七 八"]),
        (30, "one two three four five six", ["14:03 one two three four five", "      six"]),
        (40, f"-- sha256:{'A' * 32} is it", ["14:03 --", f"sha256:{'A' * 32}", "         is it"]),
        (40, f"-- see sha256:{'A' * 43} it is", [f"14:03 -- see sha256:{'A' * 43}", "         it is"]),
        (5, "<bob> hi", ["14:03", "<bob>", "hi"]),
    ],
)
def test_lines_are_wrapped_by_words_behind_the_nick(width: int, line: str, rows: list[str]) -> None:
    """Or behind the time, in a narrow terminal; a word is never split, so who copies it has it whole."""
    printed = Printed(Screen(width, styles=False), Kept(), "", (), links=False)
    assert printed.rows([Shape("said", "bob", (line,), "14:03")], "alice") == rows


def test_what_is_saved_is_not_wrapped(tmp_path: Path) -> None:
    """It is as it was said."""
    kept = Kept()
    text = "<bob> " + "word " * 40 + "end"
    Printed(Screen(40, styles=False), kept, "", (), links=False).rows(
        [Shape("said", "bob", (text,), "14:03")], "alice"
    )
    kept.save(tmp_path / "talk.txt")
    assert (tmp_path / "talk.txt").read_text() == f"14:03 {text}\n"


def test_a_url_is_a_link_where_there_are_any() -> None:
    """Its row is measured by what is seen of it."""
    shape = Shape("said", "bob", ("<bob> see https://example.org/ for it",), "14:03")
    printed = Printed(Screen(40, styles=False), Kept(), "", (), links=True)
    assert printed.rows([shape], "alice") == [
        "14:03 <bob> see \x1b]8;;https://example.org/\x1b\\https://example.org/\x1b]8;;\x1b\\",
        "            for it",
    ]
