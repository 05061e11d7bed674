"""The row being typed, of the real client on a terminal: several lines in it, leaving, and what waits."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.client.test_terminal import is_here
from tests.daemon import daemon
from tests.pseudo_terminal import Seat, at, seat

ENTER, UP, ALT_ENTER, CTRL_J, CTRL_C, CTRL_D, CTRL_R = "\r", "\x1b[A", "\x1b\r", "\n", "\x03", "\x04", "\x12"

SIZES = pytest.mark.parametrize("size", [(80, 24), (40, 10), (200, 60)], ids=str)


def pasted(text: str) -> str:
    return f"\x1b[200~{text}\x1b[201~"


def rows_end_with(*rows: str) -> Callable[[Seat], bool]:
    """What the screen ends with, above the row of status."""
    return lambda seat: seat.screen[-1 - len(rows) : -1] == list(rows)


def said(seat: Seat) -> list[str]:
    """What alice has said, as it is shown."""
    return [row.partition("<alice> ")[2] for row in seat.screen if "<alice> " in row]


# -- several lines


@SIZES
@pytest.mark.parametrize("key", [ALT_ENTER, CTRL_J])
def test_a_new_line_in_the_row(tmp_path: Path, size: tuple[int, int], key: str) -> None:
    """It is shown as it will be said: a line each, with Enter; each can be called back."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path, size=size) as alice:
        is_here(alice)
        alice.types(f"one{key}two{key}three{UP}{UP}!")
        alice.sees(rows_end_with("one!", "two", "three"))
        assert (alice.column, said(alice)) == (4, [])
        alice.types(ENTER)
        alice.sees(lambda seat: said(seat) == ["one!", "two", "three"])
        alice.types(UP + UP)
        alice.sees(lambda seat: seat.typed_row == "two")


@SIZES
@pytest.mark.parametrize("block", ["one", "one\n", "one\n\ntwo"])
def test_a_paste_is_said_with_enter_only(tmp_path: Path, size: tuple[int, int], block: str) -> None:
    """However short it is; empty lines of it are not said, and its lines can be called back."""
    lines = block.split()
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path, size=size) as alice:
        is_here(alice)
        alice.types(pasted(block))
        alice.sees(lambda seat: all(line in seat.screen[-4:-1] for line in lines))
        assert said(alice) == []
        alice.types(ENTER)
        alice.sees(lambda seat: said(seat) == lines)
        alice.types(UP)
        alice.sees(lambda seat: seat.typed_row == lines[-1])


@SIZES
@pytest.mark.parametrize("answer", ["y", "n"])
def test_a_long_paste_is_asked_about(tmp_path: Path, size: tuple[int, int], answer: str) -> None:
    """Enter asks for more than three lines; without a yes it is in the row again, with what was there."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path, size=size) as alice:
        is_here(alice)
        alice.types("my " + pasted("one\ntwo\nthree\nfour"))
        alice.sees(lambda seat: seat.typed_row == "four")
        alice.types(ENTER)
        alice.sees(lambda seat: seat.typed_row.startswith("Send 4 lines? (y/n"))
        alice.types(pasted("y\n") + answer + ENTER)  # an answer is no paste of lines
        if answer == "y":
            alice.sees(lambda seat: said(seat) == ["my one", "two", "three", "four"])
        else:
            alice.sees(lambda seat: seat.typed_row == "four")
            alice.types(CTRL_C + "other" + ENTER)
            alice.sees(lambda seat: said(seat) == ["other"])


def test_a_paste_that_is_too_long_for_the_row_is_asked_about_at_once(tmp_path: Path) -> None:
    """What was in the row is there again if it is not sent."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path) as alice:
        is_here(alice)
        alice.types("draft")
        alice.sees(lambda seat: seat.typed_row == "draft")
        alice.types(pasted(("x" * 1_000 + "\n") * 20))
        alice.sees(lambda seat: seat.typed_row.startswith("Send 20 lines? (y/n"))
        alice.types(CTRL_C)
        alice.sees(lambda seat: seat.typed_row == "draft")
        assert said(alice) == []


