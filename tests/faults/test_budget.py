"""One address that takes what it can get, within all limits of its connections: the others hardly notice."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.faults.crowd import intruder, turns, watched
from tests.faults.encrypted_intruders import libssl
from tests.faults.process import MIB, peak_bytes
from tests.faults.victim import talk, victims

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

LONGEST_TURN_MS = 50  # of CPU time
CAP_BYTES = 512 * MIB
SECONDS = 60


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("line", ["/rooms", "/who", "/" + "x" * 3_000, "hello"])
def test_dear_lines_at_one_moment(tmp_path: Path, line: str, tls: bool) -> None:
    """Sixty connections of one address, each twenty lines at one moment, again and again."""
    with watched(cwd=tmp_path) as chat, victims(chat) as people:
        alone = talk(people, lambda seconds: seconds < 3)
        arguments: dict[str, Any] = {
            "line": line, "lines": 19, "connections": 54, "every_s": 4, "seconds": 12, "tls": tls,
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


def test_all_of_it_together_for_a_minute(tmp_path: Path) -> None:
    """With half a gigabyte to live in (RLIMIT_DATA): it is not killed, and the others talk."""
    prefix = ("prlimit", f"--data={CAP_BYTES}")
    if shutil.which(prefix[0]) is None:
        pytest.skip("prlimit (util-linux) is not installed")
    abuses: dict[str, dict[str, Any]] = {
        "records": {"piece": "hello\n", "connections": 4, "seconds": 15},
        "reconnect": {"lines": 17, "size": 4_000, "at_once": 4, "rooms": True, "seconds": 10},
        "at_one_moment": {"line": "/rooms", "lines": 19, "connections": 54, "every_s": 4, "seconds": 90},
    }
    if libssl() is not None:
        abuses["new_keys"] = {"connections": 4, "seconds": 15}
    with ExitStack() as stack:
        chat = stack.enter_context(watched(cwd=tmp_path, prefix=prefix))
        people = stack.enter_context(victims(chat))
        alone = talk(people, lambda seconds: seconds < 3)
        turns(chat)
        harm = {what: stack.enter_context(intruder(chat, what, **how)) for what, how in abuses.items()}
        found = []

        def goes_on(passed_s: float) -> bool:
            """Those that were closed begin anew."""
            for what in [what for what, each in harm.items() if each.has_answered()]:
                found.append((what, harm.pop(what).answers()))
                if passed_s < SECONDS:
                    harm[what] = stack.enter_context(intruder(chat, what, **abuses[what]))
            return passed_s < SECONDS

        beside = talk(people, goes_on)
        longest_ms, _ = turns(chat)
        peak = peak_bytes(chat.process.pid) / MIB
        print(f"{alone} {beside} {peak:.0f} MiB {longest_ms} ms {found}")  # noqa: T201 - what a failure is about
        assert {what for what, _ in found} == {"records", "new_keys", "reconnect"} & set(abuses)
        assert not any("Traceback" in line for line in chat.log), chat.log
        assert beside.are_bearable(alone), (alone, beside)
        assert longest_ms <= LONGEST_TURN_MS
        assert peak <= CAP_BYTES / MIB / 2
        chat.process.terminate()
        assert chat.ends() == 0
