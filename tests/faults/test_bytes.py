"""Bytes that are no chat: what one connection sends costs the others nothing, whatever it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.crowd import intruder, turns, watched
from tests.faults.process import MIB, forget_peak, memory_bytes, peak_bytes
from tests.faults.victim import talk, victims

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

GIB = 1 << 30
LONGEST_TURN_MS = 20  # of CPU time

TOO_LONG = "A line has at most 4,096 bytes; that one was thrown away."
FLOOD = "Too fast for 4 s; closed."
NO_WORD = "Too much without a word for 4 s; closed."


@pytest.mark.parametrize(
    ("piece", "times", "tls", "why", "least_bytes"),
    [
        pytest.param("x", 65_536, False, TOO_LONG, GIB, id="1 GiB without a newline"),
        pytest.param("\n", 65_536, False, FLOOD, MIB / 5, id="64 KiB of newlines, again and again"),
        pytest.param("x", 1, False, FLOOD, MIB / 5, id="a byte a segment"),
        pytest.param("hello\n", 10_000, False, FLOOD, MIB / 5, id="whole lines, without end"),
        pytest.param("x", 65_536, True, FLOOD, MIB / 5, id="no newline, over TLS"),
        pytest.param("\n", 65_536, True, FLOOD, MIB / 5, id="newlines, over TLS"),
        pytest.param("x", 1, True, NO_WORD, MIB / 20, id="a byte a record"),
        pytest.param("hello\n", 10_000, True, FLOOD, MIB / 5, id="whole lines, over TLS"),
    ],
)
def test_bytes_without_end(
    tmp_path: Path, piece: str, times: int, tls: bool, why: str, least_bytes: float
) -> None:
    """They hold up nobody, take no memory, and are closed, or thrown away."""
    # Bytes one by one are 40 KB a second, if whoever sends them has to share a core: that is allowed else.
    options = ("--bytes-per-s=16384",) if times == 1 else ()
    with watched("--flood-timeout-s=4", *options, cwd=tmp_path) as chat, victims(chat) as people:
        pid = chat.process.pid
        alone = talk(people, lambda seconds: seconds < 3)
        turns(chat)
        forget_peak(pid)
        before = memory_bytes(pid)
        with intruder(chat, "pour", piece=piece, times=times, most_bytes=GIB, tls=tls) as pourer:
            people[0].reads_until("-- pourer0 joined")
            beside = talk(people, lambda seconds: seconds < 4 or not pourer.has_answered())
            found = pourer.answers()
        longest_ms, _ = turns(chat)
        grown = peak_bytes(pid) - before
        print(f"{alone} {beside} {grown / MIB:.1f} MiB {longest_ms} ms {found}")  # noqa: T201 - what a failure is about
        assert found["closed"] == {why: 1}
        assert found["bytes"] >= least_bytes
        assert longest_ms <= LONGEST_TURN_MS
        assert grown <= MIB
        assert beside.are_bearable(alone), (alone, beside)
