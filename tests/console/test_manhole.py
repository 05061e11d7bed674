"""The Python prompt inside the daemon, as an administrator sees it; and the same Python from a script."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from lanchatd.client.colours import NICK_COLOURS
from lanchatd.console import colours
from lanchatd.console.interpreter import TRIED_WITH_EACH_LINE
from lanchatd.console.manhole import LONGEST_STATEMENT, Manhole
from lanchatd.ssh.application import Identity
from tests.seat import CTRL_C, CTRL_D, CTRL_L, ENTER, TAB, UP, Seat, pasted

BOB = Identity("manhole", "SHA256:mK3v", "bob@desk", "192.0.2.7")


class Thing:
    """Something with attributes, for Tab and for help."""

    asked = 0

    def __repr__(self) -> str:
        return "a thing"

    @property
    def costly(self) -> int:
        self.asked += 1
        return self.asked

    def cheap(self, amount: int) -> int:
        return amount

    def __getattr__(self, name: str) -> Any:
        if name == "broken":
            raise RuntimeError("broken")
        raise AttributeError(name)


class Python:
    """Somebody at the Python prompt, at a terminal if it has a width."""

    def __init__(self, columns: int | None = 80, **names: object) -> None:
        self.seat = Seat(columns or 80)
        self.recorded: list[tuple[str, str]] = []
        self.given: dict[str, object] = {"later": Deferred(), "thing": Thing(), **names}
        self.manhole = Manhole(BOB, self.seat, self.given, self.record, ["thing", "1 + 1"])
        if columns is not None:
            self.manhole.begin(columns)

    def record(self, line: str, result: str) -> None:
        self.recorded.append((line, result))

    def types(self, *keys: str) -> None:
        self.manhole.typed("".join(keys).encode())

    def fires(self, result: object) -> None:
        """What `later` in the namespace stands for has come."""
        later: Any = self.given["later"]
        later.callback(result)

    @property
    def screen(self) -> list[str]:
        """What is shown below the greeting."""
        return self.seat.screen[2:]


@pytest.fixture
def python() -> Python:
    return Python()


# -- at a terminal


def test_it_says_where_one_is(python: Python) -> None:
    """And which Python, who, how to find out more, and how to leave."""
    version = ".".join(map(str, sys.version_info[:3]))
    assert python.seat.screen == [
        f"-- Python {version} inside the running daemon. You are bob@desk from 192.0.2.7.",
        "-- help() says what is there; exit() or Ctrl-D leaves.",
        ">>>",
    ]


def test_a_value_is_shown_and_remembered(python: Python) -> None:
    """As at Python's own prompt: not None, and the last one is the underscore."""
    python.types("1 + 1", ENTER, "None", ENTER, "_ * 21", ENTER, ENTER)
    assert python.screen == [">>> 1 + 1", "2", ">>> None", ">>> _ * 21", "42", ">>>", ">>>"]


def test_names_stay_with_the_session(python: Python) -> None:
    """What was given is not changed by what is assigned here."""
    python.types("thing = 5", ENTER, "thing + 1", ENTER)
    assert python.screen[-2:] == ["6", ">>>"]
    assert isinstance(python.given["thing"], Thing)


def test_a_block_has_prompts_of_its_own(python: Python) -> None:
    """Until an empty line; each value in it is shown on a line."""
    python.types("for x in range(2):", ENTER, TAB, "x", ENTER)
    assert python.screen == [">>> for x in range(2):", "...     x", "..."]
    python.types(ENTER)
    assert python.screen == [">>> for x in range(2):", "...     x", "...", "0", "1", ">>>"]


def test_what_is_printed_is_shown(python: Python) -> None:
    """On standard output and standard error; a line that was not ended is ended."""
    python.types("import sys", ENTER, "print('one', 'two'); _ = sys.stderr.write('three')", ENTER)
    assert python.screen[2:] == ["one two", "three", ">>>"]


def test_python_of_any_script_can_be_typed(python: Python) -> None:
    """Arabic, Chinese and emoji, with the cursor where it belongs."""
    python.types("s = 'مرحبا 山 🙂'", ENTER, "print(s[::-1])", ENTER, "名 = '山'")
    assert "🙂 山 ابحرم" in [row.replace("🙂  ", "🙂 ").replace("山  ", "山 ") for row in python.screen]
    assert python.seat.column == len(">>> 名 = '山'") + 2


