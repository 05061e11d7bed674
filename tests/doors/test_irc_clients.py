"""Real IRC clients at a real daemon: irssi in a terminal, WeeChat without one, and a bot."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import Daemon, Peer, daemon, wait_until
from tests.openssh import Ssh, make_key, needs_ssh, public, write_keys
from tests.relay import relay
from tests.tmux import Window, needs_tmux, window
from tests.web import frames_in, message, upgrade

pytestmark = pytest.mark.irc

LONG = "x" * 3_990 + " END"

needs_irssi = pytest.mark.skipif(shutil.which("irssi") is None, reason="apt-get install irssi")
needs_weechat = pytest.mark.skipif(
    shutil.which("weechat-headless") is None, reason="apt-get install weechat-headless"
)


@contextmanager
def irssi(port: int, nick: str, home: Path) -> Iterator[Window]:
    """irssi with nothing set up."""
    command = "irssi", "-c", "127.0.0.1", "-p", str(port), "-n", nick
    with window(*command, home=home) as opened:
        opened.resizes(120, 60)
        opened.sees("Your host is irc.lan")
        yield opened


def enters(opened: Window, line: str) -> None:
    """Type a line."""
    opened.tmux("send-keys", "-l", line)
    opened.types("Enter")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Daemon]:
    with daemon("--port=0", cwd=tmp_path) as started:
        yield started


@needs_tmux
@needs_irssi
def test_irssi_talks_with_nc(running: Daemon, tmp_path: Path) -> None:
    """It is in the room with what was said there before, and both see what the other says."""
    with running.join("Ünsal") as bob:
        bob.types("before you came")
        bob.reads_until("<Ünsal> before you came")
        with irssi(running.port, "alice", tmp_path) as alice:
            enters(alice, "/join #lobby")
            alice.sees("before you came")
            bob.reads_until("-- alice joined")
            enters(alice, "good morning")
            bob.reads_until("<alice> good morning")
            bob.types("Straße 日本語")
            alice.sees("Ünsal> Straße 日本語")
            enters(alice, "/me waves")
            bob.reads_until("* alice waves")
            enters(alice, "/msg Ünsal psst")
            bob.reads_until("[alice -> Ünsal] psst")
            bob.types(LONG)
            alice.sees(" END")
            bob.types("/nick bobby")
            alice.sees("Ünsal is now known as bobby")
            enters(alice, "/topic #lobby tea at four")
            bob.reads_until("-- alice set the topic: tea at four")
            enters(alice, "/nick Zoë")
            bob.reads_until("-- alice is now Zoë")
            enters(alice, "/join #日本")
            alice.sees("1 nicks")
            enters(alice, "/quote QUIT :see you")
            bob.reads_until('-- Zoë left ("see you")')


@needs_tmux
@needs_irssi
def test_irssi_keeps_no_window_of_another_spelling(running: Daemon, tmp_path: Path) -> None:
    """It opens one for what was typed, and would wait there for ever: it takes Ü and ü for two."""
    with irssi(running.port, "alice", tmp_path) as alice:
        enters(alice, "/join #büro")
        alice.sees("1 nicks")
        enters(alice, "/join #BÜRO")
        enters(alice, "/window 1")
        alice.sees("#büro is how that room is written")
        enters(alice, "/window list")
        alice.sees("Active item")
        alice.sees("#büro           127")
        assert not any(row[6:].startswith("3 ") for row in alice.screen)


class WeeChat:
    """A WeeChat that runs: typed to by a FIFO, and read by its logs."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def enters(self, line: str, buffer: str = "lan.#lobby") -> None:
        """Type a line in a buffer."""
        fifo = self._home / "fifo"
        wait_until("WeeChat listens", fifo.exists)
        with fifo.open("w") as opened:
            opened.write(f"irc.{buffer} *{line}\n")

    @property
    def text(self) -> str:
        """What it has shown, of all buffers of the server."""
        return "".join(path.read_text("utf-8") for path in sorted(self._home.rglob("irc.*.weechatlog")))

    def sees(self, text: str) -> None:
        """Wait until a text was shown."""
        wait_until(f"{text!r} is shown", lambda: text in self.text)


