"""The page in a real browser: people come in, talk, find each other and what was said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import PATIENCE_S, Daemon, daemon
from tests.page.browser import DESKTOP, FAST, PHONE, playwright, seat

pytestmark = pytest.mark.web
expect = playwright.expect


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_who_opens_the_page_talks_with_somebody_at_nc(chat: Daemon, chromium: Any, size: Any) -> None:
    """A nick, Join, and one is there: both see what the other says, once."""
    with chat.join("bob") as bob, seat(chromium, **size) as alice:
        alice.joins(chat, "alice")
        bob.reads_until("-- alice joined")
        alice.types("hello from a browser")
        bob.reads_until("<alice> hello from a browser")
        bob.types("hello from nc", "/me waves")
        alice.sees("hello from nc")
        alice.sees("bob waves")
        alice.sees("hello from a browser")
        expect(alice.page.locator("#unsent li")).to_have_count(0)


def test_a_nick_that_is_taken_is_told_where_it_was_typed(chat: Daemon, chromium: Any) -> None:
    """With the server's own words, at the field, for who cannot see it too; and another one is taken."""
    with chat.join("bob"), seat(chromium) as alice:
        alice.opens(chat)
        nick = alice.page.get_by_label("Your nick")
        nick.fill("bob")
        nick.press("Enter")
        error = alice.page.get_by_role("alert").filter(has_text="taken")
        expect(error).to_be_visible()
        expect(nick).to_be_focused()
        expect(nick).to_have_attribute("aria-invalid", "true")
        nick.fill("robert")
        nick.press("Enter")
        expect(alice.page.locator("#title")).to_have_text("#lobby")


def test_rooms_count_what_one_has_not_read(chat: Daemon, chromium: Any) -> None:
    """In the list and in the title; where one is named it is loud; a mark shows where one had read to."""
    with chat.join("bob") as bob, seat(chromium) as alice:
        alice.joins(chat, "alice")
        alice.types("/join #dev")
        expect(alice.page.locator("#title")).to_have_text("#dev")
        bob.types("one", "two", "alice: three")
        lobby = alice.place("#lobby")
        expect(lobby.locator(".count")).to_have_text("3")
        expect(lobby.locator(".count")).to_have_class("count loud")
        expect(alice.page).to_have_title("(1!) #dev · " + alice.page.title().rsplit(" · ")[-1])
        lobby.click()
        alice.sees("alice: three")
        expect(alice.page.locator("#lines .new")).to_have_count(1)
        first_new = alice.page.locator("#lines li", has=alice.page.locator(".new"))
        expect(first_new.locator(".text")).to_have_text("one")
        expect(lobby.locator(".count")).to_have_text("")
        expect(alice.page).to_have_title("#lobby · " + alice.page.title().rsplit(" · ")[-1])


def test_a_private_conversation_stays_private(chat: Daemon, chromium: Any) -> None:
    """What is typed there goes to that one member, commands that speak to a room are refused there."""
    with chat.join("bob") as bob, chat.join("carol") as carol, seat(chromium) as alice:
        alice.joins(chat, "alice")
        carol.reads_until("-- alice joined")
        bob.types("/msg alice psst")
        alice.place("bob").click()
        alice.sees("psst")
        alice.types("yes?")
        bob.reads_until("[alice -> bob] yes?")
        alice.sees("yes?")
        alice.types("/me whispers")
        expect(alice.page.locator("#say-error")).to_contain_text("is for rooms")
        alice.page.locator("#text").fill("")
        alice.place("#lobby").click()
        alice.types("back in the room")
        assert carol.reads_until("<alice> back in the room")[-2:] == ["<alice> back in the room"]


def test_search_finds_and_goes_there(tmp_path: Path, chromium: Any) -> None:
    """A line of long ago is found, shown where it was said, and what is around it too."""
    with daemon(*FAST, cwd=tmp_path) as chat, chat.join("bob") as bob, seat(chromium) as alice:
        said = [f"line {number} of many" for number in range(400)]
        said[67] = "the needle, here"
        bob.types(*said)
        bob.reads_until("<bob> line 399 of many")
        alice.joins(chat, "alice")
        alice.page.get_by_role("button", name="Search").click()
        alice.page.get_by_label("Words to search for").fill("needle")
        alice.page.keyboard.press("Enter")
        result = alice.page.locator("#results li")
        expect(result).to_have_count(1)
        result.get_by_role("button").click()
        expect(alice.line("the needle, here")).to_be_in_viewport()
        expect(alice.line("line 66 of many")).to_be_in_viewport()
        # Down to the end, without the button: what lies between is fetched as one scrolls.
        for _ in range(200):
            if alice.page.locator("#log").evaluate(SCROLL_DOWN):
                break
        expect(alice.line("line 399 of many")).to_be_in_viewport()
        seen = alice.texts()
        assert len(seen) > 250
        assert seen == said[-len(seen) :]