@pytest.mark.parametrize(
    ("line", "last"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("x y", "SyntaxError: invalid syntax"),
        ("nobody", "NameError: name 'nobody' is not defined"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("thing.broken", "RuntimeError: broken"),
        ("input()", "EOFError: EOF when reading a line"),
        ("await nobody()", "NameError: name 'nobody' is not defined"),
        ("-" * 10_000 + "1", ("MemoryError", "RecursionError")),  # of the parser, by its version
        ("'\\ud800'", "'\\ud800'"),
    ],
)
def test_no_exception_ends_the_session(python: Python, line: str, last: str | tuple[str, ...]) -> None:
    """It is shown without the daemon's part of the traceback."""
    python.types(line, ENTER)
    assert any(row.startswith(last) for row in python.screen[-3:-1])
    assert "runcode" not in python.seat.out
    python.types("1 + 1", ENTER)
    assert python.screen[-2:] == ["2", ">>>"]
    assert python.seat.code is None


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("exit()", 0, ""),
        ("quit()", 0, ""),
        ("exit(3)", 3, ""),
        ("exit(-1)", 255, ""),
        ("import sys; sys.exit('bye')", 1, "bye"),
        ("await thing.later_exit()", 4, ""),
    ],
)
def test_exit_ends_the_session_and_not_the_daemon(line: str, code: int, told: str) -> None:
    """Nor is the daemon's standard input closed, which Python's own `exit` does."""
    python = Python()
    python.types("import sys", ENTER, "async def later_exit(): sys.exit(4)", ENTER, ENTER)
    python.types("thing.later_exit = later_exit", ENTER, line, ENTER, "1 + 1", ENTER)
    assert python.seat.code == code
    assert (told in python.seat.out) and "SystemExit" not in python.seat.out
    assert not sys.stdin.closed
    assert python.recorded[-1][1].startswith("SystemExit")
    assert python.seat.row == ""


def test_ctrl_d_leaves(python: Python) -> None:
    """On an empty line, also within a block, which is not run."""
    python.types("if True:", ENTER, "    thing.asked = 9", ENTER, CTRL_D)
    assert python.seat.code == 0
    assert python.seat.errors == ""
    assert Thing.asked == 0
    assert ("    thing.asked = 9", "entered") in python.recorded


def test_ctrl_c_drops_what_was_not_run(python: Python) -> None:
    """The line and the block that it belongs to."""
    python.types("if True:", ENTER, "    1", ENTER, "    2", CTRL_C, "3", ENTER)
    assert python.screen == [
        ">>> if True:",
        "...     1",
        "...     2",
        "KeyboardInterrupt",
        ">>> 3",
        "3",
        ">>>",
    ]


def test_a_paste_works_like_typing(python: Python) -> None:
    """Its last line waits for Enter."""
    python.types(pasted("def twice(x):\n\treturn 2 * x\n\ntwice(4)\r\ntwice("), "21)")
    assert python.screen == [
        ">>> def twice(x):",
        "...  return 2 * x",
        "...",
        ">>> twice(4)",
        "8",
        ">>> twice(21)",
    ]
    python.types(ENTER)
    assert python.screen[-2:] == ["42", ">>>"]


def test_a_long_paste_is_run(python: Python) -> None:
    """Python does not read it from its beginning with each of its lines."""
    lines = "".join(f"    x = {number:,}\n".replace(",", "_") for number in range(2_000))
    assert TRIED_WITH_EACH_LINE < len(lines) < LONGEST_STATEMENT
    python.types(pasted(f"def long():\n{lines}    return x\n\nlong()\n"))
    assert python.screen[-2:] == ["1999", ">>>"]


def test_a_very_long_statement_ends_with_an_empty_line(python: Python) -> None:
    """Also where a bracket would have ended it."""
    lines = TRIED_WITH_EACH_LINE // 64
    python.types(pasted("print(len([\n" + f"'{'x' * 64}',\n" * lines + "]))\n"))
    assert python.screen[-2:] == ["... ]))", "..."]
    python.types(ENTER)
    assert python.screen[-2:] == [str(lines), ">>>"]


def test_a_statement_too_long_ends_the_session(python: Python) -> None:
    """What is left of it would be run as something else."""
    text = "text = '''\n" + "thing.asked = 9\n" * 5_000 + "'''\n"
    python.types(pasted(text + "print('run')\n"))
    assert python.seat.code == 1
    assert "!! A statement has at most 65,536 characters." in python.screen
    assert not any(result == "done" for _, result in python.recorded)


