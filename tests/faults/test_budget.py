"""One address that takes what it can get, within all limits of its connections: the others hardly notice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.faults.crowd import intruder, turns, watched
from tests.faults.victim import talk, victims

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

LONGEST_TURN_MS = 50  # of CPU time


@pytest.mark.parametrize("line", ["/rooms", "/who", "/" + "x" * 3_000, "hello"])
def test_dear_lines_at_one_moment(tmp_path: Path, line: str) -> None:
    """Sixty connections of one address, each twenty lines at one moment, again and again."""
    with watched(cwd=tmp_path) as chat, victims(chat) as people:
        alone = talk(people, lambda seconds: seconds < 3)
        arguments: dict[str, Any] = {
            "line": line, "lines": 19, "connections": 54, "every_s": 4, "seconds": 12,
        }  # fmt: skip
        with intruder(chat, "at_one_moment", **arguments) as harm:
            people[0].reads_until_match("moment")
            turns(chat)
            beside = talk(people, lambda seconds: not harm.has_answered())
            found = harm.answers()
        longest_ms, _ = turns(chat)
        print(f"{alone} {beside} {longest_ms} ms {found}")  # noqa: T201 - what a failure is about
        assert beside.are_bearable(alone), (alone, beside)
        assert longest_ms <= LONGEST_TURN_MS
        assert found["left"] == 54