def test_the_past_comes_as_one_scrolls_up_and_nothing_jumps(tmp_path: Path, chromium: Any) -> None:
    """Up to the first line, each once and in order; what one looks at stays where it is."""
    with daemon(*FAST, cwd=tmp_path) as chat, chat.join("bob") as bob, seat(chromium, **PHONE) as alice:
        for number in range(500):
            bob.types(f"line {number} of many")
        bob.reads_until("<bob> line 499 of many")
        alice.joins(chat, "alice")
        expect(alice.line("line 499 of many")).to_be_in_viewport()
        top = alice.page.locator("#top")
        log = alice.page.locator("#log")
        for _ in range(60):
            if "beginning" in top.inner_text():
                break
            jumped = log.evaluate(SCROLL_UP)
            assert jumped <= 1, jumped
        expect(top).to_have_text("This is the beginning of #lobby.")
        assert alice.texts()[:300] == [f"line {number} of many" for number in range(300)]
        bob.types("and one more")
        expect(alice.page.locator("#newest")).to_have_text("↓ 1 new line")


def test_what_is_before_somebody_who_is_ignored_is_reached(tmp_path: Path, chromium: Any) -> None:
    """Whole pages of the past may have nothing to show; they are not the beginning."""
    with (
        daemon(*FAST, cwd=tmp_path) as chat,
        chat.join("bob") as bob,
        chat.join("eve") as eve,
        seat(chromium) as alice,
    ):
        bob.types("long ago")
        eve.reads_until("<bob> long ago")
        eve.types(*(f"buy {number}" for number in range(600)))
        eve.reads_until("<eve> buy 599")
        alice.joins(chat, "alice")
        alice.sees("buy 599")
        alice.types("/ignore eve")
        top, log = alice.page.locator("#top"), alice.page.locator("#log")
        for _ in range(60):
            if "beginning" in top.inner_text():
                break
            log.evaluate(SCROLL_UP)
        expect(top).to_have_text("This is the beginning of #lobby.")
        assert alice.texts()[0] == "long ago"


def test_who_is_away_is_shown_as_that_at_once(chat: Daemon, chromium: Any) -> None:
    """Without a look at the list of who is here; and who is back as well."""
    with chat.join("bob") as bob, seat(chromium) as alice:
        alice.joins(chat, "alice")
        row = alice.page.locator("#members li", has_text="bob")
        expect(row).to_have_count(1)
        bob.types("/away lunch")
        expect(row.locator(".muted")).to_have_text("away: lunch")
        bob.types("/back")
        expect(row.locator(".muted")).to_have_text("")


def test_what_one_looks_at_stays_where_it_is_while_others_talk(tmp_path: Path, chromium: Any) -> None:
    """Looking back, one is told how many came, and led there by a button."""
    with daemon(*FAST, cwd=tmp_path) as chat, chat.join("bob") as bob, seat(chromium, **PHONE) as alice:
        for number in range(100):
            bob.types(f"line {number} of many")
        bob.reads_until("<bob> line 99 of many")
        alice.joins(chat, "alice")
        expect(alice.line("line 99 of many")).to_be_in_viewport()
        alice.page.locator("#log").evaluate("(log) => { log.scrollTop -= 700; }")
        looked_at = alice.line("line 70 of many")
        before = looked_at.bounding_box()
        for number in range(50):
            bob.types(f"new line {number}")
        newest = alice.page.locator("#newest")
        expect(newest).to_have_text("↓ 50 new lines")
        assert looked_at.bounding_box() == before
        newest.click()
        expect(alice.line("new line 49")).to_be_in_viewport()
        expect(newest).to_be_hidden()


