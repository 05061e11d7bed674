"""Connections without end, and who gets in meanwhile."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import pytest

from tests.daemon import Daemon, wait_until
from tests.faults.crowd import crowd, intruder, turns, watched
from tests.faults.process import MIB, cpu_s, descriptors, forget_peak, memory_bytes, peak_bytes
from tests.openssh import Ssh, make_key, needs_ssh, public, write_keys


def comes_in_s(chat: Daemon, nick: str) -> float:
    """How long somebody takes to come in."""
    began = time.monotonic()
    chat.join(nick).close()
    return time.monotonic() - began


@pytest.mark.faults
@pytest.mark.timeout(150)
def test_ten_thousand_that_say_nothing(tmp_path: Path) -> None:
    """All are closed in time, and nine of ten who have something to say come in within a second meanwhile.

    A tenth may be told nothing by a queue that is full, and is heard a second later, or three (RFC 6298).
    """
    nick_timeout_s = 10
    with watched(f"--nick-timeout-s={nick_timeout_s}", cwd=tmp_path) as chat, chat.join("alice"):
        pid = chat.process.pid
        before = memory_bytes(pid)
        forget_peak(pid)
        with intruder(chat, "hold", connections=10_000, seconds=60) as silent:
            came_s: list[float] = []
            while not silent.has_answered():
                came_s.append(comes_in_s(chat, f"newcomer{len(came_s)}"))
                time.sleep(0.2)
            found = silent.answers()
        assert found["left"] == 0
        # The last ones have not waited longer than they may; the first seconds go into opening them.
        assert found["closed_s"] <= found["opened_s"] + nick_timeout_s + 3
        assert set(found["told"]) <= {
            "256 connections have given no nick yet; try again in a minute.",
            f"You gave no nick within {nick_timeout_s} s.",
        }
        assert peak_bytes(pid) - before <= 64 * MIB
        came_s.sort()
        assert came_s[len(came_s) * 9 // 10] <= 1, came_s
        assert came_s[-1] <= 4, came_s


@pytest.mark.faults
@pytest.mark.timeout(60)
@pytest.mark.parametrize("begin", ["", "x", "\x16", "\x16\x03\x01"])
def test_a_byte_keeps_no_place(tmp_path: Path, begin: str) -> None:
    """20 addresses hold 60 connections each, with a byte: who has a nick comes in within a second."""
    with watched(cwd=tmp_path) as chat, chat.join("alice"):
        talk_began = len(chat.log)
        with intruder(chat, "hold", connections=1_200, seconds=4, begin=begin) as harm:
            chat.logged("connected", after=talk_began + 100)
            came_s: list[float] = []
            while not harm.has_answered():
                came_s.append(comes_in_s(chat, f"newcomer{len(came_s)}"))
                time.sleep(0.1)
        assert max(came_s) <= 1, came_s


@needs_ssh
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "seconds", [pytest.param(4, marks=pytest.mark.faults), pytest.param(20, marks=pytest.mark.slow)]
)
def test_more_than_the_open_files_allow(tmp_path: Path, seconds: float) -> None:
    """With 256 files, a thousand stay connected and 2,000 more come each second.

    Who is in, the console and the log on disk go on; then everything is as before.
    """
    prefix = ("prlimit", "--nofile=256:256")
    if shutil.which(prefix[0]) is None:
        pytest.skip("prlimit (util-linux) is not installed")
    key = make_key(tmp_path / "key")
    keys = write_keys(tmp_path / "admin_keys", public(key))
    options = ("--admin-port=0", f"--admin-keys={keys}")
    with watched(*options, cwd=tmp_path, prefix=prefix) as chat, chat.join("alice") as alice:
        admin = Ssh(int(chat.logged(r"console on .* port (\d+)")[1]), tmp_path, key)
        assert admin.run("who").returncode == 0
        pid, files = chat.process.pid, descriptors(chat.process.pid)
        with intruder(chat, "hold", connections=1_000, seconds=600):
            chat.logged("was turned away: full|more were turned away: full")
            used = cpu_s(pid)
            time.sleep(1)
            assert cpu_s(pid) - used < 0.5, "it spins"
            seen = len(chat.log)
            with intruder(chat, "storm", held=500, per_s=2_000, seconds=seconds) as storm:
                said = 0
                while not storm.has_answered():
                    assert admin.run("who").returncode == 0
                    alice.types(f"hello {said}")
                    alice.reads_until(f"<alice> hello {said}")
                    said += 1
                    time.sleep(0.25)
                lasted_s = storm.answers()["seconds"]
            assert said > 1
        over = time.monotonic()
        wait_until("somebody comes in", lambda: comes_in(chat))
        assert time.monotonic() - over <= 1
        about_it = [line for line in chat.log[seen:] if "turned away" in line or "open files" in line]
        assert 0 < len(about_it) <= lasted_s + 2
        assert not any(re.search("Traceback|Too many open files", line) for line in chat.log)
        wait_until("nothing is left open", lambda: descriptors(pid) <= files + 1)


def comes_in(chat: Daemon) -> bool:
    """Whether somebody who tries once is let in."""
    with chat.connect() as peer:
        peer.types("newcomer")
        try:
            return any("-- You are newcomer" in peer.reads() for _ in range(4))
        except ConnectionResetError:
            return False


@pytest.mark.faults
@pytest.mark.timeout(150)
def test_the_end_of_5000_members(tmp_path: Path) -> None:
    """SIGTERM: all of them are told, and the exit code is 0 within 5 s."""
    with watched(cwd=tmp_path) as chat, crowd(chat) as members:
        members.does("join", count=5_000, prefix="member")
        turns(chat)
        began = time.monotonic()
        members.begins("closed")
        chat.process.terminate()
        assert chat.ends() == 0
        took_s = time.monotonic() - began
        assert members.answers() == {"The server is shutting down.": 5_000}
        assert took_s <= 5
