"""All abuse at once, with half a gigabyte to live in."""

from __future__ import annotations

import shutil
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.crowd import crowd, intruder, watched
from tests.faults.process import MIB, memory_bytes, peak_bytes

CAP_BYTES = 512 * MIB


@pytest.mark.faults
@pytest.mark.timeout(180)
def test_all_abuse_at_once(tmp_path: Path) -> None:
    """Stalled readers in a room that is talked in without end, floods, storms, silence, and bytes.

    No memory beyond 512 MiB can be had (RLIMIT_DATA); it is neither killed nor deaf, and then it is well.
    """
    prefix = ("prlimit", f"--data={CAP_BYTES}")
    if shutil.which(prefix[0]) is None:
        pytest.skip("prlimit (util-linux) is not installed")
    abuses = (
        ("pour", {"piece": "x", "times": 65_536, "nick": "endless"}),
        ("pour", {"piece": "\n", "times": 65_536, "nick": "empty"}),
        ("pour", {"piece": "x", "nick": "drip"}),
        ("pour", {"piece": "/who\n/history 100\n", "times": 1_000, "connections": 20, "nick": "asker"}),
        ("pour", {"piece": "noise " * 100 + "\n", "times": 100, "connections": 30, "nick": "flooder"}),
        ("hold", {"connections": 2_000, "begin": ""}),
        ("hold", {"connections": 500, "begin": "\x16\x03\x01"}),
        ("storm", {"held": 500, "per_s": 500}),
    )
    seconds = 15
    with ExitStack() as stack:
        chat = stack.enter_context(watched(cwd=tmp_path, prefix=prefix))
        members = stack.enter_context(crowd(chat))
        members.does("join", count=50, prefix="reader")
        members.does("join", count=50, prefix="talker")
        members.does("join", count=500, prefix="stalled", receive_buffer=4_096)
        members.does("stall", prefix="stalled")
        intruders = [
            stack.enter_context(intruder(chat, what, seconds=seconds, **arguments))
            for what, arguments in abuses
        ]
        members.begins("talk", by="talker", lines_per_s=200, seconds=seconds - 3, extra=300)
        for each in intruders:
            each.answers()
        told = members.answers()
        assert (told["closed"], told["missed"]) == ({}, [])
        assert peak_bytes(chat.process.pid) <= CAP_BYTES
        over = time.monotonic()
        with chat.join("alice") as alice:
            alice.types("is it over?")
            alice.reads_until("<alice> is it over?")
        assert time.monotonic() - over <= 2
        assert not any("Traceback" in line for line in chat.log), chat.log
        assert memory_bytes(chat.process.pid) <= CAP_BYTES / 2
        members.does("leave", nicks=[f"stalled{number}" for number in range(500)])
        chat.process.terminate()
        assert chat.ends() == 0
