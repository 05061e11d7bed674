"""Several rooms at one terminal, with the real daemon at the other end."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from lanchatd.client.speaking import LOCAL
from tests.client.test_terminal import ENTER, is_here
from tests.daemon import daemon
from tests.pseudo_terminal import Seat, at, seat

ALT_A, ALT_LEFT, CTRL_N = "\x1ba", "\x1b[1;3D", "\x0e"
FAST = ("--port=0", "--lines-per-s=1000", "--burst-lines=1000")


def row(seat: Seat) -> str:
    """The windows in the row of status, and what is before them."""
    return "".join(seat.screen[-1:]).partition(" · connected")[0]


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (200, 60)])
def test_three_rooms_two_conversations_and_a_flood(tmp_path: Path, size: tuple[int, int]) -> None:
    """While one types: what is said elsewhere is counted, and each key goes where it should."""
    with (
        daemon(*FAST, cwd=tmp_path) as chat,
        chat.join("bob") as bob,
        chat.join("carol") as carol,
        seat(*at(chat), home=tmp_path, size=size) as alice,
    ):
        alice.sees(lambda seat: "[#lobby]" in row(seat))
        alice.types("/join dev" + ENTER + "/join #ops" + ENTER)
        alice.sees(lambda seat: "#lobby #dev [#ops]" in row(seat))
        bob.types("/msg alice one")
        alice.sees_line("[bob -> alice] one")
        carol.types("/msg alice two")
        alice.sees_line("[carol -> alice] two")
        sentence = "typed all the while"
        bob.types("/join #dev")
        for number in range(500):
            bob.types(f"line {number}")
            alice.types(sentence[number : number + 1])
        bob.types("alice, look")
        alice.sees(lambda seat: "#dev 501!" in row(seat))
        assert alice.typed_row == sentence
        assert not any("line 4" in line for line in alice.screen)
        alice.types(ENTER)
        alice.sees_line(f"<alice> {sentence}")
        alice.types(ALT_A * 3)  # to both conversations first, which are nearer
        alice.sees_line("<bob> alice, look")
        alice.sees(lambda seat: "[#dev]" in row(seat))
        alice.sees_line("501 new")
        assert sum("<bob> line" in line for line in alice.screen) == (size[1] - 4 - 1)
        alice.types("\x1b4" + "psst" + ENTER)
        bob.reads_until("[alice -> bob] psst")
        alice.types("/me waves" + ENTER)
        alice.sees(lambda seat: "everybody" in " ".join(seat.screen))
        alice.types("/part" + ENTER + "\x1b1" + "aloud" + ENTER)
        carol.reads_until("<alice> aloud")
        alice.sees(lambda seat: "[#lobby]" in row(seat) and "@bob" not in row(seat))


def test_the_keys_go_round(tmp_path: Path) -> None:
    """By number, to the neighbour, and with a bell where there is nothing."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path) as alice:
        is_here(alice)
        alice.types("/join #dev" + ENTER)
        alice.sees(lambda seat: row(seat).startswith(" alice · #lobby [#dev]"))
        lobby, dev = " alice · [#lobby] #dev", " alice · #lobby [#dev]"
        for keys, shown in (
            (CTRL_N, lobby),
            (ALT_LEFT, dev),
            ("\x1b1", lobby),
            ("/join lobby" + ENTER, lobby),
        ):
            alice.types(keys)
            alice.sees(lambda seat, shown=shown: row(seat).startswith(shown))  # type: ignore[misc]
        assert b"\a" not in alice.raw
        for count, keys in enumerate((ALT_A, "\x1b9", "\x1b1"), start=1):
            alice.types(keys)
            alice.sees(lambda seat, count=count: seat.raw.count(b"\a") == count)  # type: ignore[misc]


