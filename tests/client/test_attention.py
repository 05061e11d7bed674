"""What calls somebody who looks elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from lanchatd.client.attention import notification_of
from tests.client.test_terminal import CTRL_D, ENTER, is_here
from tests.daemon import daemon
from tests.pseudo_terminal import at, seat


@pytest.mark.parametrize(
    ("environment", "begins"),
    [
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "\x1b]9;"),
        ({"TERM": "xterm-kitty"}, "\x1b]9;"),
        ({"TERM": "foot"}, "\x1b]777;notify;lanchat;"),
        ({"TERM": "rxvt-unicode-256color"}, "\x1b]777;notify;lanchat;"),
        ({"TERM": "xterm-256color"}, ""),
        ({}, ""),
    ],
)
def test_only_a_terminal_that_knows_them_is_sent_notifications(
    environment: dict[str, str], begins: str
) -> None:
    """Others might print them."""
    assert notification_of(environment) == begins


def test_who_names_us_elsewhere_is_heard(tmp_path: Path) -> None:
    """By the bell, the title and a notification, which say where and who, and not what."""
    with (
        daemon(cwd=tmp_path) as chat,
        chat.join("bob") as bob,
        seat(*at(chat, "--notify"), home=tmp_path, TERM="foot") as alice,
    ):
        is_here(alice)
        alice.sees(lambda seat: b"\x1b]2;#lobby\x1b\\" in seat.raw)
        alice.types("/join #dev" + ENTER)
        alice.sees(lambda seat: b"\x1b]2;#dev\x1b\\" in seat.raw)
        bob.types("nobody is named")
        alice.sees(lambda seat: "#lobby 1 [#dev]" in seat.screen[-1])
        assert b"\a" not in alice.raw
        bob.types("alice: secret")
        alice.sees(lambda seat: b"\a\x1b]777;notify;lanchat;#lobby: bob\x1b\\" in seat.raw)
        alice.sees(lambda seat: b"\x1b]2;(1) #dev\x1b\\" in seat.raw)
        bob.types("/msg alice secret")
        alice.sees(lambda seat: b"\x1b]777;notify;lanchat;private: bob\x1b\\" in seat.raw)
        alice.sees(lambda seat: b"\x1b]2;(2) #dev\x1b\\" in seat.raw)
        alice.types(CTRL_D)
        assert alice.ends() == 0
        alice.sees(lambda seat: b"\x1b]2;\x1b\\\x1b[23;2t" in seat.raw)
