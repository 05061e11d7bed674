"""Peers that are gone without a word: their packets vanish, and no end of the connection ever comes."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.daemon import Peer, daemon
from tests.faults.namespaces import SERVER, hosts


def a_cable_is_pulled(tmp_path: Path, keepalive_s: int, within_s: float) -> None:
    """Two members are behind it: to one nothing was on its way, to the other there is always something."""
    with (
        hosts() as network,
        daemon("--port=0", f"--keepalive-s={keepalive_s}", cwd=tmp_path, prefix=network.prefix()) as chat,
        network.at(network.server, lambda: chat.join("alice")) as alice,
        network.at(network.client, lambda: Peer(chat.port, host=SERVER)) as quiet,
        network.at(network.client, lambda: Peer(chat.port, host=SERVER)) as busy,
    ):
        quiet.types("quiet", "/join #elsewhere")
        quiet.reads_until_match(r"^-- 1 in #elsewhere: quiet")
        busy.types("busy")
        alice.reads_until("-- busy joined")
        network.cut()
        cut = time.monotonic()
        gone_after_s: dict[str, float] = {}
        while len(gone_after_s) < 2:
            now_s = time.monotonic() - cut
            assert now_s < within_s, (gone_after_s, chat.log)
            for nick in ("quiet", "busy"):
                if any(re.search(f"closed: lost, .*nick {nick},", line) for line in chat.log):
                    gone_after_s.setdefault(nick, now_s)
            alice.types("are you there?")
            time.sleep(0.5)
        # Not before it may have been a change from cable to Wi-Fi, nor by an answer from the other end.
        assert min(gone_after_s.values()) > keepalive_s / 2
        alice.reads_until("-- busy left (connection lost)")
        for nick in ("quiet", "busy"):
            network.at(network.server, lambda nick=nick: chat.join(nick)).close()  # type: ignore[misc]
        assert min(gone_after_s.values()) > keepalive_s / 4, "they were told"


@pytest.mark.faults
def test_who_is_gone_without_a_word_is_gone(tmp_path: Path) -> None:
    """In the time that --keepalive-s says, and ten seconds; the nicks are free."""
    a_cable_is_pulled(tmp_path, keepalive_s=8, within_s=18)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_who_is_gone_without_a_word_is_gone_within_130_s(tmp_path: Path) -> None:
    """With the limits as they are shipped."""
    a_cable_is_pulled(tmp_path, keepalive_s=120, within_s=130)
