"""How the page is seen, and read by who cannot see it: in all sizes and colours, and by keys alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.daemon import Daemon, daemon
from tests.page.browser import FAST, SIZES, playwright, seat, shot

pytestmark = pytest.mark.web
expect = playwright.expect

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"


def faults_by_axe(page: Any) -> list[str]:
    """What axe-core finds, a line each."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm install in tests/page")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("async () => (await axe.run()).violations")
    return [f"{one['id']}: {node['html']} {node['failureSummary']}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_nothing_is_found_by_axe(chat: Daemon, chromium: Any, size: str, scheme: str) -> None:
    """At the door, in talk, with the commands, the lists, the settings and the search open."""
    bob, carol = chat.join("bob"), chat.join("carol")
    with bob, carol, seat(chromium, **SIZES[size], color_scheme=scheme) as alice:
        page = alice.page
        alice.opens(chat)
        shot(alice, f"{size}-{scheme}-door")
        assert faults_by_axe(page) == []
        alice.joins(chat, "alice")
        alice.types("/join #kitchen")
        expect(page.locator("#title")).to_have_text("#kitchen")
        bob.types("Morning! Has anybody seen the projector?", "It was in the small room yesterday.")
        carol.types("/away at lunch", "Ask in the workshop: http://wiki.lan/projector_(big)")
        bob.types("alice: could you look?", "שלום, מה שלומכם? 👍", "/msg alice psst, there is cake")
        carol.types("/topic Projectors, cake and all that we share")
        expect(page.locator("#privates button")).to_have_count(1)
        page.evaluate("location.hash = '#lobby'")
        alice.sees("Ask in the workshop: http://wiki.lan/projector_(big)")
        alice.types("On my way.")
        alice.sees("On my way.")
        shot(alice, f"{size}-{scheme}-talk")
        assert faults_by_axe(page) == []
        page.locator("#text").press_sequentially("/m")
        expect(page.get_by_role("option")).not_to_have_count(0)
        shot(alice, f"{size}-{scheme}-commands")
        assert faults_by_axe(page) == []
        page.locator("#text").fill("")
        if size == "phone":
            page.get_by_role("button", name="Rooms").click()
        page.locator("#me summary").click()
        page.wait_for_timeout(300)
        shot(alice, f"{size}-{scheme}-settings")
        assert faults_by_axe(page) == []
        page.locator("#me summary").click()
        page.keyboard.press("Escape")
        if size == "phone":
            page.get_by_role("button", name="Who is here").click()
            page.wait_for_timeout(300)
            shot(alice, f"{size}-{scheme}-people")
            assert faults_by_axe(page) == []
            page.keyboard.press("Escape")
        page.get_by_role("button", name="Search").click()
        page.get_by_label("Words to search for").fill("projector")
        page.keyboard.press("Enter")
        expect(page.locator("#results li")).not_to_have_count(0)
        page.wait_for_timeout(300)
        shot(alice, f"{size}-{scheme}-search")
        assert faults_by_axe(page) == []


def test_everything_is_done_by_keys(chat: Daemon, chromium: Any) -> None:
    """In, talk, complete, change the room, search, and back: without a mouse."""
    with chat.join("bob") as bob, seat(chromium) as alice:
        keys = alice.page.keyboard
        alice.opens(chat)
        keys.type("alice")
        keys.press("Enter")
        row = alice.page.locator("#text")
        expect(row).to_be_focused()
        expect(alice.page.locator("#members li")).to_have_count(2)
        keys.type("bo")
        keys.press("Tab")
        expect(row).to_have_value("bob: ")
        keys.type("first")
        keys.press("Shift+Enter")
        keys.type("second")
        keys.press("Enter")
        assert bob.reads_until("<alice> second")[-2:] == ["<alice> bob: first", "<alice> second"]
        keys.type("/jo")
        keys.press("Tab")
        expect(row).to_have_value("/join ")
        keys.type("dev")
        keys.press("Enter")
        expect(alice.page.locator("#title")).to_have_text("#dev")
        keys.press("Alt+ArrowUp")
        expect(alice.page.locator("#title")).to_have_text("#lobby")
        expect(row).to_be_focused()
        keys.press("ArrowUp")
        expect(row).to_have_value("/join dev")
        keys.press("ArrowDown")
        keys.type("/search second")
        keys.press("Enter")
        expect(alice.page.locator("#results li")).to_have_count(1)
        keys.press("Escape")
        expect(alice.page.locator("#search")).to_be_hidden()


def test_new_lines_are_read_out_once(chat: Daemon, chromium: Any) -> None:
    """A live region says who said what; what is past, or was said long before, is not read again."""
    with chat.join("bob") as bob, seat(chromium) as alice:
        bob.types("long before")
        alice.joins(chat, "alice")
        alice.sees("long before")
        bob.types("and now")
        region = alice.page.get_by_role("log")
        expect(region.locator("p")).to_have_text(["bob: and now"])


def test_a_burst_keeps_the_page_answering(tmp_path: Path, chromium: Any) -> None:
    """1,000 lines at once: no task takes over 100 ms, and the document stays small."""
    with (
        daemon(*FAST, cwd=tmp_path) as chat,
        chat.join("bob") as bob,
        seat(chromium, **SIZES["phone"]) as alice,
    ):
        alice.joins(chat, "alice")
        alice.page.evaluate(LONG_TASKS)
        bob.types(
            *(f"line {number} of a burst, with http://example.org/{number} in it" for number in range(1_000))
        )
        expect(alice.line("line 999 of a burst, with http://example.org/999 in it")).to_be_in_viewport()
        longest = alice.page.evaluate("() => Math.max(0, ...window.longTasks)")
        assert longest <= 100, longest
        assert alice.page.locator("#lines li").count() <= 2_000


def test_a_tab_that_stood_still_has_missed_nothing(tmp_path: Path, chromium: Any) -> None:
    """For seconds it reads nothing, and is far behind: then it has all lines, in order, each once."""
    with daemon(*FAST, cwd=tmp_path) as chat, chat.join("bob") as bob, seat(chromium) as alice:
        alice.joins(chat, "alice")
        bob.reads_until("-- alice joined")
        alice.page.evaluate(
            "() => { setTimeout(() => { const end = Date.now() + 3000; while (Date.now() < end); }); }"
        )
        text = "x" * 1_000
        for number in range(2_000):
            bob.types(f"line {number} {text}")
        bob.types("that was all")
        expect(alice.line("that was all")).to_be_in_viewport(timeout=20_000)
        seen = [line.split()[1] for line in alice.texts()[:-1]]
        assert seen == [str(number) for number in range(2_000 - len(seen), 2_000)]
        assert len(seen) >= 100


LONG_TASKS = """() => {
  window.longTasks = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.longTasks.push(entry.duration);
  }).observe({ entryTypes: ["longtask"] });
}"""
