"""The client on a terminal: what a person sees and types, with the real daemon at the other end."""

from __future__ import annotations

import os
import re
import signal
import stat
import sys
from pathlib import Path

import pytest

from tests.daemon import daemon
from tests.preloaded import CLIENT
from tests.pseudo_terminal import Seat, at, seat

ENTER, TAB, UP = "\r", "\t", "\x1b[A"
CTRL_A, CTRL_C, CTRL_D, CTRL_W = "\x01", "\x03", "\x04", "\x17"


def is_here(alice: Seat) -> None:
    """Wait until she is in the room."""
    alice.sees_line("-- You are alice in #lobby.")
    alice.sees_line("· connected")


def test_what_arrives_does_not_disturb_what_is_typed(tmp_path: Path) -> None:
    """A hundred lines arrive above, while a sentence is typed key by key."""
    fast = ("--port=0", "--lines-per-s=1000", "--burst-lines=1000")
    with (
        daemon(*fast, cwd=tmp_path) as chat,
        chat.join("bob") as bob,
        seat(*at(chat), home=tmp_path) as alice,
    ):
        is_here(alice)
        sentence = "I am typing all the while, 你好 and مرحبا"
        for number in range(100):
            bob.types(f"line {number}")
            alice.types(sentence[number : number + 1])
            alice.sees_line(f"<bob> line {number}")
        alice.sees(lambda seat: seat.typed_row == sentence)
        assert [row.split("> ")[1] for row in alice.screen if "<bob>" in row] == [
            f"line {n}" for n in range(78, 100)
        ]
        alice.types(ENTER)
        bob.reads_until(f"<alice> {sentence}")


@pytest.mark.parametrize("plain", [False, True])
def test_the_row_of_status(tmp_path: Path, plain: bool) -> None:
    """Who one is and where, how many are here, whether it is connected, and whether it is not encrypted."""
    with daemon(cwd=tmp_path) as chat, chat.join("bob"):
        how = "not encrypted · " * plain
        arguments = ("127.0.0.1", str(chat.port), "--plain") if plain else at(chat)
        with seat(*arguments, home=tmp_path) as alice:
            is_here(alice)
            alice.sees(lambda seat: seat.screen[-1] == f" alice · [#lobby] · {how}2 here · connected")
            alice.types("/join #dev" + ENTER)
            alice.sees(lambda seat: seat.screen[-1] == f" alice · #lobby [#dev] · {how}1 here · connected")


def test_wide_characters_are_edited_in_the_right_columns(tmp_path: Path) -> None:
    """The cursor stands where the next character will be."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path) as alice:
        is_here(alice)
        alice.types("你好e\u0301x")
        alice.sees(lambda seat: seat.column == 6)
        alice.types("\x7f\x7f")
        alice.sees(lambda seat: seat.column == 4 and seat.typed_row.replace(" ", "") == "你好")
        alice.types(CTRL_A + "é")
        alice.sees(lambda seat: seat.column == 1)
        alice.types(ENTER)
        alice.sees_line("<alice> é")


def test_resizing_paints_anew(tmp_path: Path) -> None:
    """A long line scrolls sideways in a narrow window, and is whole again in a wide one."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path) as alice:
        is_here(alice)
        line = "a line of more than forty columns, which is too long"
        alice.types(line)
        alice.sees(lambda seat: seat.typed_row == line)
        alice.resizes(40, 24)
        alice.sees(lambda seat: seat.typed_row.endswith("too long") and len(seat.typed_row) < 40)
        alice.resizes(100, 30)
        alice.sees(lambda seat: seat.typed_row == line)


def test_tab_completes_commands_rooms_and_nicks(tmp_path: Path) -> None:
    """With a colon after a nick at the beginning of a line."""
    with daemon(cwd=tmp_path) as chat, chat.join("bartholomew"), seat(*at(chat), home=tmp_path) as alice:
        is_here(alice)
        alice.sees(lambda seat: "2 here" in seat.screen[-1])
        alice.types("ba" + TAB + "look, " + "BART" + TAB)
        alice.sees(lambda seat: seat.typed_row == "bartholomew: look, bartholomew")
        alice.types(CTRL_C + "/rec" + TAB)
        alice.sees(lambda seat: seat.typed_row == "/reconnect")
        alice.types(CTRL_C + "/join #lo" + TAB)
        alice.sees(lambda seat: seat.typed_row == "/join #lobby")
        alice.types(CTRL_C + "/un" + TAB + TAB)
        alice.sees_line("/unban /unignore /unmute")


