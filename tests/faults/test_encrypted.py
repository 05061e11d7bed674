"""TLS that is no chat: what one connection makes the daemon decrypt and answer costs the others nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.daemon import wait_until
from tests.faults.crowd import intruder, turns, watched
from tests.faults.encrypted_intruders import libssl
from tests.faults.process import MIB, forget_peak, memory_bytes, peak_bytes
from tests.faults.victim import talk, victims

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

LONGEST_TURN_MS = 50  # of CPU time


@pytest.mark.parametrize(
    ("piece", "connections", "why"),
    [
        ("x", 1, "closed: flood"),
        ("x", 20, "closed: flood"),
        ("hello\n", 1, "closed: flood"),
        ("hello\n", 20, "closed: flood"),
        ("\n", 20, "closed: flood"),
    ],
)
def test_records_without_end(tmp_path: Path, piece: str, connections: int, why: str) -> None:
    """A line a record, or a byte, as fast as they are taken: held to their rate, told, and closed."""
    held(tmp_path, "records", connections, why, piece=piece)


@pytest.mark.skipif(libssl() is None, reason="needs libssl")
@pytest.mark.parametrize(
    ("connections", "receive_buffer"), [(1, 4_096), (4, 4_096), (16, 4_096), (60, 65_536)]
)
def test_new_keys_without_end(tmp_path: Path, connections: int, receive_buffer: int) -> None:
    """Who asks for new keys, again and again, and reads nothing that it is answered, is closed.

    Sixty are held to what one address may have, so it takes longer until each is: what they are told
    meanwhile has to fit, or the kernel of one whose buffer is full sends nothing more by itself.
    """
    held(tmp_path, "new_keys", connections, "closed: flood", receive_buffer=receive_buffer)


def held(tmp_path: Path, what: str, connections: int, why: str, **arguments: Any) -> None:
    with (
        watched("--flood-timeout-s=4", cwd=tmp_path) as chat,
        victims(chat) as people,
    ):
        alone = talk(people, lambda seconds: seconds < 3)
        pid = chat.process.pid
        turns(chat)
        forget_peak(pid)
        before = memory_bytes(pid)
        with intruder(chat, what, connections=connections, seconds=40, **arguments) as harm:
            beside = talk(people, lambda seconds: seconds < 4 or not harm.has_answered())
            found = harm.answers()
        longest_ms, _ = turns(chat)
        wait_until("all are closed", lambda: sum(why in line for line in chat.log) == connections)
        grown = (peak_bytes(pid) - before) / MIB
        print(f"{alone} {beside} {grown:.1f} MiB {longest_ms} ms {found}")  # noqa: T201 - what a failure is about
        assert found["left"] == 0
        assert beside.are_bearable(alone), (alone, beside)
        assert longest_ms <= LONGEST_TURN_MS
        assert grown <= 1 + connections / 2