def test_a_room_is_left(tmp_path: Path) -> None:
    """And the one before is shown; the last one is not left; a room that can be none stops a paste."""
    with daemon(cwd=tmp_path) as chat, chat.join("bob") as bob, seat(*at(chat), home=tmp_path) as alice:
        is_here(alice)
        alice.types("/join #dev" + ENTER)
        alice.sees(lambda seat: row(seat).startswith(" alice · #lobby [#dev]"))
        bob.types("hello")
        alice.sees(lambda seat: row(seat).startswith(" alice · #lobby 1 [#dev]"))
        alice.types("/part" + ENTER)
        alice.sees_line("<bob> hello")
        alice.sees(lambda seat: row(seat).startswith(" alice · [#lobby] · 2 here"))
        alice.types("/part" + ENTER)
        alice.sees_line("!! #lobby is the only room that you are in.")
        alice.types("\x1b[200~/join not a room\nnever said\x1b[201~" + ENTER)
        alice.sees_line("!! A room is #")
        alice.types("said" + ENTER)
        assert bob.reads_until("<alice> said")[-1] == "<alice> said"
        assert not any("never said" in line for line in alice.screen)


def test_the_server_is_killed_while_one_is_in_several_rooms(tmp_path: Path) -> None:
    """Every count is right afterwards, and nothing is missing or double."""
    with daemon(*FAST, cwd=tmp_path) as chat:
        port = chat.port
        with seat(*at(chat), home=tmp_path) as alice, seat(*at(chat, "--nick=bob"), home=tmp_path) as bob:
            is_here(alice)
            bob.sees_line("You are bob")
            alice.types("/join #dev" + ENTER + "\x1b1")
            alice.sees(lambda seat: row(seat).startswith(" alice · [#lobby] #dev"))
            bob.types("/join #dev" + ENTER + "one" + ENTER)
            alice.sees(lambda seat: row(seat).startswith(" alice · [#lobby] #dev 1"))
            os.kill(chat.process.pid, signal.SIGKILL)
            chat.process.wait()
            alice.sees_line("Trying again.")
            bob.sees_line("Trying again.")
            bob.types("two" + ENTER + "alice: three" + ENTER + "\x1b1" + "four" + ENTER)
            alice.types("five" + ENTER)
            alice.sees(lambda seat: "1 waiting" in row(seat))
            with daemon(f"--port={port}", *FAST[1:], cwd=tmp_path):
                alice.sees_line("<bob> four")
                alice.sees_line("<alice> five")
                alice.sees(lambda seat: row(seat).startswith(" alice · [#lobby] #dev 3! · 2 here"))
                alice.types("\x1b2")
                alice.sees_line("<bob> alice: three")
                alice.sees_line("-- 3 new --")
                lines = [line[6:] for line in alice.screen if "<" in line]
                assert sorted(lines) == sorted(
                    ["<bob> four", "<alice> five", "<bob> one", "<bob> two", "<bob> alice: three"]
                )


def test_what_is_said_in_a_private_conversation_is_in_no_file(tmp_path: Path) -> None:
    """However it was typed; it can be called back in this run, and then says for whom it is."""
    with daemon(cwd=tmp_path) as chat, chat.join("bob") as bob, seat(*at(chat), home=tmp_path) as alice:
        is_here(alice)
        alice.types("/query bob" + ENTER + "secret one" + ENTER)
        alice.sees_line("[alice -> bob] secret one")
        alice.types("//secret two" + ENTER + "\x1b[200~secret three\nsecret four\n\x1b[201~" + ENTER)
        alice.sees_line("[alice -> bob] secret four")
        bob.reads_until("[alice -> bob] /secret two")
        alice.types("\x1b1" + "\x1b[A")
        alice.sees(lambda seat: seat.typed_row == "/msg bob secret four")
        alice.types("\x03" + "\x04")
        assert alice.ends() == 0
    assert (tmp_path / ".local/state/lanchatd/history").read_text() == ""
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"secret" in path.read_bytes()]


def test_the_client_knows_its_own_commands(tmp_path: Path) -> None:
    """Each of them; the server is asked for its own."""
    with daemon(cwd=tmp_path) as chat, seat(*at(chat), home=tmp_path) as alice:
        is_here(alice)
        for name, (arguments, what) in LOCAL.items():
            alice.types(f"/help /{name}" + ENTER)
            alice.sees_line(f"-- {f'/{name} {arguments}'.rstrip()}: {what}"[:70])
        alice.types("/help who" + ENTER)
        alice.sees_line("-- /who [ROOM]: who is in this room, or in another")
        alice.types("/clear now" + ENTER)
        alice.sees_line("!! Usage: /clear")
        alice.types("/rooms" + ENTER)
        alice.sees_line("-- #lobby (1 here, you too)")
