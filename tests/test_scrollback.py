"""The terminal's own scrollback holds what was said, and no copies of the row being typed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.daemon import daemon, wait_until
from tests.openssh import Ssh, make_key, needs_ssh, public, write_keys
from tests.preloaded import CLIENT
from tests.pseudo_terminal import at
from tests.tmux import Window, needs_tmux, window


@contextmanager
def client(home: Path) -> Iterator[Window]:
    """Somebody at the client."""
    with daemon(cwd=home) as chat, window(*CLIENT, *at(chat), home=home) as opened:
        opened.sees("You are alice in #lobby.")
        opened.sees("· connected")
        yield opened


@contextmanager
def console(home: Path) -> Iterator[Window]:
    """An administrator at the console."""
    key = make_key(home / "alice")
    keys = write_keys(home / "admin_keys", public(key))
    options = ("--port=0", "--admin-port=0", f"--admin-keys={keys}")
    with daemon(*options, cwd=home) as chat:
        port = int(chat.logged(r"administrators' console on \S+ port (\d+)")[1])
        with window(*Ssh(port, home, key).command(), home=home) as opened:
            opened.sees("help lists the commands")
            yield opened


PLACES = [client, pytest.param(console, marks=needs_ssh)]


@needs_tmux
@pytest.mark.parametrize("place", PLACES)
def test_typing_adds_nothing_to_the_scrollback(
    tmp_path: Path, place: Callable[[Path], AbstractContextManager[Window]]
) -> None:
    """Not in the top row either, where Ctrl-L brings it: a terminal may keep what is erased from there."""
    with place(tmp_path) as opened:
        opened.types("C-l")
        wait_until("the row is at the top", lambda: len(opened.screen) <= 2)
        before = opened.scrollback
        typed = ""
        for key in "qwertzuiop":
            typed += key
            opened.types(key)
            opened.sees(typed)
        opened.types(*["BSpace"] * 10)
        wait_until("it is deleted", lambda: not any("qw" in row for row in opened.screen))
        assert opened.scrollback == before


@needs_tmux
@pytest.mark.parametrize("place", PLACES)
def test_clearing_keeps_no_row_that_was_typed_in(
    tmp_path: Path, place: Callable[[Path], AbstractContextManager[Window]]
) -> None:
    """What was said goes to the scrollback, if the terminal puts it there; what is being typed stays."""
    with place(tmp_path) as opened:
        opened.types("u", "n", "d", "o", "n", "e")
        opened.sees("undone")
        for _ in range(3):
            opened.types("C-l")
            opened.sees("undone")
        wait_until("the row is at the top", lambda: "undone" in opened.screen[0])
        assert not any("undone" in row or "connected" in row for row in opened.scrollback)


@needs_tmux
@pytest.mark.parametrize("place", PLACES)
def test_resizing_adds_nothing_to_the_scrollback(
    tmp_path: Path, place: Callable[[Path], AbstractContextManager[Window]]
) -> None:
    """Narrower and wider, flatter and higher; the row is shown once, however the terminal has wrapped it."""
    with place(tmp_path) as opened:
        opened.types("C-l")
        wait_until("the row is at the top", lambda: len(opened.screen) <= 2)
        opened.types(*"typed")
        opened.sees("typed")
        before = opened.scrollback
        for columns, rows in ((60, 24), (50, 24), (100, 24), (80, 6), (80, 30), (79, 24), (80, 24)):
            opened.resizes(columns, rows)
            opened.types("x")
            wait_until("it is painted", lambda: sum("typed" in row for row in opened.screen) == 1)
        opened.sees("typed" + "x" * 7)
        # A terminal that is made higher may take lines back out of it.
        assert opened.scrollback == before[: len(opened.scrollback)]


@needs_tmux
def test_rows_of_a_block_add_nothing_to_the_scrollback(tmp_path: Path) -> None:
    """At the bottom of the screen, where each new row moves all others up; candidates and questions too."""
    with client(tmp_path) as opened:
        opened.types("C-l")
        wait_until("the row is at the top", lambda: len(opened.screen) <= 2)
        for number in range(24):
            opened.types(f"said {number}", "Enter")
            opened.sees(f"<alice> said {number}")
        opened.types("q1", "C-j", "q2", "M-Enter", "q3", "C-j", "q4", "Up", "Up", "x", "Space", "Tab", "Tab")
        opened.types("C-c", "C-c")
        opened.sees("Ctrl-C again to leave.")
        for columns, rows in ((40, 24), (80, 10), (80, 24)):
            opened.types("q5", "C-j", "q6", "C-j", "q" * 70)
            opened.sees("qqqq")
            opened.resizes(columns, rows)
            opened.types("C-c")
            wait_until("it is gone", lambda: not any("q" in row for row in opened.screen))
        kept = [*opened.scrollback, *opened.screen]
        assert not any("q" in row or "again" in row or "connected" in row for row in kept[:-1])
        assert [row[-2:].strip() for row in kept if "said" in row] == [str(number) for number in range(24)]


@needs_tmux
def test_lines_that_wait_add_nothing_to_the_scrollback(tmp_path: Path) -> None:
    """They are painted, and are lines when they are said; also in a terminal that is made narrower."""
    with (
        daemon(cwd=tmp_path) as chat,
        window(*CLIENT, *at(chat), home=tmp_path) as opened,
    ):
        opened.sees("· connected")
        chat.process.kill()
        opened.sees("Trying again.")
        opened.types("C-l")
        wait_until("the row is at the top", lambda: len(opened.screen) <= 2)
        before = opened.scrollback
        for word in ("one", "two", "three"):
            opened.types(word, "Enter")
            opened.sees(f"waits: {word}")
        for columns, rows in ((60, 24), (80, 10), (80, 24)):
            opened.resizes(columns, rows)
            opened.types("x", "BSpace")
            wait_until("each is there once", lambda: sum("waits: " in row for row in opened.screen) == 3)
        assert not any("waits" in row for row in opened.scrollback)
        assert opened.scrollback == before[: len(opened.scrollback)]
