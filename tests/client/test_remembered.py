"""What is remembered of each server between runs: the rooms, and how far one has read."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from lanchatd.client.remembered import LARGEST_BYTES, MOST_ROOMS, MOST_SERVERS, Unreadable, keep, read
from lanchatd.client.room import Room
from tests.client.test_several import row
from tests.client.test_terminal import CTRL_C, CTRL_D, ENTER, is_here
from tests.daemon import daemon
from tests.pseudo_terminal import at, seat

SERVER = "chat.local:8000"


def written(path: Path, known: Any) -> Path:
    file = path / "rooms.json"
    file.write_text(json.dumps(known), "utf-8")
    return file


def places(file: Path) -> list[dict[str, Any]]:
    return [room.place() for room in read(file, SERVER).rooms]


def test_it_is_kept_by_server(tmp_path: Path) -> None:
    """For nobody else to read; and of many servers those that were joined last."""
    file = tmp_path / "state" / "rooms.json"
    keep(file, SERVER, [Room("#lobby", "9f3c", 7), Room("#dev")], "#dev")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert places(file) == [{"room": "#lobby", "after": 7, "log": "9f3c"}, {"room": "#dev"}]
    assert read(file, SERVER).shown == "#dev"
    assert read(file, "other:8000").rooms == ()
    for number in range(MOST_SERVERS):
        keep(file, f"{number}:8000", [Room("#lobby")], "#lobby")
    assert (read(file, SERVER).rooms, len(json.loads(file.read_text()))) == ((), MOST_SERVERS)


def test_without_a_home_nothing_is_kept() -> None:
    """And nothing is wrong."""
    keep(None, SERVER, [Room("#lobby")], "#lobby")
    assert read(None, SERVER).rooms == ()


@pytest.mark.parametrize("text", ["", "{", "[]", "x" * (LARGEST_BYTES + 1), "[" * 100_000, "\x00"])
def test_a_broken_file_is_set_aside(tmp_path: Path, text: str) -> None:
    """With one line; an empty one is no file."""
    file = tmp_path / "rooms.json"
    file.write_text(text)
    if text:
        with pytest.raises(Unreadable, match=r"it is rooms\.json\.unreadable now"):
            read(file, SERVER)
        assert (tmp_path / "rooms.json.unreadable").read_text() == text
    keep(file, SERVER, [Room("#lobby")], "#lobby")
    assert places(file) == [{"room": "#lobby"}]


@pytest.mark.parametrize(
    "entry",
    [
        7, {}, {"rooms": 7}, {"rooms": [7, {}, {"room": 7}, {"room": "\x1b[2J"}]}, {"shown": "#dev"},
        {"shown": 7, "rooms": []},
    ],
)  # fmt: skip
def test_what_is_no_room_is_left_out(tmp_path: Path, entry: Any) -> None:
    """Whoever wrote it."""
    known = read(written(tmp_path, {SERVER: entry}), SERVER)
    assert (known.rooms, known.shown) == ((), "")


@pytest.mark.parametrize(
    "place", [{"log": "\x1b", "read": 1}, {"log": "x" * 65, "read": 1}, {"log": "x", "read": -1}, {"read": 1}]
)
def test_a_place_that_can_be_none_is_left_out(tmp_path: Path, place: dict[str, Any]) -> None:
    """The room is joined as for the first time; and each once, a bounded number."""
    many = [{"room": f"#r{number}"} for number in range(MOST_ROOMS + 5)]
    rooms = [{"room": "#dev", **place}, {"room": "DEV"}, *many]
    got = places(written(tmp_path, {SERVER: {"rooms": rooms}}))
    assert (got[:2], len(got)) == ([{"room": "#dev"}, {"room": "#r0"}], MOST_ROOMS - 1)


def test_one_begins_where_one_left(tmp_path: Path) -> None:
    """In the same rooms, with what was said meanwhile marked and counted; `--room` adds one."""
    with daemon(cwd=tmp_path) as chat, chat.join("bob") as bob, chat.join("carol") as carol:
        carol.types("/join #dev")
        carol.reads_until("-- You are carol in #dev. /help lists the commands.")
        with seat(*at(chat), home=tmp_path) as alice:
            is_here(alice)
            alice.types("/join #dev" + ENTER)
            alice.sees(lambda seat: row(seat).startswith(" alice · #lobby [#dev]"))
            bob.types("before")
            alice.sees(lambda seat: row(seat).startswith(" alice · #lobby 1 [#dev]"))
            alice.types("/quit" + ENTER)
            assert alice.ends() == 0
        for peer, line in ((bob, "one"), (bob, "two, alice"), (carol, "three"), (carol, "four")):
            peer.types(line)
        bob.reads_until("<bob> two, alice")
        carol.reads_until("<carol> four")
        with seat(*at(chat), home=tmp_path) as alice:
            alice.sees(lambda seat: row(seat).startswith(" alice · #lobby 3! [#dev]"))
            alice.sees_line("-- 2 new --")
            alice.sees_line("<carol> four")
            alice.types(CTRL_C + CTRL_D)
            assert alice.ends() == 0
        with seat(*at(chat, "--room=ops"), home=tmp_path) as alice:
            alice.sees(lambda seat: row(seat).startswith(" alice · #lobby 3! #dev [#ops]"))
            alice.types("\x1b1")
            alice.sees_line("-- 3 new --")
            assert [line[6:] for line in alice.screen if "<bob>" in line] == [
                "<bob> before", "<bob> one", "<bob> two, alice",
            ]  # fmt: skip
            alice.types(CTRL_D)
            assert alice.ends() == 0
        kept = (tmp_path / ".local/state/lanchatd/rooms.json").read_text()
        with seat(*at(chat, "--no-save"), home=tmp_path) as alice:
            alice.sees(lambda seat: row(seat).startswith(" alice · [#lobby] · "))
            alice.types(CTRL_D)
            assert alice.ends() == 0
        assert (tmp_path / ".local/state/lanchatd/rooms.json").read_text() == kept


def test_a_room_that_one_may_not_enter_any_more_keeps_nobody_out(tmp_path: Path) -> None:
    """It is told, and one is in the others."""
    state = tmp_path / ".local" / "state" / "lanchatd"
    state.mkdir(parents=True)
    with (
        daemon("--port=0", "--max-rooms=2", cwd=tmp_path) as chat,
        chat.join("carol"),
        chat.join("bob") as bob,
    ):
        bob.types("/join #dev")
        bob.reads_until("-- You are bob in #dev. /help lists the commands.")
        rooms = [{"room": "#lobby"}, {"room": "#full"}, {"room": "#dev"}]
        written(state, {f"127.0.0.1:{chat.port}": {"rooms": rooms, "shown": "#full"}})
        with seat(*at(chat), home=tmp_path) as alice:
            alice.sees(lambda seat: row(seat).startswith(" alice · [#lobby] #dev"))
            assert sum(line[6:9] == "!! " for line in alice.screen) == 1


def test_a_broken_file_is_told_in_a_line(tmp_path: Path) -> None:
    """And one comes in all the same."""
    state = tmp_path / ".local" / "state" / "lanchatd"
    state.mkdir(parents=True)
    (state / "rooms.json").write_text("{")
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path) as alice:
        is_here(alice)
        assert "its rooms are forgotten." in " ".join(line.strip() for line in alice.screen)
