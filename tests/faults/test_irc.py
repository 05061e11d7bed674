"""IRC clients that abuse it: what they do costs the others nothing, with TLS and without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.faults.crowd import crowd, intruder, turns, watched
from tests.faults.process import MIB, cpu_s, forget_peak, memory_bytes, peak_bytes
from tests.faults.victim import talk, victims

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]

LONGEST_TURN_MS = 50  # of CPU time
GROWS_MIB = 40
CROWD = 300
SECONDS = 3  # a hundred lines of the others and more, of which one may be late

REGISTERS = "NICK irc%\r\nUSER u 0 * :u\r\n"
JOINS = REGISTERS + "JOIN #lobby\r\n"
ROOMS = ",".join(f"#r{number}" for number in range(20))

ABUSES: dict[str, dict[str, Any]] = {
    "talk without end": {"begin": JOINS, "piece": "PRIVMSG #lobby :noise\r\n", "connections": 50},
    "to many at once": {"begin": JOINS, "piece": "PRIVMSG #lobby,#lobby,irc1,irc2 :x\r\n", "connections": 50},
    "a byte a segment": {"begin": JOINS, "piece": "x", "connections": 20},
    "empty lines": {"begin": JOINS, "piece": "\r\n", "times": 30_000, "connections": 20},
    "a line without end": {"begin": JOINS, "piece": "x" * 65_536, "connections": 4},
    "tags without end": {"begin": JOINS, "piece": "@" + "a" * 8_000 + ";", "connections": 4},
    "tags of the longest": {"begin": JOINS, "piece": "@" + "a=b;" * 2_000 + " PING x\r\n", "connections": 50},
    "capabilities": {"begin": "CAP LS 302\r\n", "piece": "CAP REQ :batch\r\nCAP LS\r\n", "connections": 60},
    "capabilities of members": {
        "begin": JOINS,
        "piece": "CAP REQ :server-time message-tags\r\nCAP REQ :-server-time\r\n",
        "connections": 50,
    },
    "lists": {"begin": JOINS, "piece": "WHO #lobby\r\nNAMES #lobby\r\nLIST\r\n", "connections": 50},
    "lists unread": {"begin": JOINS, "piece": "WHO #lobby\r\nLIST\r\n", "connections": 50, "reads": False},
    "rooms": {"begin": REGISTERS, "piece": f"JOIN {ROOMS}\r\nJOIN 0\r\n", "connections": 50},
    "the past": {"begin": JOINS, "piece": "CHATHISTORY LATEST #lobby * 100\r\n", "connections": 50},
    "nicks": {"begin": JOINS, "piece": "NICK a%\r\nNICK b%\r\n", "connections": 50},
}


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("abuse", ABUSES)
def test_it_costs_the_others_nothing(tmp_path: Path, abuse: str, tls: bool) -> None:
    """Each is held to its rate: it is read later, and its answers wait with it."""
    held(tmp_path, "irc", tls=tls, **ABUSES[abuse])


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_who_registers_again_and_again_costs_the_others_nothing(tmp_path: Path, tls: bool) -> None:
    held(tmp_path, "irc_again", tls=tls, at_once=20)


def held(tmp_path: Path, what: str, **arguments: Any) -> None:
    with watched(cwd=tmp_path) as chat, victims(chat) as people, crowd(chat) as members:
        members.does("join", count=CROWD, prefix="reader")
        alone = talk(people, lambda seconds: seconds < 1)
        pid = chat.process.pid
        turns(chat)
        forget_peak(pid)
        before, cpu = memory_bytes(pid), cpu_s(pid)
        with intruder(chat, what, seconds=SECONDS, **arguments) as harm:
            beside = talk(people, lambda _: not harm.has_answered())
            found = harm.answers()
        longest_ms, _ = turns(chat)
        grown = (peak_bytes(pid) - before) / MIB
        used_s = cpu_s(pid) - cpu
        print(f"{alone} {beside} {grown:.1f} MiB {longest_ms} ms {used_s:.1f} s {found}")  # noqa: T201 - what a failure is about
        assert beside.are_bearable(alone), (alone, beside)
        assert longest_ms <= LONGEST_TURN_MS
        assert grown <= GROWS_MIB
        assert not any("Traceback" in line for line in chat.log), chat.log