def test_ctrl_l_clears_and_up_brings_back(python: Python) -> None:
    """Also what was typed with this key on another day."""
    python.types("1", ENTER, CTRL_L)
    assert python.seat.screen == [">>>"]
    python.types(UP, UP)
    assert python.seat.row == ">>> 1 + 1"


def test_nothing_shown_can_do_anything_to_the_terminal(python: Python) -> None:
    """Such as a line that somebody said."""
    python.types("print('\\x1b[2Jhere')", ENTER)
    assert python.screen[1] == "\ufffd[2Jhere"


def test_what_is_not_utf8_is_refused(python: Python) -> None:
    """Rather than run with another text than was meant."""
    python.manhole.typed(b"'andr\xe9'\r")
    assert python.screen[1] == "!! That line is not UTF-8; nothing was done."
    assert python.recorded == []


# -- Tab


@pytest.mark.parametrize(
    ("typed", "row"),
    [
        ("thi", ">>> thing"),
        ("print(thi", ">>> print(thing"),
        ("impo", ">>> import"),
        ("thing.che", ">>> thing.cheap("),
        ("x = thing.cos", ">>> x = thing.costly"),
        ("thing.costly.", ">>> thing.costly."),
        ("nobody.x", ">>> nobody.x"),
        ("thing[0].x", ">>> thing[0].x"),
        ("print(", ">>> print("),
        ("", ">>>"),
    ],
)
def test_tab_completes_names_and_attributes(python: Python, typed: str, row: str) -> None:
    """Of anything in the namespace, of Python itself, and nothing where nothing fits."""
    python.types(typed, TAB)
    assert python.seat.row == row
    assert python.seat.column == {"": len(">>>     "), "impo": len(">>> import ")}.get(typed, len(row))


def test_tab_lists_what_fits(python: Python) -> None:
    """And calls no property of what it lists."""
    python.types("thing.", TAB, TAB)
    assert python.screen == [">>> thing.", "thing.asked thing.cheap( thing.costly"]
    assert python.given["thing"].asked == 0  # type: ignore[attr-defined]


def test_tab_survives_what_an_attribute_does() -> None:
    """It raises something of its own, or prints."""

    class Hostile:
        def __dir__(self) -> list[str]:
            sys.stdout.write("looked at\n")
            raise RuntimeError

    python = Python(hostile=Hostile())
    python.types("hostile.x", TAB)
    assert python.screen == ["looked at", ">>> hostile.x"]


# -- help


def test_help_says_what_names_there_are(python: Python) -> None:
    """Python's own would wait for the daemon's standard input."""
    python.types("help", ENTER, "help()", ENTER)
    told = "There is help, later, thing. dir(x) says what x has."
    assert python.screen == [">>> help", told, ">>> help()", told, ">>>"]


def test_a_help_that_was_given_is_kept() -> None:
    """It knows more."""
    python = Python(help=lambda: sys.stdout.write("so it is\n") and None)
    python.types("help()", ENTER)
    assert python.screen == [">>> help()", "so it is", ">>>"]


def test_help_of_python_itself_asks_nobody(python: Python) -> None:
    """Whoever finds it all the same is not answered with what the daemon has on standard input."""
    python.types("import builtins, pydoc", ENTER, "pydoc.help()", ENTER)
    assert "leaving help" in " ".join(python.screen)
    assert python.seat.row == ">>>"


# -- Deferreds and await


def test_a_deferred_is_shown_when_it_fires(python: Python) -> None:
    """Above what is being typed, which stays."""
    python.types("later", ENTER, "later", ENTER, "1 + ")
    python.fires(7)
    shown = [
        ">>> later",
        "<Deferred #0>",
        ">>> later",
        "<Deferred #0>",
        "Deferred #0 called back: 7",
        ">>> 1 +",
    ]
    assert python.screen == shown
    assert python.seat.column == len(">>> 1 + ")
    python.types("1", ENTER, "later", ENTER)
    assert python.screen[-4] == "2"
    assert "current result: 7" in python.screen[-2]


def test_a_deferred_that_is_shown_stays_as_it_was(python: Python) -> None:
    """The daemon itself gets the same result, though it has no text."""

    class Nameless:
        def __repr__(self) -> str:
            raise RuntimeError("no text")

    later: Any = python.given["later"]
    python.types("later", ENTER)
    nameless = Nameless()
    python.fires(nameless)
    got: list[object] = []
    later.addCallback(got.append)
    assert got == [nameless]
    assert python.seat.row == ">>>"