def test_many_rows_leave_room_for_what_was_said(tmp_path: Path) -> None:
    """A third of a small terminal; the others are counted."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path, size=(40, 10)) as alice:
        is_here(alice)
        alice.types(pasted("\n".join(f"row {number}" for number in range(1, 10))))
        alice.sees(rows_end_with("(7 more)", "row 8", "row 9"))
        alice.types(UP * 8)
        alice.sees(rows_end_with("row 1", "row 2", "(7 more)"))
        alice.resizes(40, 24)
        alice.sees(lambda seat: seat.screen[-3:-1] == ["row 7", "(2 more)"])


# -- an editor


def editor(folder: Path, does: str) -> str:
    """A program to edit with, as EDITOR names it: it sees the name of the file, as `path`."""
    program = folder / "an editor.py"
    program.write_text(f"import os, pathlib, stat, sys\npath = pathlib.Path(sys.argv[-1])\n{does}\n")
    return f"{sys.executable} '{program}' --wait"


def test_paste_edits_several_lines_in_an_editor(tmp_path: Path) -> None:
    """They are in the row then, to be said with Enter. The file was for nobody else to read, and is gone."""
    seen = tmp_path / "seen"
    command = editor(
        tmp_path,
        f"pathlib.Path({str(seen)!r}).write_text(f'{{path}} {{stat.S_IMODE(path.stat().st_mode):o}}')\n"
        "input('Lines? ')\n"
        "path.write_text('one\\n\\ttwo\\x1b[2J\\n' + path.read_text() + '$(three)\\n')",
    )
    with (
        daemon(cwd=tmp_path) as chat,
        chat.join("bob") as bob,
        seat(*at(chat), home=tmp_path, EDITOR=command) as alice,
    ):
        is_here(alice)
        raw = alice.settings()
        alice.types("/paste" + ENTER)
        alice.sees_line("Lines?")
        assert alice.settings() == alice.settings_before
        bob.types("meanwhile")
        alice.types("\n")
        alice.sees(rows_end_with("one", " two[2J", "$(three)"))
        alice.sees_line("<bob> meanwhile")
        assert (alice.settings(), said(alice)) == (raw, [])
        alice.types(ENTER)
        alice.sees(lambda seat: said(seat) == ["one", " two[2J", "$(three)"])
    file, mode = seen.read_text().rsplit(maxsplit=1)
    assert mode == "600"
    assert not Path(file).parent.exists()


def test_a_long_paste_can_be_edited_before_it_is_sent(tmp_path: Path) -> None:
    """With e as the answer; what comes of it is said with Enter, after asking again if it is still long."""
    command = editor(tmp_path, "path.write_text(path.read_text().upper())")
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path, EDITOR=command) as alice:
        is_here(alice)
        alice.types(pasted("one\ntwo\nthree\nfour") + ENTER + "e" + ENTER)
        alice.sees(rows_end_with("ONE", "TWO", "THREE", "FOUR"))
        alice.types(ENTER + "y" + ENTER)
        alice.sees(lambda seat: said(seat) == ["ONE", "TWO", "THREE", "FOUR"])


@pytest.mark.parametrize(
    ("does", "why"),
    [
        ("sys.exit(3)", "ended with 3: nothing is said."),
        ("path.write_bytes(b'x' * 1_048_577)", "That is more than 1,048,576 bytes: nothing is said."),
        ("path.unlink()", "No such file or directory."),
    ],
)
def test_an_editor_that_fails_is_one_line(tmp_path: Path, does: str, why: str) -> None:
    """And nothing is in the row."""
    with (
        daemon(cwd=tmp_path) as chat,
        seat(*at(chat), home=tmp_path, size=(200, 60), EDITOR=editor(tmp_path, does)) as alice,
    ):
        is_here(alice)
        alice.types("/paste" + ENTER)
        alice.sees_line(why)
        alice.types("/paste now" + ENTER)
        alice.sees_line("!! Usage: /paste")
        alice.types("hi" + ENTER)
        alice.sees(lambda seat: said(seat) == ["hi"])


def test_an_editor_on_a_dumb_terminal(tmp_path: Path) -> None:
    """No row is painted there: what was written is asked about in a line of its own."""
    command = editor(tmp_path, "path.write_text('one\\ntwo\\n')")
    with (
        daemon(cwd=tmp_path) as chat,
        chat.join("bob") as bob,
        seat(*at(chat), home=tmp_path, TERM="dumb", EDITOR=command) as alice,
    ):
        alice.sees_line("-- You are alice in #lobby.")
        alice.types("/paste\n")
        alice.sees_line("-- Send 2 lines? (y/n/edit)")
        alice.types("y\n")
        bob.reads_until("<alice> two")
        assert b"\x1b" not in alice.raw


@pytest.mark.parametrize("command", ["nosucheditor", "'unfinished"])
def test_an_editor_that_there_is_not(tmp_path: Path, command: str) -> None:
    """The line names it."""
    with (
        daemon(cwd=tmp_path) as chat,
        seat(*at(chat), home=tmp_path, size=(200, 60), EDITOR=command) as alice,
    ):
        is_here(alice)
        alice.types("/paste" + ENTER)
        alice.sees_line(f"-- Can't run EDITOR, {command}: ")


def test_ctrl_c_in_an_editor_is_for_the_editor(tmp_path: Path) -> None:
    """One that reads lines gets the signal; the client does not end with it."""
    does = (
        "import signal\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})\n"
        "print('Lines?', flush=True)\n"
        "signal.sigwait({signal.SIGINT})\n"
        "path.write_text('stopped')"
    )
    with (
        daemon(cwd=tmp_path) as chat,
        seat(*at(chat), home=tmp_path, EDITOR=editor(tmp_path, does)) as alice,
    ):
        is_here(alice)
        alice.types("/paste" + ENTER)
        alice.sees_line("Lines?")
        alice.types(CTRL_C)
        alice.sees(lambda seat: seat.typed_row == "stopped")


# -- what waits


@SIZES
def test_what_is_typed_without_a_connection_is_shown_until_it_is_said(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    """At once, dimmed and marked, and the row of status says first how many; then each is shown once."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path, size=size) as alice:
        is_here(alice)
        port = chat.port
        chat.process.kill()
        chat.process.wait()
        alice.sees_line("reconnecting")
        alice.types("one" + ENTER + "two" + ENTER)
        alice.sees(
            lambda seat: [row for row in seat.screen if "waits" in row] == ["waits: one", "waits: two"]
        )
        assert b"\x1b[2mwaits: two\x1b[0m" in alice.raw
        alice.sees(lambda seat: seat.screen[-1].startswith(" 2 waiting · "))
        assert "here" not in alice.screen[-1]
        alice.types("".join(f"{number}{ENTER}" for number in range(3, 9)))
        alice.sees(lambda seat: seat.screen[-2:-1] == ["waits: 8"])
        alice.sees_line(f"waits: {7 if size[1] == 10 else 6} more")
        with daemon(f"--port={port}", cwd=tmp_path):
            expected = [*(["one", "two"] if size[1] > 10 else []), *"345678"]
            alice.sees(lambda seat: said(seat)[-len(expected) :] == expected)
            alice.sees(lambda seat: not any("wait" in row for row in seat.screen))


