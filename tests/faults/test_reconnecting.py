"""One address that connects again and again: it gets what its connections might have, and no more."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from lanchatd.limits import Limits
from lanchatd.net.allowances import COMES, COMES_AGAIN_S
from tests.daemon import Daemon, Peer, daemon
from tests.faults.crowd import intruder, turns, watched
from tests.faults.members import A_HOUSEHOLD, address
from tests.faults.process import MIB, cpu_s, forget_peak, memory_bytes, peak_bytes
from tests.faults.victim import talk, victims

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

# With the nick, the room and the end as many as one connection may send at once.
LINES, AT_ONCE, SECONDS = 17, 4, 5
LONGEST_TURN_MS = 50  # of CPU time
GROWS_MIB = 40


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize(
    ("size", "rooms"), [(20, False), (4_000, False), (4_000, True)], ids=["short", "long", "rooms"]
)
def test_who_connects_again_and_again_gets_no_more(tmp_path: Path, size: int, rooms: bool, tls: bool) -> None:
    """Four at a time: connect, a nick, a burst, end. What is kept, and held in memory, is bounded.

    The others hardly notice, somebody from another address comes in and talks, and the log stays short.
    """
    limits = Limits()
    with watched(cwd=tmp_path) as chat, victims(chat) as people:
        alone = talk(people, lambda seconds: seconds < 3)
        turns(chat)
        pid = chat.process.pid
        forget_peak(pid)
        memory, cpu, logged = memory_bytes(pid), cpu_s(pid), len(chat.log)
        arguments = {"lines": LINES, "size": size, "at_once": AT_ONCE, "rooms": rooms, "tls": tls}
        came: list[float] = []

        def goes_on(seconds: float) -> bool:
            if seconds > 2 and not came:
                came.append(_comes_and_talks(chat))
            return not harm.has_answered()

        with intruder(chat, "reconnect", seconds=SECONDS, **arguments) as harm:
            beside = talk(people, goes_on)
            found = harm.answers()
        longest_ms, _ = turns(chat)
        grown = (peak_bytes(pid) - memory) / MIB
        used_s = cpu_s(pid) - cpu
        said = _kept(tmp_path, "again")
        print(alone, beside, came, found)  # noqa: T201 - what a failure is about
        logged = len(chat.log) - logged
        print(f"{grown:.1f} MiB {longest_ms} ms {used_s:.1f} s {said} kept {logged} logged")  # noqa: T201
        most = limits.max_per_address
        full_s = found["full_s"]
        assert 0 < found["let_in"] <= COMES * most + most / COMES_AGAIN_S * (full_s + 1) + AT_ONCE
        # At once, then a second, and since it came too often what those may say that are let in.
        late = (SECONDS + 1) * (most / COMES_AGAIN_S) * LINES
        assert said <= most * (limits.burst_lines + limits.lines_per_s * (full_s + 1)) + late
        # One each for as many as may be connected; then of what it does, of those slowed and turned away.
        assert logged <= 2 * most + 4 * (full_s + SECONDS + 2)
        assert came[0] <= 1
        assert beside.are_bearable(alone), (alone, beside)
        assert longest_ms <= LONGEST_TURN_MS
        assert grown <= GROWS_MIB
        assert not any("Traceback" in line for line in chat.log), chat.log
        chat.process.terminate()
        assert chat.ends() == 0
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    with daemon("--port=0", cwd=fresh) as empty, daemon("--port=0", cwd=tmp_path) as again:
        took = memory_bytes(again.process.pid) - memory_bytes(empty.process.pid)
        assert took / MIB <= GROWS_MIB


def _comes_and_talks(chat: Daemon) -> float:
    """How long it takes somebody from elsewhere to come in and be heard, in seconds."""
    began = time.monotonic()
    with Peer(chat.port, own=address(30_000 * A_HOUSEHOLD)) as newcomer:
        newcomer.types("newcomer", "hello")
        newcomer.reads_until("<newcomer> hello")
    return time.monotonic() - began


def _kept(cwd: Path, nick: str) -> int:
    """How many lines of those whose nicks begin so are on the disk."""
    (path,) = cwd.rglob("history.sqlite")
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as log:
        (count,) = log.execute(
            "SELECT count(*) FROM event WHERE kind = 'said' AND nick LIKE ?", (f"{nick}%",)
        ).fetchone()
    return int(count)
