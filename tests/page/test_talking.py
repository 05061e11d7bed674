"""The page in a real browser: people come in, talk, find each other and what was said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.daemon import Daemon, daemon
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
        for number in range(400):
            bob.types("the needle, here" if number == 67 else f"line {number} of many")
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
        alice.page.get_by_role("button", name="Newest").click()
        expect(alice.line("line 399 of many")).to_be_in_viewport()


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