def test_history_is_kept_between_runs(tmp_path: Path) -> None:
    """In the state directory, for nobody else to read."""
    with daemon(cwd=tmp_path) as chat:
        with seat(*at(chat), home=tmp_path) as alice:
            is_here(alice)
            alice.types("first" + ENTER + "second" + ENTER)
            alice.sees_line("<alice> second")
            alice.types("/quit" + ENTER)
            assert alice.ends() == 0
        kept = tmp_path / ".local" / "state" / "lanchatd" / "history"
        assert kept.read_text() == "first\nsecond\n/quit\n"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        with seat(*at(chat), home=tmp_path, XDG_STATE_HOME=str(tmp_path / ".local/state")) as alice:
            is_here(alice)
            alice.types(UP + UP)
            alice.sees(lambda seat: seat.typed_row == "second")


def test_my_nick_stands_out_and_rings(tmp_path: Path) -> None:
    """Unless the bell is not wanted; my own lines don't."""
    with daemon(cwd=tmp_path) as chat, chat.join("bob") as bob:
        with seat(*at(chat), home=tmp_path) as alice:
            is_here(alice)
            alice.types("alice is me" + ENTER)
            alice.sees_line("<alice> alice is me")
            bob.types("nobody is named")
            alice.sees_line("nobody is named")
            assert b"\a" not in alice.raw
            bob.types("hello Alice")
            alice.sees(lambda seat: seat.raw.count(b"\a") == 1)
            bob.types("hello alice!")
            alice.sees(lambda seat: seat.raw.count(b"\a") == 2)
            assert b"\x1b[7malice\x1b[0m" in alice.raw
            assert b"\x1b[7mAlice\x1b[0m" in alice.raw
            bob.types("alices, alice")
            alice.sees_line("alices, alice")
            assert b"alices, \x1b[7malice\x1b[0m" in alice.raw.replace(b"\x1b[1m", b"")
        with seat(*at(chat, "--no-bell", "--nick", "carol"), home=tmp_path) as carol:
            carol.sees_line("You are carol")
            bob.types("hello carol")
            carol.sees_line("hello carol")
            bob.types("the end")
            carol.sees_line("the end")
            assert b"\a" not in carol.raw


def test_without_colours(tmp_path: Path) -> None:
    """NO_COLOR is respected; bold and the like are no colours."""
    with (
        daemon(cwd=tmp_path) as chat,
        chat.join("bob") as bob,
        seat(*at(chat), home=tmp_path, NO_COLOR="1") as alice,
    ):
        is_here(alice)
        bob.types("hello alice")
        alice.sees_line("<bob> hello alice")
        assert set(re.findall(rb"\x1b\[([0-9;]*)m", alice.raw)) <= {b"0", b"1", b"2", b"7"}


def test_on_a_dumb_terminal(tmp_path: Path) -> None:
    """No escape sequence at all; lines are written one below the other, and said as they are typed."""
    with (
        daemon(cwd=tmp_path) as chat,
        chat.join("bob") as bob,
        seat(*at(chat), home=tmp_path, TERM="dumb") as alice,
    ):
        alice.sees_line("-- You are alice in #lobby.")
        alice.types("hello\n")
        bob.reads_until("<alice> hello")
        bob.types("hi")
        alice.sees_line("<bob> hi")
        assert b"\x1b" not in alice.raw
        alice.types("\x04")
        assert alice.ends() == 0


def test_joins_and_leaves_can_be_hidden(tmp_path: Path) -> None:
    """And shown again."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path) as alice:
        is_here(alice)
        alice.types("/quiet" + ENTER)
        alice.sees_line("Joins and leaves are hidden.")
        with chat.join("bob") as bob:
            bob.types("hi")
            alice.sees_line("<bob> hi")
        alice.sees(lambda seat: "1 here" in seat.screen[-1])
        assert not any("bob joined" in row or "bob left" in row for row in alice.screen)
        alice.types("/quiet" + ENTER)
        alice.sees_line("Joins and leaves are shown.")
        with chat.join("carol"):
            alice.sees_line("-- carol joined")


def test_save_writes_the_window_to_a_new_file(tmp_path: Path) -> None:
    """Never over another one."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path) as alice:
        is_here(alice)
        alice.types("remember this" + ENTER)
        alice.sees_line("<alice> remember this")
        alice.types("/save ~/talk.txt" + ENTER)
        alice.sees_line("lines are in")
        saved = (tmp_path / "talk.txt").read_text()
        assert re.search(r"^\d\d:\d\d <alice> remember this$", saved, re.MULTILINE)
        alice.types("/save ~nosuchuser/talk.txt" + ENTER + "/save" + ENTER)
        alice.sees_line("!! ~nosuchuser/talk.txt: ")
        alice.sees_line("!! Usage: /save FILE")
        alice.types("/save ~/talk.txt" + ENTER)
        alice.sees_line("!! ~/talk.txt: File exists")
        assert (tmp_path / "talk.txt").read_text() == saved