@contextmanager
def weechat(running: Daemon, nick: str, home: Path) -> Iterator[WeeChat]:
    """WeeChat without a terminal, connected."""
    home.mkdir()
    setup = (
        f"/set fifo.file.path {home}/fifo",
        "/set logger.file.flush_delay 0",
        f"/server add lan 127.0.0.1/{running.port} -notls -nossl -nicks={nick}",
        "/connect lan",
    )
    typed = [part for line in setup for part in ("-r", line)]
    process = subprocess.Popen(
        ["weechat-headless", "-d", str(home), *typed],
        env=os.environ | {"HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield WeeChat(home)
    finally:
        process.kill()
        process.wait()


@needs_weechat
def test_weechat_talks_with_nc_and_comes_back(running: Daemon, tmp_path: Path) -> None:
    """After it was away it shows what it missed, once, and nothing that it had shown."""
    with running.join("bob") as bob, weechat(running, "alice", tmp_path / "weechat") as alice:
        bob.types("before you came")
        bob.reads_until("<bob> before you came")
        alice.sees("Your host is irc.lan")
        alice.enters("/join #lobby", "server.lan")
        alice.sees("before you came")
        bob.reads_until("-- alice joined")
        alice.enters("good morning")
        bob.reads_until("<alice> good morning")
        bob.types("Straße 日本語", LONG)
        alice.sees(" END")
        alice.enters("/disconnect lan")
        bob.reads_until_match("^-- alice left")
        bob.types("while you were away")
        bob.reads_until("<bob> while you were away")
        alice.enters("/connect lan", "server.lan")
        alice.sees("while you were away")
        bob.types("/nick bobby", "after")
        alice.sees("bob is now known as bobby")
        alice.sees("after")
        for line in ("before you came", "good morning", "Straße", " END", "while you were away"):
            assert alice.text.count(line) == 1, line


def test_a_bot_hears_what_is_said_and_nothing_that_was_said_before(running: Daemon) -> None:
    """It would do what old lines say; and two bots do not answer each other's notices for ever.

    It goes on when somebody goes without a word, which this library does not expect.
    """
    client = pytest.importorskip("irc.client")
    with running.join("bob") as bob:
        bob.types("!old")
        bob.reads_until("<bob> !old")
        heard: list[str] = []
        bot = client.Reactor()
        connection = bot.server().connect("127.0.0.1", running.port, "robot")

        def said(connection: Any, event: Any) -> None:
            heard.append(event.arguments[0])
            connection.notice(event.target, f"heard {event.arguments[0]}")

        connection.add_global_handler("welcome", lambda connection, event: connection.join("#lobby"))
        connection.add_global_handler("pubmsg", said)
        connection.add_global_handler("pubnotice", said)
        joined = False
        while "!new" not in heard:
            bot.process_once(0.1)
            if not joined and select.select([bob.socket], [], [], 0)[0]:
                bob.reads_until("-- robot joined")
                with running.join("carol") as carol:
                    carol.types("/quit")
                    bob.reads_until("-- carol left")
                bob.types("!new")
                joined = True
        bob.reads_until("<robot> heard !new")
        assert heard == ["!new"]
        connection.disconnect("bye")
        bob.reads_until('-- robot left ("bye")')


class Page:
    """The page's WebSocket, without the page."""

    def __init__(self, peer: Peer, nick: str, room: str) -> None:
        self._peer = peer
        self._left = b""
        peer.socket.sendall(upgrade(host="localhost"))
        peer.reads_until("\r")
        self.sends({"nick": nick, "room": room})

    def sends(self, value: dict[str, str]) -> None:
        """Send a message."""
        self._peer.socket.sendall(message(value))

    def sees(self, text: str) -> None:
        """Read until somebody has said it."""
        while True:
            found, self._left = frames_in(self._left + self._peer.reads_more())
            if any(text in json.loads(payload).get("text", "") for _, payload in found):
                return


@needs_tmux
@needs_irssi
@needs_weechat
def test_all_doors_hear_each_other(running: Daemon, tmp_path: Path) -> None:
    """irssi, WeeChat, nc, a program and a page, with names of other languages, in a room of such a name."""
    room = "#日本"
    with (
        running.join("bob") as bob,
        running.connect() as ci,
        running.connect() as browser,
        irssi(running.port, "alice", tmp_path) as in_irssi,
        weechat(running, "Zoë", tmp_path / "weechat") as in_weechat,
    ):
        bob.types(f"/join {room}")
        bob.reads_until_match(f"^-- You are bob in {room}")
        ci.types(json.dumps({"nick": "ci", "room": room}))
        page = Page(browser, "pagé", room)
        enters(in_irssi, "/nick Ærø")
        enters(in_irssi, f"/join {room}")
        in_weechat.sees("Your host is irc.lan")
        in_weechat.enters(f"/join {room}", "server.lan")
        bob.reads_until_match("^-- .*Zoë.* joined")
        in_irssi.sees("Zoë")

        enters(in_irssi, "from irssi")
        in_weechat.sees("from irssi")
        in_weechat.enters("from WeeChat", f"lan.{room}")
        in_irssi.sees("Zoë> from WeeChat")
        bob.types("from nc")
        bob.reads_until("<bob> from nc")
        ci.types(json.dumps({"line": "from a program"}))
        page.sends({"line": "from a page"})
        for text in ("from nc", "from a program", "from a page"):
            in_irssi.sees(text)
            in_weechat.sees(text)
        bob.reads_until("<pagé> from a page")
        while ci.gets().get("text") != "from a page":
            pass
        page.sees("from a page")


@needs_tmux
@needs_irssi
def test_irssi_is_cut_off_and_comes_back(running: Daemon, tmp_path: Path) -> None:
    """Its window was kept: it is told what it missed, once, and nothing that it has."""
    with (
        running.join("bob") as bob,
        relay(running.port) as way,
        irssi(way.port, "alice", tmp_path) as alice,
    ):
        bob.types("before it came")
        bob.reads_until("<bob> before it came")
        enters(alice, "/join #lobby")
        alice.sees("before it came")
        bob.reads_until("-- alice joined")
        bob.types("while it was there")
        alice.sees("while it was there")
        alice.sees("#lobby")
        way.cut()
        bob.reads_until_match("^-- alice left")
        bob.types("while it was away")
        bob.reads_until("<bob> while it was away")
        enters(alice, "/reconnect")
        alice.sees("while it was away")
        bob.types("after it came back")
        alice.sees("after it came back")
        shown = "\n".join(alice.screen)
        assert shown.count("while it was away") == 1


@needs_tmux
@needs_irssi
@needs_weechat
@needs_ssh
def test_who_is_kicked_is_told_why_and_may_come_again(tmp_path: Path) -> None:
    """By an administrator."""
    key = make_key(tmp_path / "key")
    keys = write_keys(tmp_path / "admin_keys", public(key))
    with (
        daemon("--port=0", "--admin-port=0", f"--admin-keys={keys}", cwd=tmp_path) as running,
        running.join("bob") as bob,
        irssi(running.port, "alice", tmp_path) as alice,
        weechat(running, "carol", tmp_path / "weechat") as carol,
    ):
        admin = Ssh(int(running.logged(r"console on .* port (\d+)")[1]), tmp_path, key)
        enters(alice, "/join #lobby")
        carol.sees("Your host is irc.lan")
        carol.enters("/join #lobby", "server.lan")
        alice.sees("carol")
        carol.sees("alice")
        for nick, reason in (("alice", "spam"), ("carol", "noise")):
            assert admin.run(f"kick {nick} {reason}").returncode == 0
            bob.reads_until_match(f"^-- {nick} left .*{reason}")
        enters(alice, "/window 1")
        alice.sees(': "spam".')
        carol.sees(': "noise".')
        enters(alice, "/reconnect")
        bob.reads_until("-- alice joined")
        enters(alice, "/window 2")
        bob.types("welcome back")
        alice.sees("welcome back")
