"""The user's file of settings, and what comes of it."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanchatd.client.options import parse
from lanchatd.client.settings import (
    EXAMPLE,
    LARGEST_BYTES,
    MOST_ENTRIES,
    MOST_MISTAKES,
    Settings,
    read,
    settings_in,
)
from lanchatd.text import names
from tests.daemon import PATIENCE_S, daemon
from tests.preloaded import CLIENT, run
from tests.pseudo_terminal import Seat, at, seat

ENTER = "\r"
BELL = b"\a"


def written(home: Path, text: str) -> Path:
    file = home / ".config" / "lanchatd" / "client.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def is_here(alice: Seat) -> None:
    alice.sees_line("· connected")


# -- what is read


def test_the_example_is_what_holds_without_a_file() -> None:
    """And all that is a comment in it can be set."""
    assert settings_in(EXAMPLE) == Settings()
    rows = [re.sub(r"^# (\w+ = )", r"\1", row) for row in EXAMPLE.splitlines()]
    assert settings_in("\n".join(rows)) == Settings(
        nick="alice", rooms=("#lobby", "#dev"), highlights=("deploy", "@bob"), ignore=("mallory",),
        aliases={"j": "/join", "brb": "/away back in a minute"},
    )  # fmt: skip


def test_the_page_and_the_example_name_each_of_them() -> None:
    """As they are called in the file."""
    page = Path(__file__).parents[2].joinpath("docs", "client.md").read_text("utf-8")
    rows = [
        row
        for row in page.partition("## Settings")[2].partition("## In a pipe")[0].splitlines()
        if "|" in row
    ]
    named = re.findall(r"`\[?(\w+)\]?`", " ".join(row.split("|")[1] for row in rows))
    known = [one.name for one in fields(Settings) if one.name != "mistakes"]
    assert named == known
    assert all(re.search(rf"^# {name} = |^\[{name}\]", EXAMPLE, re.MULTILINE) for name in known)


def test_a_mistake_is_one_line_and_the_rest_holds() -> None:
    """With its row, whatever is wrong; a list may go on over rows."""
    text = """\
nick = "alice
rooms = [
  "#lobby",   # where all begin
  "dev",
]
bell = 7
ignore = ["a b"]
coulours = "auto"
colours = ["auto"]
colours = "dark"
highlights = "word"
time = "\\u0007"
notify = true
[aliases]
j = "/join"
"/W" = "/who"
bell = false
long.name = "say"
[other]
= 4
"""
    found = settings_in(text)
    name = "A nick has 1 to 32 letters, digits, '_', '-' and '.', and begins with a letter, a digit or '_'"
    assert found.mistakes == (
        "row 1: this is not TOML: unterminated string.",
        "row 6: bell: it has to be true or false.",
        f"row 7: ignore: {name}.",
        "row 8: there is no setting coulours (there is colours).",
        "row 9: colours: it has to be one of auto, dark, light, none, in quotes.",
        "row 10: colours is set in row 9 already.",
        'row 11: highlights: it has to be a list: ["…", "…"].',
        "row 12: time: that text holds a character that can't be shown.",
        'row 17: below [aliases] is a word and its command, in quotes: j = "/join".',
        'row 18: an alias is for a command: "/…".',
        "row 19: there is no setting other.",
        "row 20: this is not TOML: invalid statement.",
    )
    assert found == Settings(
        rooms=("#lobby", "#dev"), notify=True, aliases={"j": "/join", "w": "/who"}, mistakes=found.mistakes
    )


@pytest.mark.parametrize(
    ("row", "mistake"),
    [
        ('nick = ""', 'nick: it has to be a text, in quotes: "…"'),
        ('rooms = ["#a/b"]', f"rooms: A room is # and {names._RULE}"),
        (f'highlights = ["{"x" * 65}"]', "highlights: a word has at most 64 characters"),
        (f"ignore = {['x'] * 101}", "ignore: a list has at most 100 entries"),
        ('time = "%c%c%c"', 'time: it has to be a time as strftime writes it, such as "%H:%M"'),
        ("[aliases.x]", 'below [aliases] is a word and its command, in quotes: j = "/join"'),
        ("a.b = 1", "there is no setting a.b"),
        ("[[rooms]]", 'rooms: it has to be a text, in quotes: "…"'),
        ("nik = 1", "there is no setting nik (there is nick)"),
    ],
)  # fmt: skip
def test_each_thing_has_its_mistakes(row: str, mistake: str) -> None:
    """In words that say what it should be."""
    assert settings_in(f"bell = false\n{row}\n") == Settings(bell=False, mistakes=(f"row 2: {mistake}.",))


def test_lists_and_aliases_are_bounded() -> None:
    """And so is what is told of a file that is none."""
    aliases = "\n".join(f'a{number} = "/who"' for number in range(MOST_ENTRIES + 1))
    found = settings_in(f"[aliases]\n{aliases}")
    assert len(found.aliases) == MOST_ENTRIES
    assert found.mistakes == (f"row {MOST_ENTRIES + 2}: there are more than {MOST_ENTRIES} aliases.",)
    assert len(settings_in("rooms = [\n" + '"#a",\n' * 20_000).mistakes) > 1


def test_a_file_that_can_not_be_read_is_one_line(tmp_path: Path) -> None:
    """And nothing is a file with nothing in it."""
    (tmp_path / "file").touch()
    assert read(None) == read(tmp_path / "none") == read(tmp_path / "file" / "none") == Settings()
    assert read(tmp_path).mistakes == (f"{tmp_path} can't be read: Is a directory.",)
    file = tmp_path / "client.toml"
    file.write_bytes(b"#" * (LARGEST_BYTES + 1))
    assert read(file).mistakes == (f"{file} is not read: it has more than 65,536 bytes.",)
    file.write_text("x =\n" * (MOST_MISTAKES + 2))
    mistakes = read(file).mistakes
    assert mistakes[0].startswith(f"{file}, row 1: this is not TOML: ")
    assert mistakes[MOST_MISTAKES:] == (f"{file} has more mistakes: 2.",)


@given(st.text(st.sampled_from("abnick=[]{}\"'\\\n#.,1/ \t\x1b\ud800"), max_size=80))
def test_whatever_is_in_it_no_character_of_it_harms_a_terminal(text: str) -> None:
    """It is the user's own, but a mistake in it is shown."""
    for mistake in settings_in(text).mistakes:
        assert mistake.startswith("row ") and "\n" not in mistake and mistake.isprintable()


