"""A long day: people come and go, and what they took is given back."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.daemon import wait_until
from tests.faults.crowd import UNLIMITED, crowd, turns, watched
from tests.faults.process import MIB, descriptors, memory_bytes

# What the daemon looks at whoever is there: old lines, unused accounts, what was read, and what can be freed.
OWN_TIMERS = 4


def soak(tmp_path: Path, members: int, churn: int, rounds: int, round_s: float) -> None:
    """Each round so many go, as many come, and some lines are said; half of the rounds is warming up."""
    # The log in memory is full after the first round. What is known of names (4,096) fills up as well.
    with watched(*UNLIMITED, "--log-events=100", cwd=tmp_path) as chat, crowd(chat) as people:
        pid = chat.process.pid
        people.does("join", count=1, prefix="talker")
        people.does("join", count=members, prefix="member")
        wait_until("all have come", lambda: descriptors(pid) >= members)
        before_files, before_memory, before_timers = descriptors(pid), 0, 0
        nicks = [f"member{number}" for number in range(members)]
        for number in range(rounds):
            began = time.monotonic()
            going, nicks = nicks[:churn], nicks[churn:]
            people.does("leave", nicks=going)
            people.does("join", count=churn, prefix=f"round{number}-")
            nicks += [f"round{number}-{newcomer}" for newcomer in range(churn)]
            people.does("talk", by="talker", lines_per_s=50, seconds=round_s / 2)
            if number == rounds // 2:
                before_memory = memory_bytes(pid)
                before_timers = turns(chat)[1]
            time.sleep(max(0, began + round_s - time.monotonic()))
        assert len(set(nicks)) == members
        wait_until("those who went are gone", lambda: descriptors(pid) == before_files)
        # Those that come and go have some for a moment; nobody who stays has any.
        assert turns(chat)[1] <= before_timers + 10
        assert memory_bytes(pid) - before_memory <= 4 * MIB
        people.does("leave", nicks=["talker0", *nicks])
        wait_until("all are gone", lambda: descriptors(pid) == before_files - members - 1)
        wait_until("no timer is left", lambda: turns(chat)[1] <= OWN_TIMERS)


@pytest.mark.faults
@pytest.mark.timeout(120)
def test_members_who_come_and_go_leave_nothing_behind(tmp_path: Path) -> None:
    """A thousand, of whom nearly all go and others come within a second, again and again."""
    soak(tmp_path, members=1_000, churn=900, rounds=16, round_s=0.5)


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_a_tenth_of_the_members_changes_each_minute(tmp_path: Path) -> None:
    """A thousand, for ten minutes."""
    soak(tmp_path, members=1_000, churn=10, rounds=100, round_s=6)
