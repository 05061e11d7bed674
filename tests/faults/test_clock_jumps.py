"""The wall clock jumps under the running daemon: its timers, its order and its people do not notice."""

from __future__ import annotations

import json
import os
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lanchatd.history.disk.store import PRUNE_EVERY_S
from tests.client.test_pipe import read_until, running
from tests.daemon import PATIENCE_S, Daemon, Peer, daemon, wait_until
from tests.faults.wall_clock import DAY_S, JUMPS_S, WallClock, needs_faketime

pytestmark = needs_faketime
faults = pytest.mark.faults
FAST = ("--port=0", "--lines-per-s=1000", "--burst-lines=1000")


@pytest.fixture
def wall_clock(tmp_path: Path) -> WallClock:
    return WallClock(tmp_path)


def program(chat: Daemon, **hello: Any) -> Peer:
    """A program that has joined; it has read up to who is here."""
    peer = chat.connect()
    peer.types(json.dumps(hello))
    reads(peer, "members")
    return peer


def reads(peer: Peer, kind: str) -> list[dict[str, Any]]:
    """What comes, up to the first of this type."""
    got: list[dict[str, Any]] = []
    while not got or got[-1]["type"] != kind:
        got.append(peer.gets())
        assert got[-1]["type"] not in ("left", "error"), got
    return got


def moment(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["at"]).timestamp()


@faults
@pytest.mark.parametrize("jump", JUMPS_S)
def test_everybody_stays_and_all_lines_are_in_order(tmp_path: Path, wall_clock: WallClock, jump: str) -> None:
    """There and back: ids go on without a gap, and what was said is found again."""
    with daemon(*FAST, cwd=tmp_path, environment=wall_clock.environment) as chat:
        with program(chat, nick="alice") as alice, program(chat, nick="bob") as bob:
            assert [event["nicks"] for event in reads(alice, "joined") if "nicks" in event] == [["bob"]]
            said: list[dict[str, Any]] = []
            for ahead_s in (0, JUMPS_S[jump], 0):
                wall_clock.is_ahead_by(ahead_s)
                for peer, number in ((alice, 1), (bob, 2)):
                    peer.types(json.dumps({"line": f"{ahead_s} {number}", "ref": f"{len(said)}"}))
                    said += [event for event in reads(peer, "ok") if event["type"] == "said"]
                    other = bob if peer is alice else alice
                    assert reads(other, "said")[-1] == said[-1]
            assert [event["id"] for event in said] == [1, 2, 3, 4, 5, 6]
            # It did jump, and the lines tell the time as it was.
            assert moment(said[2]) - moment(said[1]) == pytest.approx(JUMPS_S[jump], abs=PATIENCE_S)
            bob.types(json.dumps({"line": "/history 50 before 2999-01-01", "ref": "history"}))
            past = reads(bob, "past")[-1]
            assert [event["id"] for event in past["events"]] == [1, 2, 3, 4, 5, 6]
        with program(chat, nick="carol", after=0) as carol:
            carol.types(json.dumps({"line": "the last", "ref": "7"}))
            assert [event["id"] for event in reads(carol, "ok") if event["type"] == "said"] == [7]


@faults
@pytest.mark.parametrize("jump", JUMPS_S)
def test_a_line_sent_again_is_known_all_the_same(tmp_path: Path, wall_clock: WallClock, jump: str) -> None:
    """Ten minutes are ten minutes: it is not forgotten early, and not said twice."""
    line = json.dumps({"line": "hello", "ref": "17"})
    with daemon(*FAST, cwd=tmp_path, environment=wall_clock.environment) as chat:
        with program(chat, nick="alice") as alice:
            alice.types(line)
            assert reads(alice, "ok")[-1] == {"type": "ok", "ref": "17", "id": 1}
        wall_clock.is_ahead_by(JUMPS_S[jump])
        with program(chat, nick="alice", after=1) as alice:
            alice.types(line)
            assert reads(alice, "ok") == [{"type": "ok", "ref": "17", "id": 1}]