# -- what was said


@SIZES
def test_lines_are_wrapped_by_words_behind_the_nick(tmp_path: Path, size: tuple[int, int]) -> None:
    """A resize leaves them as they are, and what comes then is wrapped for the new width."""
    words = [f"word{number}" for number in range(30)]
    with (
        daemon(cwd=tmp_path) as chat,
        chat.join("bob") as bob,
        seat(*at(chat), home=tmp_path, size=size) as alice,
    ):
        is_here(alice)
        bob.types(" ".join(words))
        alice.sees_line("word29")
        rows = alice.screen[next(at for at, row in enumerate(alice.screen) if "<bob>" in row) :]
        said_rows = [row for row in rows if "word" in row]
        assert " ".join(row[12:] for row in said_rows).split() == words
        assert all(row.startswith(" " * 12) for row in said_rows[1:])
        alice.resizes(size[0] + 20, size[1])
        bob.types(" ".join(words).replace("word", "other"))
        alice.sees_line("other29")
        wider = [row[12:] for row in alice.screen if "other" in row]
        assert " ".join(wider).split() == [word.replace("word", "other") for word in words]
        assert max(map(len, wider)) > size[0] - 24


@pytest.mark.parametrize(("terminal", "linked"), [("xterm-kitty", True), ("xterm-256color", False)])
def test_a_url_stays_whole_when_it_is_wrapped(tmp_path: Path, terminal: str, linked: bool) -> None:
    """By a hyperlink, where the terminal has them; it is never split by the client."""
    url = "https://example.org/" + "long/" * 10
    with (
        daemon(cwd=tmp_path) as chat,
        chat.join("bob") as bob,
        seat(*at(chat), home=tmp_path, size=(40, 10), TERM=terminal) as alice,
    ):
        is_here(alice)
        bob.types(f"see {url}, and tell")
        alice.sees_line("and tell")
        assert f"{url}".encode() in alice.raw
        assert (f"\x1b]8;;{url}\x1b\\{url}\x1b]8;;\x1b\\,".encode() in alice.raw) is linked


