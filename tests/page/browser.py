"""A real browser with the page open, as people have it: what they see, type and click."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import Daemon

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

# Debian's; playwright's own would have to be downloaded.
CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
# Of a daemon that takes hundreds of lines at once.
FAST = ("--port=0", "--lines-per-s=10000", "--burst-lines=10000", "--bytes-per-s=10000000")
SIZES = {"desktop": DESKTOP, "phone": PHONE}


class Seat:
    """Somebody in front of the page. What the browser complains about is in ``complaints``.

    But what has ``foreseen`` in it: a complaint may come at any time after what it is about.
    """

    def __init__(self, page: Any) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.foreseen = "WebSocket connection to"  # is refused while the daemon is away
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning") and self.foreseen not in message.text:
            self.complaints.append(message.text)

    def opens(self, chat: Daemon, room: str = "", scheme: str = "http") -> None:
        self.page.goto(f"{scheme}://127.0.0.1:{chat.port}/{room}")

    def joins(self, chat: Daemon, nick: str, room: str = "", scheme: str = "http") -> Seat:
        self.opens(chat, room, scheme)
        self.page.get_by_label("Your nick").fill(nick)
        self.page.get_by_role("button", name="Join").click()
        playwright.expect(self.page.locator("#text")).to_be_visible()
        return self

    def types(self, text: str) -> None:
        """Type a line and say it."""
        self.page.locator("#text").fill(text)
        self.page.keyboard.press("Enter")

    def line(self, text: str) -> Any:
        """The line with exactly this text."""
        return self.page.locator("#lines .text").filter(has_text=re.compile(f"^{re.escape(text)}$"))

    def sees(self, text: str) -> None:
        """Wait until one line has this text."""
        playwright.expect(self.line(text)).to_have_count(1)

    def texts(self) -> list[str]:
        """What people said, of the lines that are in the document."""
        found: list[str] = self.page.locator("#lines .said .text").all_inner_texts()
        return found

    def place(self, name: str) -> Any:
        """The button of a room or conversation in the list."""
        label = self.page.locator(".label").filter(has_text=re.compile(f"^{re.escape(name)}$"))
        return self.page.locator("#places button.place").filter(has=label)


@contextmanager
def chromiums() -> Iterator[Any]:
    """What starts Chromium; there can be only one of these in a process."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as started:
        yield started.chromium


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium, without a window."""
    with chromiums() as starter:
        running = starter.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@contextmanager
def seat(chromium: Any, **options: Any) -> Iterator[Seat]:
    """A window of its own, with nothing remembered; at the end the browser must have had nothing to say."""
    context = chromium.new_context(locale="en-GB", timezone_id="UTC", **(options or DESKTOP))
    context.set_default_timeout(15_000)
    found = Seat(context.new_page())
    yield found
    context.close()
    assert not found.complaints, found.complaints


def shot(found: Seat, name: str) -> None:
    """A picture to look at, if somebody wants them (PAGE_SHOTS names a directory)."""
    if where := os.environ.get("PAGE_SHOTS"):
        found.page.screenshot(path=Path(where) / f"{name}.png")