def test_clear_empties_the_window(tmp_path: Path) -> None:
    """Of what it shows, and of what it would save."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path) as alice:
        is_here(alice)
        alice.types("forget this" + ENTER)
        alice.sees_line("<alice> forget this")
        alice.types("/clear" + ENTER)
        alice.sees(lambda seat: len(seat.screen) == 1)
        alice.types("/save ~/talk.txt" + ENTER)
        alice.sees_line("0 lines are in")


def test_a_nick_that_is_taken_is_asked_for_again(tmp_path: Path) -> None:
    """And one that cannot be one."""
    with daemon(cwd=tmp_path) as chat, chat.join("alice"), seat(*at(chat), home=tmp_path) as alice:
        alice.sees_line("!! That nick is taken.")
        alice.sees(lambda seat: seat.typed_row == "Your nick:")
        alice.types("not!this" + ENTER)
        alice.sees_line("!! A nick has 1 to 32 letters")
        alice.types("\x1b[200~pasted\nlines\n\x1b[201~" + "alicia" + ENTER)
        alice.sees_line("-- You are alicia in #lobby.")
        alice.types("hi" + ENTER)
        alice.sees_line("<alicia> hi")
        assert not any("pasted" in row for row in alice.screen)
        alice.types("/quit" + ENTER)
        assert alice.ends() == 0
    # The answers are no lines to be called back.
    assert (tmp_path / ".local/state/lanchatd/history").read_text() == "hi\n/quit\n"


def test_who_wants_no_other_nick_can_leave(tmp_path: Path) -> None:
    """With the command that is always there."""
    with daemon(cwd=tmp_path) as chat, chat.join("alice"), seat(*at(chat), home=tmp_path) as alice:
        alice.sees(lambda seat: seat.typed_row == "Your nick:")
        alice.types("/quit" + ENTER)
        assert alice.ends() == 1


def test_who_pastes_and_leaves_has_said_it_all(tmp_path: Path) -> None:
    """It is leaving until the last line is acknowledged, at the pace that the server takes."""
    with daemon(cwd=tmp_path) as chat, chat.join("bob") as bob, seat(*at(chat), home=tmp_path) as alice:
        is_here(alice)
        alice.types("\x1b[200~" + "".join(f"line {n}\n" for n in range(20)) + "\x1b[201~" + ENTER)
        alice.types("y" + ENTER + "/quit bye" + ENTER)
        assert alice.ends() == 0
        heard = bob.reads_until('-- alice left ("bye")')
        assert [line for line in heard if "<alice>" in line] == [f"<alice> line {n}" for n in range(20)]


def fault(tmp_path: Path) -> tuple[str, ...]:
    """The client with a fault in it: a line that says "crash" makes it raise an exception."""
    program = tmp_path / "faulty.py"
    program.write_text(
        "from lanchatd.client import main, terminal\n"
        "def end(self, keys): raise ZeroDivisionError('crash')\n"
        "terminal.Ui.typed = end\n"
        "main.main()\n"
    )
    return (sys.executable, str(program))


@pytest.mark.parametrize(
    ("way", "code"),
    [
        ("/quit", 0),
        ("Ctrl-D", 0),
        ("Ctrl-C", 0),
        ("SIGTERM", 143),
        ("SIGQUIT", 131),
        ("SIGUSR1", 138),
        ("SIGHUP", 0),
        ("exception", 1),
        ("server gone, Ctrl-C", 1),
    ],
)
def test_the_terminal_is_given_back_as_it_was(tmp_path: Path, way: str, code: int) -> None:
    """After each way to end; the cursor stands at the beginning of a row of its own."""
    command = fault(tmp_path) if way == "exception" else CLIENT
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path, command=command) as alice:
        is_here(alice)
        assert alice.settings() != alice.settings_before
        match way:
            case "/quit":
                alice.types("/quit bye" + ENTER)
            case "Ctrl-D":
                alice.types(CTRL_D)
            case "Ctrl-C":
                alice.types("unfinished" + CTRL_C)
                alice.sees(lambda seat: seat.typed_row == "")
                alice.types(CTRL_C + CTRL_C)
            case "SIGTERM" | "SIGQUIT" | "SIGUSR1" | "SIGHUP":
                alice.process.send_signal(signal.Signals[way])
            case "exception":
                alice.types("x")
            case _:
                chat.process.kill()
                alice.sees_line("Trying again.")
                alice.types(CTRL_C + CTRL_C)
        assert alice.ends() == code
        assert alice.settings() == alice.settings_before
        alice.sees(lambda seat: seat.column == 0)
        alice.sees(lambda seat: seat.raw.count(b"\x1b[?2004h") == seat.raw.count(b"\x1b[?2004l") == 1)
        assert b"Traceback" not in alice.raw


def test_stopped_and_continued(tmp_path: Path) -> None:
    """Ctrl-Z and fg: what was typed is there again."""
    with daemon(cwd=tmp_path) as chat, chat.join("bob") as bob, seat(*at(chat), home=tmp_path) as alice:
        is_here(alice)
        alice.types("half a line")
        alice.sees(lambda seat: seat.typed_row == "half a line")
        alice.process.send_signal(signal.SIGSTOP)
        bob.types("meanwhile")
        alice.process.send_signal(signal.SIGCONT)
        alice.sees_line("<bob> meanwhile")
        alice.sees(lambda seat: seat.typed_row == "half a line")


def test_ctrl_z_where_nobody_can_stop_us(tmp_path: Path) -> None:
    """A terminal whose only program we are: it goes on."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path) as alice:
        is_here(alice)
        raw = alice.settings()
        alice.types("half\x1a")
        alice.sees(lambda seat: seat.raw.count(b"\x1b[?2004h") == 2)
        alice.sees(lambda seat: seat.typed_row == "half")
        assert alice.settings() == raw
        alice.types(" whole" + ENTER)
        alice.sees_line("<alice> half whole")


