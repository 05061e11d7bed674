"""A nick that belongs to somebody, at the page: a field for what proves it, when it is needed."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import daemon
from tests.page.browser import PHONE, playwright, seat, shot
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
            expect(error).to_contain_text("alice belongs to somebody.")
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