@faults
@pytest.mark.parametrize("jump", JUMPS_S)
def test_a_time_out_comes_when_it_is_due(tmp_path: Path, wall_clock: WallClock, jump: str) -> None:
    """Not at once, and not an hour late."""
    options = ("--port=0", "--nick-timeout-s=2")
    with daemon(*options, cwd=tmp_path, environment=wall_clock.environment) as chat, chat.connect() as nobody:
        began = time.monotonic()
        nobody.reads_until_match("What is your nick")
        wall_clock.is_ahead_by(JUMPS_S[jump])
        with chat.join("alice") as alice:  # the daemon has looked at its clock
            alice.types("hi")
            alice.reads_until("<alice> hi")
            assert nobody.reads_all()[-1].startswith("!! ")
            assert 2 <= time.monotonic() - began < 5
            alice.types("still here")
            alice.reads_until("<alice> still here")


@faults
def test_a_computer_whose_clock_is_years_behind_starts(tmp_path: Path, wall_clock: WallClock) -> None:
    """With a ban for ten years, that seems to be thirty years away; and the ban holds."""
    state = tmp_path / "state" / "lanchatd"
    state.mkdir(parents=True, mode=0o700)
    until = (datetime.now(UTC) + timedelta(days=3_650)).isoformat(timespec="milliseconds")
    ban = {"on": "mallory", "until": until, "by": "admin", "reason": ""}
    moderation = state / "moderation.json"
    moderation.write_text(json.dumps({"version": 1, "bans": [ban], "mutes": [], "operators": []}))
    moderation.chmod(0o600)
    wall_clock.is_ahead_by(-20 * 365 * DAY_S)
    with (
        daemon("--port=0", cwd=tmp_path, environment=wall_clock.environment) as chat,
        chat.connect() as mallory,
    ):
        mallory.types("mallory")
        assert mallory.reads_until_match("^!!")[-1].startswith("!! That nick is banned until ")


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_what_is_kept_for_a_day_is_not_gone_in_a_minute(tmp_path: Path, wall_clock: WallClock) -> None:
    """The daemon looks once a minute for what is too old; by a clock that jumped nothing is."""
    options = (*FAST, "--keep-days=1", "--log-events=1")
    with daemon(*options, cwd=tmp_path, environment=wall_clock.environment) as chat:
        with program(chat, nick="alice") as alice:
            for number in range(10):
                alice.types(json.dumps({"line": f"line {number}", "ref": f"{number}"}))
                reads(alice, "ok")
        wall_clock.is_ahead_by(JUMPS_S["ten years ahead"])
        time.sleep(PRUNE_EVERY_S + 10)  # nothing can be seen of a look that finds nothing
        with program(chat, nick="bob", after=0) as bob:
            bob.types(json.dumps({"line": "/history 50 before 2999-01-01", "ref": "history"}))
            past = reads(bob, "past")[-1]
            assert [event["id"] for event in past["events"]] == list(range(1, 11))


@faults
def test_the_client_comes_back_though_its_clock_was_set_back(
    tmp_path: Path, wall_clock: WallClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pauses are seconds, whatever the clock shows."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    environment = os.environ | wall_clock.environment
    with daemon(*FAST, cwd=tmp_path) as chat:
        port = chat.port
        how = {"env": environment, "stdin": subprocess.PIPE}
        with running(port, "--nick", "ci", "--json", **how) as client:
            read_until(client, '"members"')
            chat.process.kill()
            chat.ends()
            assert client.stderr is not None and client.stdin is not None
            assert "Trying again in " in client.stderr.readline()
            wall_clock.is_ahead_by(-3_600)
            client.stdin.write("hello\n")
            client.stdin.flush()
            with daemon(f"--port={port}", cwd=tmp_path):
                read_until(client, '"ok"')
                wait_until("connected again", lambda: "Connected again." in client.stderr.readline())
