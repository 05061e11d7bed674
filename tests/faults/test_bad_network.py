"""Connections that are cut, reset, half closed, late and slow: nothing is lost, and nothing is double."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import PATIENCE_S, Daemon, daemon
from tests.faults.bad_network import BadNetwork, bad_network
from tests.faults.resuming import Program
from tests.preloaded import CLIENT

FAST = ("--port=0", "--lines-per-s=100000", "--burst-lines=100000", "--bytes-per-s=100000000")
BAD_S = 20
# The client waits for up to 30 s before it tries again, and then says the rest at its pace.
BACK_S = 90


@pytest.fixture(autouse=True)
def _knows_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What whoever runs the tests knows is no part of them."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Daemon]:
    with daemon(*FAST, cwd=tmp_path) as running:
        yield running


class Client:
    """The real client in a pipe; ``lines`` are said as fast as it takes them."""

    def __init__(self, stack: ExitStack, port: int, directory: Path, nick: str, lines: list[str]) -> None:
        self.nick = nick
        self.lines = lines
        self._out = directory / f"{nick}.out"
        self.errors = directory / f"{nick}.err"
        (directory / f"{nick}.in").write_text("".join(line + "\n" for line in lines))
        with ExitStack() as files:
            says = files.enter_context((directory / f"{nick}.in").open()) if lines else subprocess.DEVNULL
            self.process = subprocess.Popen(
                [*CLIENT, "127.0.0.1", str(port), "--plain", "--nick", nick, "--json"],
                stdin=says,
                stdout=files.enter_context(self._out.open("w")),
                stderr=files.enter_context(self.errors.open("w")),
            )
        stack.callback(self.process.wait)
        stack.callback(self.process.kill)

    def seen(self) -> list[tuple[int, str]]:
        """The lines that it has printed."""
        printed = self._out.read_text().rpartition("\n")[0].splitlines()
        events = [json.loads(line) for line in printed]
        return [(event["id"], event["text"]) for event in events if event["type"] == "said"]

    def is_welcome(self) -> bool:
        return '"welcome"' in self._out.read_text()

    @property
    def losses(self) -> int:
        """How often it told that it had lost the connection, and came back."""
        return self.errors.read_text().count("Connected again.")


def until(end: float, true: Any, what: object) -> None:
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def all_of(chat: Daemon) -> list[dict[str, Any]]:
    """Every line in the log, over a good network."""
    with chat.connect() as peer:
        peer.types(json.dumps({"nick": "witness", "after": 0}))
        return [peer.gets() for _ in range(peer.gets()["last"])]


def nothing_is_lost_or_double(chat: Daemon, network: BadNetwork, directory: Path, bad_s: float) -> None:
    with ExitStack() as stack:
        program = Program(network.port, "program", [f"program {number}" for number in range(100_000)])
        stack.callback(program.ends)
        reader = Client(stack, network.port, directory, "reader", [])
        lines = [f"line {number} {'x' * (number % 300)}".rstrip() for number in range(int(bad_s * 3))]
        talkers = [Client(stack, network.port, directory, nick, lines) for nick in ("anna", "ben", "carl")]
        for client in (reader, *talkers):  # one that was never welcomed would not try again
            until(time.monotonic() + PATIENCE_S, client.is_welcome, client.errors)
        network.bad = True
        end = time.monotonic() + bad_s
        until(end + 1, lambda: program.wrong or time.monotonic() > end, "")
        network.bad = False
        end = time.monotonic() + BACK_S
        for talker in talkers:
            until(end, lambda talker=talker: talker.process.poll() is not None, talker.errors)
            assert talker.process.returncode == 0, talker.errors.read_text()
        until(end, lambda: program.wrong or len(program._unsaid) < 99_900, program.connections)
        program.ends()
        held = all_of(chat)
        until(end, lambda: reader.seen()[-1][0] >= held[-1]["id"], reader.errors)
        assert program.wrong == ""
        assert [event["id"] for event in held] == list(range(1, len(held) + 1))
        for talker in talkers:
            assert [event["text"] for event in held if event["from"] == talker.nick] == talker.lines
        by_program = [event["text"] for event in held if event["from"] == "program"]
        assert by_program == [f"program {number}" for number in range(len(by_program))]
        assert len(by_program) - (100_000 - program.waiting) in (0, 1)  # one may not be acknowledged yet
        lines_held = [(event["id"], event["text"]) for event in held]
        assert [(event["id"], event["text"]) for event in program.seen] == lines_held[: len(program.seen)]
        assert len(program.seen) > len(held) / 2
        # A client that comes for the first time is shown the newest lines; from there on it misses none.
        read = [line for line in reader.seen() if line[0] <= held[-1]["id"]]
        assert len(read) > len(held) / 2 and read == lines_held[-len(read) :]
        # The network was as bad as it is meant to be.
        assert all(network.ends[how] for how in ("reset", "close", "half")) and network.ends.total() >= bad_s
        assert program.connections > bad_s / 4
        assert reader.losses + sum(talker.losses for talker in talkers) > bad_s / 4


@pytest.mark.faults
@pytest.mark.timeout(150)
@pytest.mark.parametrize("seed", [1])
def test_a_bad_network(chat: Daemon, tmp_path: Path, seed: int) -> None:
    """For programs and clients that say something, and for those that read."""
    with bad_network(chat.port, seed) as network:
        nothing_is_lost_or_double(chat, network, tmp_path, BAD_S)


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", range(2, 12))
def test_other_bad_networks(chat: Daemon, tmp_path: Path, seed: int) -> None:
    """The same for longer, with other seeds."""
    with bad_network(chat.port, seed) as network:
        nothing_is_lost_or_double(chat, network, tmp_path, 60)