def test_the_server_is_killed_and_started_again(tmp_path: Path) -> None:
    """Both come back by themselves and go on where they were, and what was typed meanwhile is said."""
    with daemon(cwd=tmp_path) as chat:
        port = chat.port
        with seat(*at(chat), home=tmp_path) as alice, seat(*at(chat, "--nick", "bob"), home=tmp_path) as bob:
            is_here(alice)
            bob.sees_line("You are bob")
            alice.types("before" + ENTER)
            bob.sees_line("<alice> before")
            os.kill(chat.process.pid, signal.SIGKILL)
            chat.process.wait()
            alice.sees_line("Trying again.")
            alice.types("while away" + ENTER)
            alice.sees(lambda seat: "1 waiting" in seat.screen[-1])
            with daemon(f"--port={port}", cwd=tmp_path):
                for person in (alice, bob):
                    person.sees_line("<alice> while away")
                    assert not any("new log" in row for row in person.screen)
                assert sum("while away" in row for row in bob.screen) == 1
                alice.sees(lambda seat: "2 here · connected" in seat.screen[-1])


def test_no_server_at_the_first_try_is_said_and_tried_again(tmp_path: Path) -> None:
    """In one line that says what to try."""
    with daemon(cwd=tmp_path) as chat:
        port, where = chat.port, at(chat)
    with seat(*where, home=tmp_path) as alice:
        alice.sees_line(f"Nothing listens on 127.0.0.1 port {port}.")
        with daemon(f"--port={port}", cwd=tmp_path):
            is_here(alice)


