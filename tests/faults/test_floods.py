"""Fifty that talk as fast as they can: each is held to its rate, and the others hardly wait."""

from __future__ import annotations

import statistics
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from lanchatd.limits import Limits
from tests.faults.crowd import crowd, intruder, median_ratio, turns, watched

FLOODERS = 50
LONGEST_TURN_MS = 20  # of CPU time
TALKERS = 20
LINES_PER_S = 80  # all talkers together: within the rate of each


@pytest.mark.faults
@pytest.mark.timeout(120)
def test_fifty_that_flood_are_each_held_to_their_rate(tmp_path: Path) -> None:
    """With the limits as they are shipped, and the room hears others as soon as without them."""
    limits = Limits()
    latencies, longest_ms = [], []
    with ExitStack() as stack:
        crowds = []
        for name in ("quiet", "loud"):
            (tmp_path / name).mkdir()
            chat = stack.enter_context(watched(cwd=tmp_path / name))
            members = stack.enter_context(crowd(chat))
            members.does("join", count=100, prefix="reader")
            members.does("join", count=TALKERS, prefix="talker")
            crowds.append(members)
        witness = stack.enter_context(chat.join("witness"))
        with intruder(chat, "pour", piece="noise\n", times=10_000, connections=FLOODERS) as flood:
            witness.reads_until_match(r"^<pourer\d+> noise$")
            while not flood.has_answered():
                latencies.append(
                    tuple(
                        members.does("talk", by="talker", lines_per_s=LINES_PER_S, seconds=1.5)["p99_ms"]
                        for members in crowds
                    )
                )
                longest_ms.append(turns(chat)[0])
            found = flood.answers()
        # In the first all bursts come at once, which is allowed, and in the last all fifty are closed.
        assert statistics.median(longest_ms) <= LONGEST_TURN_MS, longest_ms
        assert found["closed"] == {"Too fast for 10 s; closed.": FLOODERS}
        witness.types("over")
        heard = Counter(line.split(">")[0] for line in witness.reads_until("<witness> over"))
    most = limits.burst_lines + limits.lines_per_s * (found["seconds"] + 1)
    for number in range(FLOODERS):
        assert limits.burst_lines <= heard[f"<pourer{number}"] <= most
    assert median_ratio(latencies) <= 2, latencies