def test_the_end_stays_in_view_when_a_keyboard_opens(chat: Daemon, chromium: Any) -> None:
    """It takes half of the screen; the last line and the row to type in are above it."""
    with chat.join("bob") as bob, seat(chromium, **PHONE) as alice:
        alice.joins(chat, "alice")
        for number in range(15):
            bob.types(f"line {number} of some, which is so long that it takes two rows of a phone")
        last = alice.line("line 14 of some, which is so long that it takes two rows of a phone")
        expect(last).to_be_in_viewport(ratio=1)
        alice.page.set_viewport_size({"width": 390, "height": 430})
        expect(last).to_be_in_viewport(ratio=1)
        expect(alice.page.locator("#text")).to_be_in_viewport(ratio=1)


def test_who_comes_back_another_day_sees_what_is_new(chat: Daemon, chromium: Any) -> None:
    """The browser remembers the nick, the rooms and how far they were read; rooms that one left count too."""
    with chat.join("bob") as bob, seat(chromium) as alice:
        alice.joins(chat, "alice")
        alice.types("/join #dev")
        expect(alice.page.locator("#title")).to_have_text("#dev")
        alice.types("read by now")
        alice.sees("read by now")
        alice.types("/part")
        expect(alice.place("#dev")).to_have_count(0)
        tab = alice.page
        alice.page = tab.context.new_page()
        tab.close()
        bob.reads_until_match("^-- alice left")
        bob.types("one", "alice: two")
        bob.reads_until("<bob> alice: two")
        bob.types("/join #dev", "three")
        bob.reads_until("<bob> three")
        alice.opens(chat)
        expect(alice.page.get_by_label("Your nick")).to_have_value("alice")
        alice.page.keyboard.press("Enter")
        first_new = alice.page.locator("#lines li", has=alice.page.locator(".new"))
        expect(first_new.locator(".text")).to_have_text("one")
        expect(alice.place("#dev").locator(".count")).to_have_text("1")


def test_browsers_nc_and_the_client_talk_in_one_room(chat: Daemon, chromium: Any) -> None:
    """Each sees what each other says, once."""
    client = [
        str(Path(sys.executable).parent / "lanchat-client"),
        "127.0.0.1",
        str(chat.port),
        "--nick",
        "dora",
    ]
    with chat.join("bob") as bob, seat(chromium) as alice, seat(chromium, **PHONE) as carol:
        alice.joins(chat, "alice")
        carol.joins(chat, "carol")
        alice.types("from a laptop")
        carol.sees("from a laptop")
        carol.types("from a phone")
        alice.sees("from a phone")
        bob.types("from nc")
        said = subprocess.run(
            client, input="from the client\n", text=True, capture_output=True, timeout=PATIENCE_S, check=False
        )
        assert said.returncode == 0, said.stderr
        for person in (alice, carol):
            person.sees("from the client")
            assert person.texts() == ["from a laptop", "from a phone", "from nc", "from the client"]
        bob.reads_until("<dora> from the client")


def test_it_talks_over_tls(chat: Daemon, chromium: Any) -> None:
    """On the same port, with the daemon's own certificate once the browser was told to take it."""
    with chat.join("bob") as bob, seat(chromium, **DESKTOP, ignore_https_errors=True) as alice:
        alice.joins(chat, "alice", scheme="https")
        assert alice.page.evaluate("isSecureContext")
        bob.types("/who")
        bob.reads_until("-- 2 in #lobby: alice and bob (plain)")
        alice.types("nobody in between reads this")
        bob.reads_until("<alice> nobody in between reads this")
        alice.page.locator("#me summary").click()
        expect(alice.page.locator("#notify")).to_be_enabled()


# Scroll down by a page; whether that was the end.
SCROLL_DOWN = """async (log) => {
  log.scrollTop += log.clientHeight;
  await new Promise((done) => setTimeout(done, 100));
  return log.scrollHeight - log.scrollTop - log.clientHeight < 2;
}"""

# Scroll up by half a page, and say by how many pixels what is in view moved in the 300 ms after that.
SCROLL_UP = """async (log) => {
  log.scrollTop -= log.clientHeight / 2;
  const rows = [...document.querySelectorAll("#lines li")];
  const row = rows.find((one) => one.getBoundingClientRect().top > log.getBoundingClientRect().top);
  const top = row.getBoundingClientRect().top;
  let most = 0;
  for (let turn = 0; turn < 6; turn += 1) {
    await new Promise((done) => setTimeout(done, 50));
    if (row.isConnected) most = Math.max(most, Math.abs(row.getBoundingClientRect().top - top));
  }
  return most;
}"""