def test_the_end_is_told_once(tmp_path: Path) -> None:
    """What the server said when it closed is not said again by the client, which tries again."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path) as alice:
        is_here(alice)
        chat.ends(by=signal.SIGTERM)
        alice.sees_line("-- Trying again.")
        assert sum("The server is shutting down." in row for row in alice.screen) == 1


def test_the_server_is_shown_by_its_name_with_what_it_has_to_say(tmp_path: Path) -> None:
    """As `nc` shows it."""
    (tmp_path / "motd").write_text("Lunch at 12.\nمرحبا\n", "utf-8")
    with (
        daemon("--port=0", "--name=Büro", "--motd=motd", cwd=tmp_path) as chat,
        seat(*at(chat), home=tmp_path) as alice,
    ):
        is_here(alice)
        assert [row[6:] for row in alice.screen[:4]] == [
            "-- Welcome to Büro (lanchatd 0.1.0).",
            "-- Lunch at 12.",
            "-- مرحبا",
            "-- You are alice in #lobby. /help lists the commands.",
        ]


def test_no_private_message_is_in_the_file_of_what_was_typed(tmp_path: Path) -> None:
    """It can be called back in this run only; and the file of an older version is moved."""
    old = tmp_path / ".local/state/lanchat/history"
    old.parent.mkdir(parents=True)
    old.write_text("old\n/reply old secret\n")
    with daemon(cwd=tmp_path) as chat, chat.join("bob"):
        with seat(*at(chat), home=tmp_path) as alice:
            is_here(alice)
            alice.types("/msg bob secret" + ENTER + "hello" + ENTER)
            alice.sees_line("<alice> hello")
            alice.types(UP + UP)
            alice.sees(lambda seat: seat.typed_row == "/msg bob secret")
            alice.types(CTRL_C + CTRL_D)
            assert alice.ends() == 0
        assert (tmp_path / ".local/state/lanchatd/history").read_text() == "old\nhello\n"
        assert not old.parent.exists()
        assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"secret" in path.read_bytes()]


def test_who_wants_no_file_of_what_was_typed_has_none(tmp_path: Path) -> None:
    """It is neither written nor read."""
    kept = tmp_path / ".local/state/lanchatd/history"
    kept.parent.mkdir(parents=True)
    kept.write_text("of another run\n")
    with daemon(cwd=tmp_path) as chat, seat(*at(chat, "--no-save"), home=tmp_path) as alice:
        is_here(alice)
        alice.types("hello" + ENTER)
        alice.sees_line("<alice> hello")
        alice.types(UP + UP)
        alice.sees(lambda seat: seat.typed_row == "hello")
        alice.types(CTRL_C + CTRL_D)
        assert alice.ends() == 0
    assert kept.read_text() == "of another run\n"


def test_a_paste_that_is_never_ended_ends_by_itself(tmp_path: Path) -> None:
    """What came of it is in the row, and the keys are heard again."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path) as alice:
        is_here(alice)
        alice.types("\x1b[200~pasted")
        alice.sees(lambda seat: seat.typed_row == "pasted")
        alice.types(" and typed" + ENTER)
        alice.sees_line("<alice> pasted and typed")


def test_ctrl_c_ends_a_paste_that_is_never_ended(tmp_path: Path) -> None:
    """And nothing of it is said; what was typed before is still there."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path) as alice:
        is_here(alice)
        alice.types("mine\x1b[200~one\ntwo" + CTRL_C + " alone" + ENTER)
        alice.sees_line("<alice> mine alone")
        alice.types("\x1b[200~three" + CTRL_C + CTRL_C + CTRL_C)
        assert alice.ends() == 0
        assert not any("one" in row.split() or "three" in row for row in alice.screen)


def test_who_is_told_to_stop_gives_the_terminal_back_first(tmp_path: Path) -> None:
    """As with Ctrl-Z: `kill -TSTP` leaves no raw terminal behind."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path) as alice:
        is_here(alice)
        alice.types("half")
        alice.sees(lambda seat: seat.typed_row == "half")
        for times in (1, 2):  # it is ready for the next one
            alice.process.send_signal(signal.SIGTSTP)
            alice.sees(lambda seat, times=times: seat.raw.count(b"\x1b[?2004l") == times)  # type: ignore[misc]
            alice.sees(lambda seat, times=times: seat.raw.count(b"\x1b[?2004h") == times + 1)  # type: ignore[misc]
        alice.types(" whole" + ENTER)
        alice.sees_line("<alice> half whole")


@pytest.mark.parametrize("columns", [30, 47, 61])
def test_words_stay_whole(tmp_path: Path, columns: int) -> None:
    """In a window of any width, whoever said them."""
    with (
        daemon(cwd=tmp_path) as chat,
        chat.join("bob") as bob,
        seat(*at(chat), home=tmp_path, size=(columns, 24)) as alice,
    ):
        alice.sees(lambda seat: "You are alice in #lobby." in " ".join(row.strip() for row in seat.screen))
        text = "a topic with words that are of all kinds of lengths, so that some row ends within one"
        bob.types(f"/topic {text}", text)
        for told in (f"set the topic: {text}", f"<bob> {text}"):
            alice.sees(lambda seat, told=told: told in " ".join(row.strip() for row in seat.screen))  # type: ignore[misc]
