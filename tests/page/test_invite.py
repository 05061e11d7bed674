"""Who is on the page tells others how to join."""

from __future__ import annotations

from typing import Any

import pytest

from tests.daemon import Daemon
from tests.page.browser import playwright, seat, shot
from tests.page.test_looks import faults_by_axe

pytestmark = pytest.mark.web
expect = playwright.expect


def test_it_shows_how_others_join(chat: Daemon, chromium: Any) -> None:
    """The address of the network, though the page was opened on this machine; and a picture of it."""
    with seat(chromium) as alice:
        alice.joins(chat, "alice")
        alice.page.get_by_text("Invite others").click()
        ways = alice.page.get_by_role("list", name="Ways to join").get_by_role("listitem")
        expect(ways).to_have_count(4)
        assert ways.first.inner_text() == chat.logged(r"the page is at (\S+)")[1]
        code = alice.page.get_by_role("img", name="QR code of the address of this page")
        expect(code).to_be_visible()
        assert code.evaluate("(image) => image.naturalWidth") > 0
        shot(alice, "invite")
        assert faults_by_axe(alice.page) == []
        assert alice.complaints == []