def test_a_deferred_that_fails_is_shown(python: Python) -> None:
    """And its failure is still there for who looks after it."""
    later: Any = python.given["later"]
    python.types("later", ENTER)
    later.errback(RuntimeError("no luck"))
    assert python.screen[-2:] == ["Deferred #0 failed: 'no luck'", ">>>"]
    failures: list[Any] = []
    later.addErrback(failures.append)
    assert failures[0].check(RuntimeError)


def test_what_is_awaited_is_waited_for(python: Python) -> None:
    """Without a prompt meanwhile; what is typed is kept, and runs when it is there."""
    python.types("x = await later", ENTER, "x * 2", ENTER, "x")
    assert python.screen == [">>> x = await later", "x"]
    python.fires(21)
    assert python.screen == [">>> x = await later", ">>> x * 2", "42", ">>> x"]


def test_the_value_of_await_is_shown(python: Python) -> None:
    """At once if it is there, and remembered; in a block too."""
    python.fires(None)
    python.types("await later", ENTER, "async def five(): return 5", ENTER, ENTER)
    python.types("await five() + 1", ENTER, "for _ in range(2):", ENTER, "    await five()", ENTER, ENTER)
    assert python.screen == [
        ">>> await later",
        ">>> async def five(): return 5",
        "...",
        ">>> await five() + 1",
        "6",
        ">>> for _ in range(2):",
        "...     await five()",
        "...",
        "5",
        "5",
        ">>>",
    ]


def test_what_is_printed_behind_an_await_is_shown(python: Python) -> None:
    """And what the daemon prints while it is awaited is not."""
    python.types("print('before'); print('got', await later); await thing.missing", ENTER)
    assert python.screen[1:] == ["before"]
    assert sys.stdout is not python.manhole
    stdout = sys.stdout
    python.fires(1)
    assert sys.stdout is stdout
    assert python.screen[2] == "got 1"
    assert python.screen[-2:] == ["AttributeError: missing", ">>>"]


def test_a_failure_that_is_awaited_is_an_exception(python: Python) -> None:
    """With a traceback, and nothing in the daemon's log."""
    later: Any = python.given["later"]
    python.types("await later", ENTER)
    later.errback(RuntimeError("no luck"))
    assert python.screen[1:] == [
        "Traceback (most recent call last):",
        '  File "<console>", line 1, in <module>',
        *python.screen[3:-2],  # where the Deferred is waited for, in Twisted
        "RuntimeError: no luck",
        ">>>",
    ]
    assert "console/interpreter.py" not in python.seat.out
    assert python.recorded == [("await later", "entered"), ("await later", "RuntimeError: no luck")]


def test_ctrl_c_cancels_what_is_awaited(python: Python) -> None:
    """With the lines that wait for it."""
    python.types("while True: await later", ENTER, ENTER, "2", ENTER, CTRL_C)
    assert python.screen[2:] == ["KeyboardInterrupt", "-- 1 line was not run.", ">>>"]
    assert python.recorded[-1] == ("while True: await later", "KeyboardInterrupt")
    assert python.given["later"].called  # type: ignore[attr-defined]


def test_what_others_cancel_is_an_exception(python: Python) -> None:
    """Nobody pressed Ctrl-C; or only before."""
    python.types(CTRL_C, "await later", ENTER)
    later: Any = python.given["later"]
    later.cancel()
    assert "CancelledError" in python.screen[-2]


def test_who_catches_the_cancelling_goes_on(python: Python) -> None:
    """Ctrl-C again cancels what is awaited then."""
    program = "try:\n    await later\nexcept BaseException as error:\n    print(type(error).__name__)\n\n"
    python.types(pasted(program), CTRL_C)
    assert python.screen[-2:] == ["CancelledError", ">>>"]
    python.types("raise error", ENTER)
    assert "NameError" in python.screen[-2]


def test_closing_cancels_what_is_awaited(python: Python) -> None:
    """A loop that shows something every second ends with who wanted to see it; the record says how."""
    python.types("await later", ENTER)
    shown = python.seat.out
    python.manhole.closed()
    assert python.given["later"].called  # type: ignore[attr-defined]
    assert python.recorded[-1] == ("await later", "KeyboardInterrupt")
    assert python.seat.out == shown


