"""Bytes that are no chat: what one connection sends costs the others nothing, whatever it is."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.daemon import Peer
from tests.faults.crowd import intruder, turns, watched
from tests.faults.process import MIB, forget_peak, memory_bytes, peak_bytes

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

GIB = 1 << 30
LONGEST_TURN_MS = 20  # of CPU time

TOO_LONG = "A line has at most 4,096 bytes; that one was thrown away."
FLOOD = "Too fast for 4 s; closed."


def round_trip_ms(alice: Peer, going_on: Callable[[int], bool]) -> float:
    """How long half of alice's lines take to come back at the most; four a second while it goes on."""
    trips: list[float] = []
    while going_on(len(trips)):
        said = time.monotonic()
        alice.types(f"hello {len(trips)}")
        alice.reads_until(f"<alice> hello {len(trips)}")
        trips.append((time.monotonic() - said) * 1e3)
        time.sleep(0.25)
    return statistics.median(trips)


@pytest.mark.parametrize(
    ("piece", "times", "why"),
    [
        pytest.param("x", 65_536, TOO_LONG, id="1 GiB without a newline"),
        pytest.param("\n", 65_536, FLOOD, id="64 KiB of newlines, again and again"),
        pytest.param("x", 1, FLOOD, id="a byte a segment"),
        pytest.param("hello\n", 10_000, FLOOD, id="whole lines, without end"),
    ],
)
def test_bytes_without_end(tmp_path: Path, piece: str, times: int, why: str) -> None:
    """They hold up nobody, take no memory, and are closed, or thrown away."""
    with watched("--flood-timeout-s=4", cwd=tmp_path) as chat, chat.join("alice") as alice:
        pid = chat.process.pid
        alone = round_trip_ms(alice, lambda trips: trips < 10)
        turns(chat)
        forget_peak(pid)
        before = memory_bytes(pid)
        with intruder(chat, "pour", piece=piece, times=times, most_bytes=GIB) as pourer:
            alice.reads_until("-- pourer0 joined")
            beside = round_trip_ms(alice, lambda trips: trips < 4 or not pourer.has_answered())
            found = pourer.answers()
        longest_ms, _ = turns(chat)
        assert found["closed"] == {why: 1}
        assert found["bytes"] >= (GIB if why is TOO_LONG else MIB / 5)
        assert longest_ms <= LONGEST_TURN_MS
        assert peak_bytes(pid) - before <= MIB
        # Not a trip through a busy daemon: a time that it takes the kernel to let it have a core.
        assert beside <= 2 * alone + 10