def test_what_is_on_the_command_line_goes_before_it() -> None:
    """In both directions."""
    file = Settings(nick="carol", bell=False, notify=True)
    for arguments, nick, bell, notify in (
        ([], "carol", False, True),
        (["--nick=dave", "--bell", "--no-notify"], "dave", True, False),
        (["--no-bell", "--notify"], "carol", False, True),
    ):
        options = parse(arguments, lambda: file)
        assert (options.nick, options.settings.bell, options.settings.notify) == (nick, bell, notify)
        assert options.own_nick == (nick == "dave")


# -- what comes of it, on a terminal and in a pipe


def test_it_is_written_to_begin_with(tmp_path: Path) -> None:
    """And holds as it is; a mistake is told in a pipe, too."""
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": ""}
    shown = run([*CLIENT, "--print-config"], env=environment, timeout=PATIENCE_S)
    assert shown.stdout == EXAMPLE
    file = written(tmp_path, shown.stdout + 'x = "/who"\ny = 1\n')
    ended = run([*CLIENT, "127.0.0.1:1"], input="hi", env=environment, timeout=PATIENCE_S)
    row = len(EXAMPLE.splitlines()) + 2
    assert ended.stderr.splitlines()[0].startswith(f"lanchat-client: {file}, row {row}: below [aliases] is ")


def test_rooms_nick_highlights_and_aliases_are_as_they_are_set(tmp_path: Path) -> None:
    """And a mistake is told above the row being typed."""
    written(tmp_path, """\
nick = "carol"
rooms = ["#dev", "#ops"]
highlights = ["deploy", "@dora"]
ignore = ["mallory"]
time = "%Hh%M"
bells = false
[aliases]
w = "/me waves"
""")  # fmt: skip
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path) as carol:
        carol.sees_line("row 6: there is no setting bells (there is bell).")
        carol.sees(lambda seat: seat.screen[-1].startswith(" carol · [#dev] #ops · 1 here"))
        with chat.join("bob") as bob, chat.join("mallory") as mallory, chat.join("dora") as dora:
            for peer in (bob, mallory, dora):
                peer.types("/join #dev")
                peer.reads_until_match(r" in #dev: ")
            mallory.types("carol: deploy", "/msg carol psst")
            mallory.reads_until("[mallory -> carol] psst")
            bob.types("quiet")
            carol.sees_line("<bob> quiet")
            assert BELL not in carol.raw and not any(
                "mallory>" in row or "psst" in row for row in carol.screen
            )
            bob.types("Deploy now")
            carol.sees_line("<bob> Deploy now")
            carol.sees(lambda seat: seat.raw.count(BELL) == 1)
            dora.types("hm")
            carol.sees(lambda seat: seat.raw.count(BELL) == 2)
            carol.types("/w at all" + ENTER)
            bob.reads_until("* carol waves at all")
            carol.types("\x1b[A")
            carol.sees(lambda seat: seat.typed_row == "/me waves at all")
        assert all(re.match(r"\d\dh\d\d ", row) for row in carol.screen if "<bob>" in row)


@pytest.mark.parametrize(("colours", "no_color"), [("none", ""), ("light", "1"), ("dark", "")])
def test_colours(tmp_path: Path, colours: str, no_color: str) -> None:
    """NO_COLOR takes colours away, and leaves bold and reverse."""
    written(tmp_path, f'colours = "{colours}"\n')
    with (
        daemon(cwd=tmp_path) as chat,
        chat.join("bob") as bob,
        seat(*at(chat), home=tmp_path, NO_COLOR=no_color) as alice,
    ):
        is_here(alice)
        bob.types("hello alice")
        alice.sees_line("<bob> hello alice")
        found = set(re.findall(rb"\x1b\[([0-9;]*)m", alice.raw))
        assert {b"1", b"7"} <= found
        assert any(one.startswith(b"38;5;") for one in found) == (colours == "dark")
        assert found <= {b"0", b"1", b"2", b"7"} or colours == "dark"


def test_no_row_is_looked_at_too_often() -> None:
    """A list without an end in a file as large as may be: it is given up after some rows."""
    seen = 0
    loads = tomllib.loads

    def counted(text: str) -> object:
        nonlocal seen
        seen += len(text)
        return loads(text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tomllib, "loads", counted)
        settings_in("rooms = [\n" + '"#a",\n' * (LARGEST_BYTES // 6))
    assert seen < 120 * LARGEST_BYTES