def test_a_result_that_comes_too_late_goes_nowhere(python: Python) -> None:
    """Nothing is shown or logged, and who else waits for it gets it."""
    later: Any = python.given["later"]
    python.types("later", ENTER)
    python.manhole.closed()
    shown = python.seat.out
    later.errback(RuntimeError("no luck"))
    failures: list[Any] = []
    later.addErrback(failures.append)
    assert failures[0].check(RuntimeError)
    assert python.seat.out == shown


def test_two_seats_do_not_hear_each_other() -> None:
    """What runs at one of them may make something go on at the other."""
    one = Python()
    two = Python(later=one.given["later"])
    one.types("print(await later)", ENTER)
    two.types("print('two'); later.callback('one'); print('two again')", ENTER)
    assert one.screen == [">>> print(await later)", "one", ">>>"]
    assert [row for row in two.screen if "two" in row][1:] == ["two", "two again"]


# -- what is recorded


def test_every_line_is_recorded_before_it_runs() -> None:
    """And what became of the whole statement; an empty line is none."""
    seen: list[list[tuple[str, str]]] = []

    def look() -> None:
        seen.append(list(seat.recorded))

    seat = Python(look=look)
    seat.types("look()", ENTER, ENTER, "if look:", ENTER, "    1 / 0", ENTER, ENTER, "x y", ENTER)
    assert seen == [[("look()", "entered")]]
    assert seat.recorded == [
        ("look()", "entered"),
        ("look()", "done"),
        ("if look:", "entered"),
        ("    1 / 0", "entered"),
        ("if look:\n    1 / 0", "ZeroDivisionError: division by zero"),
        ("x y", "entered"),
        ("x y", "SyntaxError: invalid syntax"),
    ]


def test_an_exception_is_recorded_in_one_short_line(python: Python) -> None:
    """Whatever it says, and with notes or without."""
    python.types("raise ValueError('one\\ntwo')", ENTER, "raise ValueError('x' * 1000)", ENTER)
    python.types("e = ValueError('noted'); e.add_note('note'); raise e", ENTER)
    assert [result for _, result in python.recorded if result != "entered"] == [
        "ValueError: one",
        "ValueError: " + "x" * 188,
        "ValueError: noted",
    ]


def test_what_is_awaited_is_recorded_when_it_is_done(python: Python) -> None:
    """Not before."""
    python.types("await later", ENTER)
    assert python.recorded == [("await later", "entered")]
    python.fires(1)
    assert python.recorded[1:] == [("await later", "done")]


# -- colours


def test_python_is_coloured_as_it_is_typed(python: Python) -> None:
    """Before it is finished, and when it was entered; the cursor is where it belongs."""
    python.types("if print('open")
    assert python.seat.row == ">>> if print('open"
    assert python.seat.column == len(python.seat.row)
    assert python.seat.colour("if") != "default"
    assert python.seat.colour("'open") not in ("default", python.seat.colour("if"))
    assert python.seat.colour("print") == "default"


def test_a_text_of_several_lines_is_one_text(python: Python) -> None:
    """No keyword in it is coloured as one."""
    python.types('x = """', ENTER, "if None", ENTER, 'else""" if x')
    assert python.seat.colour("else") != python.seat.colour("if x")
    assert python.seat.colour("else") != "default"


def test_a_line_that_does_not_fit_has_no_colours(python: Python) -> None:
    """Only a part of it is in the row."""
    python.types("x = '" + "a" * 100)
    assert python.seat.colour("aaa") == "default"
    python.types(CTRL_C, "\x12thing")
    assert python.seat.row.startswith("(search 'thing')")


def bare(shown: str) -> str:
    for colour in colours.COLOURS.values():
        shown = shown.replace(f"\x1b[38;5;{colour}m", "")
    return shown.replace("\x1b[0m", "")


PYTHON = st.lists(
    st.sampled_from(
        ["if", "None", "x", "1", "0x1f", " ", "'", '"', "'''", '"""', "\\", "#", "\n", "f'", "rb"]
    )
    | st.sampled_from(
        ["山", "é", "e\u0301", "\u0301", "🙂", "👩\u200d👩\u200d👧", "❤", "\ufe0f", "\u200d", "🇩🇪", "("]
    ),
    max_size=20,
).map("".join)


@given(PYTHON)
def test_colours_change_no_text(source: str) -> None:
    """Whatever is typed, finished or not."""
    assert bare(colours.coloured(source)) == source.rpartition("\n")[2]


def test_colours_never_part_what_is_one_character() -> None:
    """A keycap is a digit and two signs: coloured, it would take another number of columns."""
    assert colours.coloured("1\ufe0f\u20e3") == "1\ufe0f\u20e3"
    assert colours.coloured("x" * colours.LONGEST + " 1") == "x" * colours.LONGEST + " 1"


