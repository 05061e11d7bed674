"""Lost connections under an open page: nothing is missing, nothing is double, and it is said what goes on."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.console.test_admin import administered
from tests.daemon import Daemon, daemon
from tests.page.browser import Seat, playwright, seat

pytestmark = pytest.mark.web
expect = playwright.expect


class Cable:
    """What lies between the page and the daemon, and can be pulled.

    ``swallow`` takes away what the daemon says; ``answer`` is said in its place to all that the page says.
    """

    def __init__(self, page: Any) -> None:
        self.swallow = ""
        self.answer = ""
        self.plugged = True
        self._ends: list[tuple[Any, Any]] = []
        page.route_web_socket("**/ws", self._plug)

    def _plug(self, route: Any) -> None:
        if not self.plugged:
            route.close()
            return
        if self.answer:
            route.on_message(lambda _: route.send(self.answer))
            return
        server = route.connect_to_server()
        self._ends.append((route, server))

        def from_server(message: str) -> None:
            if not (self.swallow and json.loads(message)["type"] in self.swallow.split()):
                route.send(message)

        server.on_message(from_server)

    def pull(self) -> None:
        """It is out, and stays out."""
        self.plugged = False
        for route, server in self._ends:
            route.close(code=1001)
            server.close(code=1001)
        self._ends.clear()

    def plug(self) -> None:
        self.plugged = True


def plug_and_try_now(cable: Cable, alice: Seat) -> None:
    """The button is there while the page waits; it also tries by itself, maybe in this very moment."""
    expect(alice.page.get_by_role("button", name="Try now")).to_be_visible()
    cable.plug()
    alice.page.locator("#retry").dispatch_event("click")


def test_a_lost_connection_goes_on_without_gap_or_double(chat: Daemon, chromium: Any) -> None:
    """What others said meanwhile is there, in order; what one typed meanwhile is said, once."""
    with chat.join("bob") as bob, seat(chromium) as alice:
        cable = Cable(alice.page)
        alice.joins(chat, "alice")
        bob.types("before")
        alice.sees("before")
        cable.pull()
        expect(alice.page.locator("#trouble")).to_contain_text("The connection is lost.")
        bob.reads_until_match("^-- alice left")
        bob.types("one", "two", "three")
        bob.reads_until("<bob> three")
        alice.types("typed meanwhile")
        expect(alice.page.locator("#unsent")).to_contain_text("typed meanwhile")
        plug_and_try_now(cable, alice)
        expect(alice.page.locator("#trouble")).to_be_hidden()
        bob.reads_until("<alice> typed meanwhile")
        alice.sees("typed meanwhile")
        assert alice.texts() == ["before", "one", "two", "three", "typed meanwhile"]
        expect(alice.page.locator("#unsent li")).to_have_count(0)


def test_the_page_tries_on_while_nobody_can_come_in(chat: Daemon, chromium: Any) -> None:
    """Its daemon is one of several, and has lost what they share."""
    with seat(chromium) as alice:
        cable = Cable(alice.page)
        alice.joins(chat, "alice")
        away = {"type": "error", "code": "no_broker", "text": "Nobody can come in now."}
        cable.answer = json.dumps(away)
        cable.pull()
        cable.plug()
        expect(alice.page.locator("#trouble")).to_contain_text("Nobody can come in now.")
        cable.answer = ""
        plug_and_try_now(cable, alice)
        expect(alice.page.locator("#trouble")).to_be_hidden()
        alice.types("back")
        alice.sees("back")


def test_a_line_whose_answer_was_lost_is_said_once(chat: Daemon, chromium: Any) -> None:
    """It was said, and the page does not know: it says it again with its ref, and the others see it once."""
    with chat.join("bob") as bob, seat(chromium) as alice:
        cable = Cable(alice.page)
        alice.joins(chat, "alice")
        cable.swallow = "ok said"
        alice.types("only once")
        bob.reads_until("<alice> only once")
        cable.pull()
        cable.swallow = ""
        cable.plug()
        alice.sees("only once")
        expect(alice.page.locator("#unsent li")).to_have_count(0)
        alice.types("and on")
        assert "<alice> only once" not in bob.reads_until("<alice> and on")
        alice.sees("and on")
        assert alice.texts() == ["only once", "and on"]


def test_the_daemon_is_killed_and_started_under_an_open_page(tmp_path: Path, chromium: Any) -> None:
    """The page says so, and is back by itself, in all of its rooms."""
    with seat(chromium) as alice:
        with daemon("--port=0", cwd=tmp_path) as chat:
            alice.joins(chat, "alice")
            alice.types("in the lobby")
            alice.sees("in the lobby")
            alice.types("/join #dev")
            expect(alice.page.locator("#title")).to_have_text("#dev")
            alice.types("in dev")
            alice.sees("in dev")
            port = chat.port
            chat.ends(signal.SIGKILL)
        expect(alice.page.locator("#trouble")).to_contain_text("Trying again")
        alice.types("while it was down")
        with daemon(f"--port={port}", cwd=tmp_path) as chat, chat.join("bob") as bob:
            expect(alice.page.locator("#trouble")).to_be_hidden(timeout=15_000)
            alice.sees("while it was down")
            assert alice.texts() == ["in dev", "while it was down"]
            bob.types("welcome back")
            expect(alice.place("#lobby").locator(".count")).to_have_text("1")
            alice.place("#lobby").click()
            assert alice.texts() == ["in the lobby", "welcome back"]


def test_who_was_kicked_does_not_come_back_by_itself(tmp_path: Path, chromium: Any) -> None:
    """The reason stands there, and a button to come back."""
    with administered(tmp_path) as admin, seat(chromium) as alice:
        chat = admin.chat
        with chat.join("root") as root:
            root.types("/register correct horse")
            root.reads_until("-- root is yours now, by your password.")
            admin.runs("op root")
            alice.joins(chat, "alice")
            root.types("/kick alice enough")
            expect(alice.page.locator("#trouble")).to_contain_text("enough")
            alice.page.get_by_role("button", name="Come back").click()
            root.reads_until_match("^-- alice joined")
        expect(alice.page.locator("#trouble")).to_be_hidden()


def test_who_was_banned_is_told_so_wherever_they_try(tmp_path: Path, chromium: Any) -> None:
    """In the open page, when it comes back, and when it is loaded anew."""
    ban = {"on": "127.0.0.1", "by": "root", "reason": "enough", "until": None}
    with daemon("--port=0", cwd=tmp_path) as chat, seat(chromium) as alice:
        alice.joins(chat, "alice")
        banned = {"version": 1, "bans": [ban], "mutes": [], "operators": []}
        (tmp_path / "state" / "lanchatd" / "moderation.json").write_text(json.dumps(banned))
        chat.process.send_signal(signal.SIGHUP)
        expect(alice.page.locator("#trouble")).to_contain_text('You were banned by root: "enough".')
        alice.page.get_by_role("button", name="Come back").click()
        expect(alice.page.locator("#join-error")).to_have_text("Your address is banned.")
        with seat(chromium) as again:
            again.foreseen = "the server responded with a status of 403"
            answer = again.page.goto(f"http://127.0.0.1:{chat.port}/")
            assert answer.status == 403
            expect(again.page.locator("body")).to_have_text("Your address is banned.")


def test_fifty_rooms_with_long_names_are_all_back(tmp_path: Path, chromium: Any) -> None:
    """They don't fit in one line of the protocol."""
    rooms = [f"#{'ü' * 29}{number}" for number in range(10, 59)]
    with daemon("--port=0", "--rooms-per-h=100", cwd=tmp_path) as chat, seat(chromium) as alice:
        cable = Cable(alice.page)
        alice.opens(chat)
        alice.page.evaluate(f"localStorage.setItem('lanchat.rooms', {json.dumps(json.dumps(rooms))!s})")
        alice.joins(chat, "alice")
        expect(alice.page.locator("#title")).to_have_text(rooms[0])
        expect(alice.page.locator("#rooms li")).to_have_count(len(rooms))
        alice.place(rooms[-1]).click()
        alice.types("in the last one")
        alice.sees("in the last one")
        cable.pull()
        expect(alice.page.locator("#trouble")).to_be_visible()
        plug_and_try_now(cable, alice)
        alice.types("and again")
        alice.sees("and again")
        assert alice.texts() == ["in the last one", "and again"]


def test_two_tabs_are_two_sessions(chat: Daemon, chromium: Any) -> None:
    """Each has a nick of its own, and a reload of one keeps it."""
    with seat(chromium) as alice:
        alice.joins(chat, "alice")
        other = alice.page.context.new_page()
        other.goto(alice.page.url)
        nick = other.get_by_label("Your nick")
        expect(nick).to_have_value("alice")
        nick.fill("alice2")
        nick.press("Enter")
        expect(other.locator("#my-nick")).to_have_text("alice2")
        alice.page.reload()
        expect(alice.page.locator("#my-nick")).to_have_text("alice")
        expect(alice.page.locator("#members li")).to_have_count(2)
