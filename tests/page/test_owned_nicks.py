"""A nick that belongs to somebody, at the page: a field for what proves it, when it is needed."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import daemon
from tests.page.browser import CHROMIUM, DESKTOP, FLAGS, PHONE, playwright, seat, shot
from tests.page.test_looks import faults_by_axe

pytestmark = pytest.mark.web
expect = playwright.expect


def test_it_asks_for_the_password_of_a_nick_that_has_one(tmp_path: Path, chromium: Any) -> None:
    """It is in again after the connection was lost, and asks anew when it is loaded anew."""
    with seat(chromium, **PHONE) as alice:
        page = alice.page
        field, error = page.get_by_label("Password or code"), page.locator("#join-error")
        join = page.get_by_role("button", name="Join")
        with daemon("--port=0", cwd=tmp_path) as chat:
            with chat.join("alice") as owner:
                owner.types("/register correct horse")
                owner.reads_until("-- alice is yours now, by your password.")
            alice.opens(chat)
            expect(field).to_be_hidden()
            page.get_by_label("Your nick").fill("alice")
            join.click()
            text = "alice belongs to somebody. If that is you, type your password or a code."
            expect(error).to_have_text(f"{text} Else take another nick.")
            expect(field).to_be_focused()
            assert faults_by_axe(page) == []
            shot(alice, "owned-nick")
            field.fill("wrong horse")
            join.click()
            expect(error).to_contain_text("nor a code that is good now")
            expect(field).to_have_value("")
            field.fill("correct horse")
            page.keyboard.press("Enter")
            expect(page.locator("#text")).to_be_visible()
            port = chat.port
            chat.ends(signal.SIGKILL)
        expect(page.locator("#trouble")).to_contain_text("Trying again")
        with daemon(f"--port={port}", cwd=tmp_path) as chat:
            expect(page.locator("#trouble")).to_be_hidden(timeout=15_000)
            alice.types("here again")
            alice.sees("here again")
            assert "correct horse" not in str(page.evaluate("[localStorage, sessionStorage].map(String)"))
            page.reload()
            expect(field).to_be_visible()
            page.goto("about:blank")  # it may still be loading what belongs to the page


def test_a_code_lets_one_in_once(tmp_path: Path, chromium: Any) -> None:
    with daemon("--port=0", cwd=tmp_path) as chat, chat.join("alice") as owner, seat(chromium) as alice:
        owner.types("/register correct horse", "/code")
        code = owner.reads_until_match("^-- .*, once, within 10 minutes")[-1].split()[1].rstrip(",")
        alice.opens(chat)
        alice.page.get_by_label("Your nick").fill("alice")
        alice.page.get_by_role("button", name="Join").click()
        alice.page.get_by_label("Password or code").fill(code)
        alice.page.get_by_role("button", name="Join").click()
        expect(alice.page.locator("#text")).to_be_visible()
        alice.types("from both")
        owner.reads_until("<alice> from both")


def register(alice: Any) -> None:
    alice.types("/register")
    expect(alice.page.locator("#lines .info").last).to_contain_text("alice is yours now, by the key sha256:")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_one_word_makes_a_nick_this_browsers(tmp_path: Path, chromium: Any, scheme: str) -> None:
    """It is in again without being asked, until the device is removed; the key leaves the browser never."""
    any_key = {"ignore_https_errors": True, **DESKTOP}
    with (
        daemon("--port=0", cwd=tmp_path) as chat,
        seat(chromium, **any_key) as alice,
        seat(chromium, **any_key) as mallory,
    ):
        page = alice.joins(chat, "alice", scheme=scheme).page
        register(alice)
        page.reload()
        expect(page.locator("#text")).to_be_visible()
        alice.types("/devices")
        expect(page.locator("#lines .info").last).to_contain_text("1. Chrome on Linux, signed sha256:")
        assert page.evaluate(EXPORTED) == "InvalidAccessError"
        mallory.opens(chat, scheme=scheme)
        mallory.page.get_by_label("Your nick").fill("alice")
        mallory.page.get_by_role("button", name="Join").click()
        expect(mallory.page.locator("#join-error")).to_contain_text("alice belongs to somebody.")
        alice.types("/devices remove 1")
        expect(page.get_by_label("Password or code")).to_be_visible()
        page.reload()
        page.get_by_role("button", name="Join").click()
        expect(page.locator("#join-error")).to_contain_text("alice belongs to somebody.")


EXPORTED = """() => new Promise((resolve) => {
  const exported = ({ privateKey }) =>
    crypto.subtle.exportKey("pkcs8", privateKey).then(() => resolve("exported"), ({ name }) => resolve(name));
  indexedDB.open("lanchat").onsuccess = ({ target: { result } }) => {
    const kept = result.transaction("keys").objectStore("keys").get("own");
    kept.onsuccess = () => exported(kept.result);
  };
})"""


def test_a_code_makes_another_browser_a_device(tmp_path: Path, chromium: Any) -> None:
    """And what was read in one is read in the other."""
    with daemon("--port=0", cwd=tmp_path) as chat, seat(chromium) as laptop, seat(chromium) as phone:
        laptop.joins(chat, "alice")
        register(laptop)
        laptop.types("/code")
        told = laptop.page.locator("#lines .info").last
        expect(told).to_contain_text("once, within 10 minutes")
        code = told.inner_text().split("type alice ")[1].rstrip(".")
        phone.opens(chat, "#dev")
        phone.page.get_by_label("Your nick").fill("alice")
        phone.page.get_by_role("button", name="Join").click()
        phone.page.get_by_label("Password or code").fill(code)
        phone.page.keyboard.press("Enter")
        expect(phone.page.locator("#text")).to_be_visible()
        phone.page.reload()
        expect(phone.page.locator("#text")).to_be_visible()
        laptop.types("/join #dev")
        expect(laptop.place("#dev")).to_be_visible()
        for seated in (laptop, phone):
            seated.place("#lobby").click()
        with chat.join("bob") as bob:
            bob.types("/join #dev", "for both")
            for seated in (laptop, phone):
                expect(seated.place("#dev")).to_have_class(re.compile("unread"))
        phone.place("#dev").click()
        phone.sees("for both")
        expect(laptop.place("#dev")).not_to_have_class(re.compile("unread"), timeout=10_000)


def test_where_the_browser_keeps_no_key_it_asks(tmp_path: Path, starter: Any) -> None:
    """By plain HTTP, under a name: that is how most on a network open it."""
    running = starter.launch(
        executable_path=CHROMIUM, args=[*FLAGS, "--host-resolver-rules=MAP chat.test 127.0.0.1"]
    )
    with daemon("--port=0", "--web-host=chat.test", cwd=tmp_path) as chat, seat(running) as alice:
        page = alice.page
        page.goto(f"http://chat.test:{chat.port}/")
        assert page.evaluate("isSecureContext") is False
        page.get_by_label("Your nick").fill("alice")
        page.get_by_role("button", name="Join").click()
        expect(page.locator("#text")).to_be_visible()
        alice.types("/register")
        expect(page.locator("#lines .error").last).to_contain_text("no key that proves who you are")
        alice.types("/register correct horse")
        expect(page.locator("#lines .info").last).to_contain_text("alice is yours now, by your password.")
        page.reload()
        expect(page.locator("#secret")).to_be_visible()
        running.close()
