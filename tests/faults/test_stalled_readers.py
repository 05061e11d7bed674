"""Readers that stall: a thousand of them cost nobody anything, and miss nothing that the log holds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.daemon import Daemon, wait_until
from tests.faults.crowd import UNLIMITED, Crowd, crowd, median_ratio, turns, watched
from tests.faults.process import MIB, Most, forget_peak, memory_bytes, peak_bytes, sockets_bytes

READERS, STALLED, LINES_PER_S = 100, 1_000, 2_000


@contextmanager
def room_with_stalled(home: Path, stalled: int, *options: str) -> Iterator[tuple[Daemon, Crowd]]:
    """A daemon with the healthy readers, somebody who talks, and so many with small windows that stall."""
    home.mkdir()
    with watched(*UNLIMITED, *options, cwd=home) as chat, crowd(chat) as members:
        members.does("join", count=READERS, prefix="reader")
        members.does("join", count=1, prefix="talker")
        members.does("join", count=stalled, prefix="stalled", receive_buffer=4_096)
        members.does("stall", prefix="stalled")
        yield chat, members


def p99_ms(members: Crowd, seconds: float) -> float:
    """Of the lines' way to the healthy readers, each of whom sees every line."""
    told = members.does("talk", by="talker0", lines_per_s=LINES_PER_S, seconds=seconds, extra=100)
    assert (told["whole"], told["missed"], told["closed"]) == (READERS + 1, [], {})
    p99: float = told["p99_ms"]
    return p99


@contextmanager
def stalled(home: Path, rounds: int, seconds: float, *options: str) -> Iterator[tuple[Daemon, Crowd]]:
    """The thousand, when the others have been talking for so many rounds and held to what is promised.

    Rounds without the stalled and with them by turns.
    """
    with (
        room_with_stalled(home / "without", 0, *options) as (_, without),
        room_with_stalled(home / "with", STALLED, *options) as (chat, beside),
    ):
        pid = chat.process.pid
        p99_ms(beside, 0.5)
        forget_peak(pid)
        before, sockets = memory_bytes(pid), Most(sockets_bytes)
        latencies = []
        for _ in range(rounds):
            latencies.append((p99_ms(without, min(2, seconds)), p99_ms(beside, seconds)))
            sockets.look()
        assert median_ratio(latencies) <= 2, latencies
        assert sockets.most <= 350 * MIB, sockets.most / MIB
        turns(chat)
        yield chat, beside
        # Those that woke did so in turns, so that nobody was held up: all in one turn, it was 4,600 ms.
        assert turns(chat)[0] < 100
        assert peak_bytes(pid) - before <= 128 * MIB


@pytest.mark.faults
@pytest.mark.timeout(120)
def test_a_thousand_stalled_readers_cost_nobody_anything(tmp_path: Path) -> None:
    """2,000 lines a second: the others get them as soon, and who wakes gets each line that it missed."""
    with stalled(tmp_path, 4, 1.5) as (_, members):
        woken = members.does("wake", prefix="stalled", count=100)
        assert (woken["whole"], woken["missed"], woken["closed"]) == (100, [], {})


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_thousand_stalled_readers_for_half_a_minute(tmp_path: Path) -> None:
    """All of them wake, and are told how much of the 61,000 lines is not held any more."""
    with stalled(tmp_path, 5, 6, "--no-history", "--log-events=2000") as (_, members):
        woken = members.does("wake", prefix="stalled", count=STALLED)
        assert (len(woken["missed"]), woken["wrong"], woken["closed"]) == (STALLED, 0, {})


@pytest.mark.faults
@pytest.mark.timeout(120)
def test_a_reader_that_wakes_after_20_s_gets_what_it_missed(tmp_path: Path) -> None:
    """All of it from the disk; with --no-history all that is held, and the exact count of the rest."""
    with ExitStack() as stack:
        crowds = []
        for name, options in (("disk", ()), ("memory", ("--no-history", "--log-events=5000"))):
            (tmp_path / name).mkdir()
            chat = stack.enter_context(watched(*UNLIMITED, *options, cwd=tmp_path / name))
            members = stack.enter_context(crowd(chat))
            members.does("join", count=1, prefix="talker")
            members.does("join", count=1, prefix="sleeper", receive_buffer=4_096)
            members.does("stall", prefix="sleeper")
            crowds.append(members)
        asleep = time.monotonic()
        for members in crowds:
            members.begins("talk", by="talker0", lines_per_s=500, seconds=20, extra=40)
        said = [members.answers()["said"] for members in crowds]
        assert time.monotonic() - asleep >= 20
        from_disk, from_memory = (members.does("wake", prefix="sleeper", count=1) for members in crowds)
    assert said == [10_000, 10_000]
    assert (from_disk["whole"], from_disk["missed"], from_disk["wrong"]) == (1, [], 0)
    # What the sockets held was not missed: the count and what came are all that was said (`Members.wake`).
    (missed,) = from_memory["missed"]
    assert 0 < missed < 5_000
    assert (from_memory["wrong"], from_memory["closed"]) == (0, {})


@pytest.mark.faults
@pytest.mark.timeout(120)
def test_readers_that_stay_away_are_aborted_and_the_others_told_why(tmp_path: Path) -> None:
    """Their nicks are free, and the kernel holds nothing for them any more."""
    with watched(*UNLIMITED, "--stall-timeout-s=2", cwd=tmp_path) as chat, crowd(chat) as members:
        members.does("join", count=1, prefix="talker")
        members.does("join", count=200, prefix="stalled", receive_buffer=4_096)
        members.does("stall", prefix="stalled")
        before = memory_bytes(chat.process.pid)
        held = Most(sockets_bytes)
        members.does("talk", by="talker0", lines_per_s=LINES_PER_S, seconds=2, extra=40)
        held.look()
        assert held.growth > 10 * MIB
        with chat.join("witness") as witness:
            witness.reads_until_match(r"^-- stalled.* left \(reads nothing\)$")
        wait_until("all are gone", lambda: sum("closed: stalled" in line for line in chat.log) == 200)
        with chat.join("stalled0"):
            assert memory_bytes(chat.process.pid) - before < 16 * MIB