# -- leaving


@SIZES
def test_ctrl_c_on_an_empty_row_asks_for_a_second_one(tmp_path: Path, size: tuple[int, int]) -> None:
    """So what is typed behind a slip goes to no shell; any other key means to stay."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path, size=size) as alice:
        is_here(alice)
        alice.types("half a line" + CTRL_C)
        alice.sees(lambda seat: seat.typed_row == "")
        assert not any("again" in row for row in alice.screen)
        alice.types(CTRL_C)
        alice.sees_line("Ctrl-C again to leave.")
        alice.types(pasted("rm -rf /\n"))
        alice.sees_line("rm -rf /")
        assert not any("again" in row for row in alice.screen)
        alice.types(CTRL_C + CTRL_C)
        alice.sees_line("Ctrl-C again to leave.")
        alice.types(CTRL_C)
        assert alice.ends() == 0
        assert said(alice) == []


@pytest.mark.parametrize("key", [CTRL_C + CTRL_C, CTRL_D, "/quit" + ENTER])
def test_what_is_not_acknowledged_is_named_and_nothing_more_is_taken(tmp_path: Path, key: str) -> None:
    """Who leaves all the same gets exit code 1, and reads once more what was not said."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path, size=(200, 60)) as alice:
        is_here(alice)
        chat.process.kill()
        alice.sees_line("Trying again.")
        lines = ["anybody?", *"abcde", "x" * 70]
        alice.types("".join(line + ENTER for line in lines) + key)
        named = f'2 more, "b", "c", "d", "e", "{"x" * 60}…"'
        alice.sees_line(f"-- Not acknowledged yet: {named}. Leave once more to leave without.")
        alice.types("more" + ENTER + pasted("more\n") + ENTER + "more")
        alice.sees(lambda seat: b"\a" in seat.raw)
        alice.sees(lambda seat: seat.typed_row == "" and seat.screen[-1].startswith(" 7 waiting · leaving"))
        assert not any("more" in row for row in alice.screen if "Not ack" not in row and "waits" not in row)
        assert alice.screen[-2] == "Leaves when all is said; Ctrl-C: now."
        alice.types(CTRL_D)
        assert alice.ends() == 1
        alice.sees_line(f"Not acknowledged: {named}.")


@pytest.mark.parametrize("size", [(12, 4), (5, 3), (40, 2)], ids=str)
def test_in_a_tiny_terminal_nothing_gets_out_of_step(tmp_path: Path, size: tuple[int, int]) -> None:
    """What does not fit is cut or left out, and no row of it is left behind."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path, size=size) as alice:
        alice.sees(lambda seat: seat.raw.count(b"[#l") > 0)
        alice.types("a\nb\nc" + CTRL_C + CTRL_C)
        if size[1] > 2:
            alice.sees_line("Ctrl-C again"[: size[0] - 1])
        alice.types("\x0c" + "zz\nzy")
        alice.sees(lambda seat: seat.typed_row == "zy" and not any("Ctrl" in row for row in seat.screen))
        assert sum(row.startswith("z") for row in alice.screen) <= 2


def test_a_search_says_that_nothing_is_found(tmp_path: Path) -> None:
    """Where it is looked for."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path, size=(40, 10)) as alice:
        is_here(alice)
        alice.types(CTRL_R + "qu")
        alice.sees(lambda seat: seat.typed_row == "(search 'qu', not found):")


def test_the_file_of_lines_is_for_nobody_else(tmp_path: Path) -> None:
    """What was pasted is in it, as what was typed."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path) as alice:
        is_here(alice)
        alice.types(pasted("one\ntwo\n") + ENTER)
        alice.sees(lambda seat: said(seat) == ["one", "two"])
        alice.types(CTRL_D)
        assert alice.ends() == 0
    kept = tmp_path / ".local/state/lanchatd/history"
    assert kept.read_text() == "one\ntwo\n"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
