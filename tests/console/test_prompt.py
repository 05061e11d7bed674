"""The prompt for commands, as an administrator sees it; and the same commands from a script."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanchatd.chat.answers import Answer
from lanchatd.console.dialogue import Ended
from lanchatd.console.prompt import Prompt
from lanchatd.console.work_queue import MOST_WAITING, WorkQueue
from lanchatd.terminal.editor import LONGEST_LINE
from tests.seat import ALICE, CTRL_C, CTRL_D, CTRL_L, ENTER, TAB, UP, Seat, pasted


class Commands:
    """Commands that need no daemon. `slow` answers when it is let."""

    prompt = "office> "

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.late: list[tuple[Callable[[str], None], Answer[Ended]]] = []

    def run(
        self,
        line: str,
        show: Callable[[str], None],
        columns: int | None = None,
        sure: bool = False,
    ) -> Answer[Ended]:
        self.ran.append(line + " for sure" * sure)
        match line.split():
            case ["who"]:
                show("alice\nbob\n")
                return Answer.of(Ended(0))
            case ["say", *words]:
                show(" ".join(words))
                show("\n")
                return Answer.of(Ended(0))
            case ["kick", nick]:
                return Answer.of(Ended(1, f"There is no {nick} here."))
            case ["columns"]:
                show(f"{columns}\n")
                return Answer.of(Ended(0))
            case ["stop"] if sure:
                show("stopped\n")
                return Answer.of(Ended(0))
            case ["stop"]:
                return Answer.of(Ended(3, "It would stop."))
            case ["slow"]:
                self.late.append((show, Answer()))
                return self.late[-1][1]
            case _:
                return Answer.of(Ended(2, "No such command."))

    def complete(self, word: str, before: str) -> Sequence[str]:
        return [name + " " for name in ("kick", "who", "why") if name.startswith(word)]

    def history(self) -> Sequence[str]:
        return ["who", "kick carol"]


class Console:
    """Somebody at the prompt, at a terminal if it has a width."""

    def __init__(self, columns: int | None = 80) -> None:
        self.seat = Seat(columns or 80)
        self.commands = Commands()
        self.prompt = Prompt(ALICE, self.seat, self.commands)
        self.prompt.begin(columns)

    def types(self, *keys: str) -> None:
        self.prompt.typed("".join(keys).encode())

    def answers(self, *shown: str, code: int = 0, reason: str = "") -> None:
        """The oldest slow command does."""
        show, done = self.commands.late.pop(0)
        for text in shown:
            show(text)
        done.settle(Ended(code, reason))

    @property
    def screen(self) -> list[str]:
        """What is shown below the greeting."""
        return self.seat.screen[2:]


@pytest.fixture
def console() -> Console:
    return Console()


# -- at a terminal


@pytest.mark.parametrize(
    ("answer", "shown", "ran"),
    [
        ("yes", "stopped", ["stop", "stop for sure"]),
        (" Y ", "stopped", ["stop", "stop for sure"]),
        ("no", "!! Nothing was done.", ["stop"]),
        ("", "!! Nothing was done.", ["stop"]),
        ("who", "!! Nothing was done.", ["stop"]),
    ],
)
def test_what_has_to_be_meant_is_asked_about(
    console: Console, answer: str, shown: str, ran: list[str]
) -> None:
    """Once; what is typed next is the answer, and no command."""
    console.types("stop", ENTER)
    assert console.screen == ["office> stop", "!! It would stop.", "Is that meant? (yes/no)"]
    console.types(answer, ENTER)
    assert console.screen[-2:] == [shown, "office>"]
    assert console.commands.ran[-len(ran) :] == ran


def test_ctrl_c_is_no_answer(console: Console) -> None:
    """And the next line is a command again."""
    console.types("stop", ENTER, "ye", CTRL_C, "who", ENTER)
    assert console.screen[-3:] == ["alice", "bob", "office>"]
    assert console.commands.ran == ["stop", "who"]


def test_what_is_shown_has_to_fit(console: Console) -> None:
    """In the columns of the terminal, as it is now."""
    console.types("columns", ENTER)
    console.prompt.resized(40)
    console.types("columns", ENTER)
    assert [row for row in console.screen if row.isdigit()] == ["79", "39"]


def test_it_says_where_one_is(console: Console) -> None:
    """And who, how to find out more, and how to leave."""
    assert console.seat.screen == [
        "-- The console of office. You are alice@laptop from 192.0.2.7.",
        "-- help lists the commands; exit or Ctrl-D leaves.",
        "office>",
    ]
    assert console.seat.column == len("office> ")


def test_a_command_is_answered_above_the_next(console: Console) -> None:
    """As in a shell, with the command before its answer."""
    console.types("who", ENTER)
    assert console.screen == ["office> who", "alice", "bob", "office>"]
    assert console.seat.column == len("office> ")


def test_a_refusal_is_told_as_in_the_chat(console: Console) -> None:
    """With two exclamation marks."""
    console.types("kick carol", ENTER, "dance", ENTER)
    assert console.screen == [
        "office> kick carol",
        "!! There is no carol here.",
        "office> dance",
        "!! No such command.",
        "office>",
    ]


def test_an_empty_line_is_only_another_prompt(console: Console) -> None:
    """No command is run."""
    console.types(ENTER, "  ", ENTER)
    assert console.screen == ["office>", "office>", "office>"]
    assert console.commands.ran == []


def test_what_arrives_leaves_what_is_being_typed(console: Console) -> None:
    """A command may show something when it is long done."""
    console.types("slow", ENTER)
    show, done = console.commands.late[0]
    done.settle(Ended(0))
    console.types("kick al\x1b[D")
    show("bob has ")
    show("left\n")
    assert console.screen == ["office> slow", "bob has", "left", "office> kick al"]
    assert console.seat.column == len("office> kick a")


def test_lines_wait_for_the_one_before(console: Console) -> None:
    """There is no prompt until it has answered, and what is typed meanwhile is run in order."""
    console.types("slow", ENTER, "who", ENTER, "sl")
    assert console.screen == ["office> slow", "sl"]
    assert console.commands.ran == ["slow"]
    console.answers("at last\n")
    assert console.screen == ["office> slow", "at last", "office> who", "alice", "bob", "office> sl"]


def test_a_line_without_an_end_is_shown(console: Console) -> None:
    """And a refusal does not stand behind it."""
    console.types("slow", ENTER)
    console.answers("half", code=1, reason="It broke.")
    assert console.screen == ["office> slow", "half", "!! It broke.", "office>"]


def test_tab_completes_and_up_brings_back(console: Console) -> None:
    """Also what was typed with this key on another day."""
    console.types("wh", TAB, TAB)
    assert console.screen == ["office> wh", "who why"]
    console.types("o", TAB)
    assert console.seat.row == "office> who"
    console.types(CTRL_C, UP, UP)
    assert console.seat.row == "office> who"
    console.types(CTRL_C, "dance", ENTER, UP)
    assert console.seat.row == "office> dance"


def test_ctrl_c_takes_the_line_away(console: Console) -> None:
    """What is typed behind it stays, however it came; on an empty line it does nothing."""
    console.types("kick everybody", CTRL_C, "who")
    assert console.screen == ["office> who"]
    console.types(CTRL_C, CTRL_C)
    assert console.screen == ["office>"]
    assert console.seat.code is None


def test_ctrl_c_takes_back_lines_that_wait(console: Console) -> None:
    """It says how many; the one that is running goes on."""
    console.types("slow", ENTER, "who", ENTER, "who", ENTER, CTRL_C)
    assert console.screen == ["office> slow", "-- 2 lines were not run."]
    console.types("kick bob", ENTER, CTRL_C)
    assert console.screen[2] == "-- 1 line was not run."
    console.answers()
    assert console.commands.ran == ["slow"]
    assert console.seat.row == "office>"


@pytest.mark.parametrize("way", [CTRL_D, "exit\r", "quit\r", " exit \r"])
def test_leaving(console: Console, way: str) -> None:
    """The terminal is given back with the cursor on an empty row, and nothing that comes later is run."""
    console.types("kick carol", ENTER, way, "who", ENTER)
    assert console.seat.code == 0
    assert console.commands.ran == ["kick carol"]
    assert console.seat.row == ""
    assert console.seat.out.endswith("\x1b[?2004l")
    console.prompt.closed()


def test_ctrl_d_within_a_line_leaves_nothing(console: Console) -> None:
    """It deletes, as in a shell."""
    console.types("who", "\x01", CTRL_D)
    assert console.seat.row == "office> ho"
    assert console.seat.code is None


def test_leaving_waits_for_what_was_typed_before(console: Console) -> None:
    """As it is when all comes at once, from a program that types."""
    console.types("slow", ENTER, "who", ENTER, CTRL_D)
    console.prompt.input_ended()
    assert console.seat.code is None
    console.answers()
    assert console.commands.ran == ["slow", "who"]
    assert console.seat.code == 0


def test_leaving_twice_does_not_wait(console: Console) -> None:
    """Nor is what waited run any more, or the late answer shown."""
    console.types("slow", ENTER, "who", ENTER, CTRL_D, CTRL_D)
    assert console.seat.code == 0
    console.answers("late\n", code=1, reason="Too late.")
    assert console.commands.ran == ["slow"]


def test_ctrl_c_takes_back_that_one_leaves(console: Console) -> None:
    """While it waits for a command."""
    console.types("slow", ENTER, CTRL_D, CTRL_C)
    console.answers()
    assert console.seat.code is None
    console.types("slow", ENTER, CTRL_D)
    assert console.seat.code is None


def test_many_lines_are_no_deep_recursion(console: Console) -> None:
    """Each is done when the next begins."""
    console.types(pasted("say x\n" * 3_000))
    console.types("slow", ENTER, pasted("say x\n" * 3_000))
    console.answers()
    assert len(console.commands.ran) == 6_001


def test_the_end_of_input_leaves(console: Console) -> None:
    """As Ctrl-D."""
    console.prompt.input_ended()
    assert console.seat.code == 0


def test_ctrl_l_clears(console: Console) -> None:
    """The line stays."""
    console.types("who", ENTER, "kick al", CTRL_L)
    assert console.seat.screen == ["office> kick al"]


def test_a_paste_is_run_line_by_line(console: Console) -> None:
    """The last line waits for Enter, as if all had been typed."""
    console.types("say ", pasted("one\nsay two\nkick bob"))
    assert console.screen == ["office> say one", "one", "office> say two", "two", "office> kick bob"]
    assert console.commands.ran == ["say one", "say two"]
    console.types(CTRL_C, UP)
    assert console.seat.row == "office> say two"


def test_too_much_at_once_is_refused(console: Console) -> None:
    """What waits is bounded; the rest is dropped, and that is said once, in its place."""
    line = "say " + "x" * 10_000
    console.types("slow", ENTER)
    for _ in range(MOST_WAITING // len(line) + 10):
        console.types(line, ENTER)
    console.answers()
    assert len(console.commands.ran) - 1 == MOST_WAITING // (len(line) + 1)
    refusal = "!! More than 1,048,576 characters wait to be run; what came then was dropped."
    assert console.screen[-2:] == [refusal, "office>"]
    assert console.seat.out.count(refusal) == 1
    console.types("who", ENTER)
    assert console.screen[-4:] == ["office> who", "alice", "bob", "office>"]


def test_there_is_room_again_for_what_was_done() -> None:
    """Only what waits counts, and not what was dropped."""
    queue, done = WorkQueue(lambda call: call()), Answer[None]()
    queue.add(lambda: done, MOST_WAITING)
    assert queue.room_for(MOST_WAITING)
    queue.add(Answer, MOST_WAITING)
    assert not queue.room_for(1)
    done.settle(None)
    assert queue.room_for(MOST_WAITING)
    queue.add(Answer, MOST_WAITING)
    assert queue.drop() == 1
    assert queue.room_for(MOST_WAITING)


def test_nothing_shown_can_do_anything_to_the_terminal(console: Console) -> None:
    """An escape sequence in a log line neither clears the screen nor colours it; a tab is some spaces."""
    console.types("slow", ENTER)
    console.answers("one\x1b[2J\x1b[31mtwo\r\n\tthree\n", code=1, reason="\x1b]0;title\x07")
    assert console.screen == [
        "office> slow",
        "one\ufffd[2J\ufffd[31mtwo",
        "        three",
        "!! \ufffd]0;title\ufffd",
        "office>",
    ]


def test_bytes_that_are_not_utf8_are_refused(console: Console) -> None:
    """In one line that says so: the terminal is set to something else."""
    console.prompt.typed(b"kick andr\xe9\r")
    assert console.screen == [
        "office> kick andr\ufffd",
        "!! That line is not UTF-8; nothing was done.",
        "office>",
    ]
    assert console.commands.ran == []


def test_the_bell_rings(console: Console) -> None:
    """When there is nothing to complete."""
    console.types("zzz", TAB)
    assert console.seat.out.count("\a") == 1


def test_unknown_keys_and_ctrl_z_do_nothing(console: Console) -> None:
    """There is no shell to go back to."""
    console.types("wh", "\x1a", "\x1b[15~", "o")
    assert console.screen == ["office> who"]


def test_another_width(console: Console) -> None:
    """A long line scrolls in the row, and shows more of itself in a wider window."""
    console.types("say " + "0123456789" * 8)
    assert console.seat.row.endswith("<" + ("0123456789" * 8)[-70:])
    console.seat.resize(100)
    console.prompt.resized(100)
    assert console.seat.row == "office> say " + "0123456789" * 8
    assert console.screen == [console.seat.row]


def test_a_terminal_without_a_width_is_a_usual_one() -> None:
    """`ssh -tt` from a script says 0 columns."""
    console = Console(0)
    console.types("who", ENTER)
    console.prompt.resized(0)
    assert console.screen == ["office> who", "alice", "bob", "office>"]


def test_without_a_comment_the_key_says_who(console: Console) -> None:
    """Its fingerprint does."""
    seat = Seat()
    nameless = type(ALICE)("admin", "SHA256:mK3v", "", "::1")
    Prompt(nameless, seat, Commands()).begin(80)
    assert "You are SHA256:mK3v from ::1." in seat.screen[0]


def test_nothing_is_shown_when_it_is_over(console: Console) -> None:
    """A connection that was cut while a command ran; what waited is not run."""
    console.types("slow", ENTER, "who", ENTER)
    shown = console.seat.out
    console.prompt.closed()
    console.answers("late\n", code=1, reason="Too late.")
    console.prompt.resized(40)
    console.types("who", ENTER)
    assert console.seat.out == shown
    assert console.seat.code is None
    assert console.commands.ran == ["slow"]


KEYS = (
    *(
        "who",
        "say ",
        "x",
        "山 🙂 é",
        "مرحبا",
        "nobody",
        pasted("say 1\nsay 2\r\nwh"),
        pasted("who"),
        "exit\r",
    ),
    *(
        "slow\r",
        "say 0123456789012345678901234567890123456789\r",
        ENTER,
        ENTER,
        ENTER,
        TAB,
        UP,
        CTRL_C,
        CTRL_D,
    ),
    *("\x7f", "\x17", "\x1b[D", "\x1b[C", "\x01", "\x12", CTRL_L),
)


@settings(max_examples=60)
@given(st.lists(st.sampled_from(KEYS), max_size=12), st.data())
def test_any_segmentation_shows_the_same(keys: list[str], choices: st.DataObject) -> None:
    """Whether a line comes byte by byte or with all that is behind it."""
    typed = "".join(keys).encode()
    whole, parts = Console(30), Console(30)
    whole.prompt.typed(typed)
    while typed:
        size = choices.draw(st.integers(1, len(typed)))
        parts.prompt.typed(typed[:size])
        typed = typed[size:]
    assert parts.commands.ran == whole.commands.ran
    assert parts.seat.code == whole.seat.code
    assert parts.seat.screen == whole.seat.screen
    assert (parts.seat.row, parts.seat.column) == (whole.seat.row, whole.seat.column)


# -- one command, ``ssh admin@host who``


@pytest.mark.parametrize(
    ("line", "code", "out", "errors"),
    [
        ("who", 0, "alice\nbob\n", ""),
        ("kick carol", 1, "", "There is no carol here.\n"),
        ("dance", 2, "", "No such command.\n"),
        ("who\nkick carol", 1, "alice\nbob\n", "There is no carol here.\n"),
        ("exit", 0, "", ""),
        ("", 0, "", ""),
        ("kick andr\udce9", 1, "", "That line is not UTF-8; nothing was done.\n"),
    ],
)
def test_one_command_and_how_it_ends(line: str, code: int, out: str, errors: str) -> None:
    """The answer on standard output, the reason on standard error."""
    seat = Seat()
    Prompt(ALICE, seat, Commands()).run(line)
    assert (seat.code, seat.out, seat.errors) == (code, out, errors)


def test_one_command_that_takes_its_time() -> None:
    """It ends when it is answered; what is on standard input is not looked at."""
    seat, commands = Seat(), Commands()
    prompt = Prompt(ALICE, seat, commands)
    prompt.run("slow")
    prompt.typed(b"who\n")
    prompt.input_ended()
    show, done = commands.late[0]
    show("done\n")
    assert seat.code is None
    done.settle(Ended(0))
    assert (seat.code, seat.out) == (0, "done\n")  # type: ignore[comparison-overlap]
    assert commands.ran == ["slow"]


def test_one_command_that_nobody_waits_for_any_more() -> None:
    """Its answer goes nowhere."""
    seat, commands = Seat(), Commands()
    prompt = Prompt(ALICE, seat, commands)
    prompt.run("slow")
    prompt.closed()
    show, done = commands.late[0]
    show("done\n")
    done.settle(Ended(1, "late"))
    assert (seat.code, seat.out, seat.errors) == (None, "", "")


# -- a script on standard input, ``ssh -T admin@host < script``


def script(*chunks: bytes) -> tuple[Seat, Commands]:
    console = Console(None)
    for chunk in chunks:
        console.prompt.typed(chunk)
    console.prompt.input_ended()
    return console.seat, console.commands


def test_a_script_is_run_line_by_line() -> None:
    """Plain text comes out, and it ends as its last command did."""
    seat, _ = script(b"who\nkick carol\n\nsay hi\r\n")
    assert (seat.out, seat.errors, seat.code) == ("alice\nbob\nhi\n", "There is no carol here.\n", 0)
    assert script(b"who\nkick carol\n\n")[0].code == 1
    assert script(b"dance")[0].code == 2
    assert script()[0].code == 0


def test_a_script_may_exit() -> None:
    """With what its last command ended with, as in a shell."""
    seat, commands = script(b"kick carol\nexit\nwho\n")
    assert (seat.code, commands.ran) == (1, ["kick carol"])


def test_a_script_waits_for_each_answer() -> None:
    """Its end too."""
    console = Console(None)
    console.types("slow\nwho\n")
    console.prompt.input_ended()
    assert (console.seat.out, console.seat.code) == ("", None)
    console.prompt.resized(40)
    console.answers("slowly\n")
    assert (console.seat.out, console.seat.code) == ("slowly\nalice\nbob\n", 0)


@pytest.mark.parametrize("more", [1, 2, LONGEST_LINE, 100_000])
def test_a_line_too_long_is_refused(more: int) -> None:
    """With the limit, whatever it is made of; the next one is run."""
    for character in ("x", "山", "🙂"):
        longest = character * LONGEST_LINE
        seat, commands = script(f"{longest}\r\n{longest}{character * more}\nwho\n".encode())
        refusal = "That line is longer than 16,384 characters; nothing was done."
        assert seat.errors == f"No such command.\n{refusal}\n"
        assert commands.ran == [longest, "who"]


def test_a_line_that_is_not_utf8_is_refused() -> None:
    """It counts as a command that was refused."""
    seat, commands = script(b"who\nkick andr\xe9\n")
    assert (seat.errors, seat.code) == ("That line is not UTF-8; nothing was done.\n", 1)
    assert commands.ran == ["who"]


def test_a_script_with_a_hole_is_not_run_on() -> None:
    """More than can wait came while a command took its time: what is behind it may need what was dropped."""
    console = Console(None)
    line = "say " + "x" * 10_000 + "\n"
    console.types("slow\n", line * (MOST_WAITING // len(line) + 1))
    console.answers()
    console.types("who\n")
    assert console.seat.code == 1
    assert "More than 1,048,576 characters wait" in console.seat.errors
    assert "who" not in console.commands.ran


@given(
    st.lists(st.sampled_from([b"who", b"say \xe5\xb1\xb1", b"\n", b"\r\n", b"\r", b"kick x", b"\xff"])),
    st.data(),
)
def test_any_segmentation_of_a_script_is_the_same(pieces: list[bytes], choices: st.DataObject) -> None:
    """Lines end where they end."""
    text = b"".join(pieces)
    cuts = sorted(choices.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    chunks = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    (whole, ran), (parts, parts_ran) = script(text), script(*chunks)
    assert (parts.out, parts.errors, parts.code) == (whole.out, whole.errors, whole.code)
    assert parts_ran.ran == ran.ran


def test_a_paste_that_is_never_ended_can_be_ended(console: Console) -> None:
    """By Ctrl-C, and then nothing of it is run; or when nothing comes for a while, and then it is whole."""
    console.types("\x1b[200~who\nwh", CTRL_C, "why")
    assert console.screen == ["office> why"]
    console.types(CTRL_C, "\x1b[200~who\nwh")
    console.prompt.nothing_typed()
    console.types("o")
    assert console.screen[-4:] == ["office> who", "alice", "bob", "office> who"]
    assert console.commands.ran == ["who"]


def test_the_words_of_an_answer_stay_whole_at_any_width() -> None:
    """A long line is in several rows."""
    words = "an answer with words that are of all kinds of lengths"
    for columns in range(20, 60):
        console = Console(columns)
        console.types("say 1", ENTER)
        console.commands.run(f"say {words}", console.prompt.show)
        assert f" {words} " in " ".join(row.strip() for row in console.seat.screen)