def test_colours_can_be_read_on_dark_and_on_light() -> None:
    """They are from the nicks', whose contrast is tested."""
    assert set(colours.COLOURS.values()) <= set(NICK_COLOURS)


KEYS = (
    *("x = 1", "x", "if x:", "print(x)", "    y = 'a'", "'山 🙂'", "1/0", "thing.", "help", "await later"),
    *(ENTER, ENTER, ENTER, ENTER, TAB, UP, CTRL_C, "\x7f", "\x1b[D", "\x01", "exit()\r"),
    *(pasted("for x in range(2):\n    x\n\nx"), pasted("one"), "import sys\r", " ", "~"),
)


@settings(max_examples=60)
@given(st.lists(st.sampled_from(KEYS), max_size=12), st.data())
def test_any_segmentation_shows_the_same(keys: list[str], choices: st.DataObject) -> None:
    """Tab knows the names that a line just before it has made."""
    typed = "".join(keys).encode()
    whole, parts = Python(30), Python(30)
    whole.manhole.typed(typed)
    while typed:
        size = choices.draw(st.integers(1, len(typed)))
        parts.manhole.typed(typed[:size])
        typed = typed[size:]
    assert parts.recorded == whole.recorded
    assert parts.seat.code == whole.seat.code
    assert parts.seat.screen == whole.seat.screen
    assert (parts.seat.row, parts.seat.column) == (whole.seat.row, whole.seat.column)


# -- one line, ``ssh manhole@host 'print(len(members))'``


@pytest.mark.parametrize(
    ("line", "code", "out", "error"),
    [
        ("print(6 * 7)", 0, "42\n", ""),
        ("6 * 7", 0, "42\n", ""),
        ("print('a\\tb', end='')", 0, "a\tb", ""),
        ("1 / 0", 1, "", "ZeroDivisionError: division by zero"),
        ("x y", 1, "", "SyntaxError: invalid syntax"),
        ("for x in range(2):\n  print(x)", 0, "0\n1\n", ""),
        ("x = (1,\n2)\nx", 0, "(1, 2)\n", ""),
        ("(1,", 1, "", "SyntaxError: the input ended in the middle of a statement."),
        ("exit(3)", 3, "", ""),
        ("exit('bye')", 1, "", "bye"),
        ("", 0, "", ""),
        ("'\udce9'", 1, "", "That line is not UTF-8; nothing was done."),
    ],
)
def test_one_line_and_how_it_ends(line: str, code: int, out: str, error: str) -> None:
    """Values on standard output, the traceback on standard error."""
    python = Python(None)
    python.manhole.run(line)
    assert (python.seat.code, python.seat.out) == (code, out)
    assert python.seat.errors.rpartition("\n")[0].endswith(error) and bool(error) == bool(python.seat.errors)


@pytest.mark.parametrize(("result", "code"), [(7, 0), (RuntimeError("no luck"), 1)])
def test_one_line_that_awaits(result: object, code: int) -> None:
    """It ends when it is there."""
    python = Python(None)
    python.manhole.run("await later")
    assert python.seat.code is None
    later: Any = python.given["later"]
    (later.errback if code else later.callback)(result)
    assert python.seat.code == code
    assert python.seat.out == ("" if code else "7\n")
    assert ("no luck" in python.seat.errors) == bool(code)
    assert len(python.recorded) == 2


# -- a script on standard input, ``ssh -T manhole@host < script``


def test_a_script_is_entered_line_by_line() -> None:
    """As at the prompt, without its marks; what is behind an await waits for it."""
    python = Python(None)
    python.manhole.begin(None)
    python.types("def f(x):\n    return x + 1\n\nprint(f(await later))\n1 / 0\nf(1)\n")
    python.manhole.input_ended()
    assert (python.seat.code, python.seat.out) == (None, "")
    python.fires(1)
    assert (python.seat.code, python.seat.out) == (0, "2\n2\n")
    assert python.seat.errors.endswith("ZeroDivisionError: division by zero\n")


def test_a_script_ends_as_its_last_statement() -> None:
    """Which may end with the script."""
    python = Python(None)
    python.manhole.begin(None)
    python.types("if True:\n  1 / 0")
    python.manhole.input_ended()
    assert python.seat.code == 1
    assert python.recorded[-1] == ("if True:\n  1 / 0", "ZeroDivisionError: division by zero")
