"""A hundred addresses that guess keys, or take all the places: administrators get in, and people talk."""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import PATIENCE_S, Daemon, Peer, daemon
from tests.faults.crowd import intruder
from tests.faults.ssh_storm import ADDRESSES, TRIES_PER_S
from tests.openssh import Ssh, make_key, needs_ssh, public, write_keys

pytestmark = [pytest.mark.faults, needs_ssh]

ROUNDS = 4
ROUND_S = 2.5
# Below this a p99 is the machine's and not the daemon's: two processes share a core with it here.
NOISE_S = 0.005
# Of the processor, for each who is refused.
MOST_CPU_S = 0.0003


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Daemon]:
    if shutil.which("ssh-keygen"):
        write_keys(tmp_path / "keys", public(make_key(tmp_path / "alice")))
    options = ("--admin-port=0", f"--admin-keys={tmp_path}/keys", "--lines-per-s=1000", "--burst-lines=1000")
    with daemon("--port=0", *options, cwd=tmp_path) as running:
        yield running


@pytest.fixture
def admin(chat: Daemon, tmp_path: Path) -> Ssh:
    return Ssh(console_port(chat), tmp_path, tmp_path / "alice", options=("-oLogLevel=ERROR",))


def console_port(chat: Daemon) -> int:
    return int(chat.logged(r"administrators' console on \S+ port (\d+)")[1])


class Storm:
    """The program of `tests.faults.ssh_storm`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def tells(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told

    def turns(self) -> None:
        """On, or off."""
        assert self._process.stdin is not None
        self._process.stdin.write("x")
        self._process.stdin.flush()


@contextmanager
def storm(port: int) -> Iterator[Storm]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.ssh_storm", str(port)],
        cwd=Path(__file__).parents[2],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            yield Storm(process)
        finally:
            process.kill()


def round_trips(peer: Peer, tag: str, until: Callable[[], bool]) -> list[float]:
    """How long it takes to see one's own lines, in seconds, said one after another."""
    took: list[float] = []
    while not until():
        began = time.perf_counter()
        peer.types(f"{tag} {len(took)}")
        peer.reads_until(f"<alice> {tag} {len(took)}")
        took.append(time.perf_counter() - began)
        time.sleep(0.005)
    return took


def p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[98]


def cpu_of(chat: Daemon) -> float:
    """Seconds of the processor that the daemon has used."""
    fields = Path(f"/proc/{chat.process.pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


@pytest.mark.timeout(150)
def test_guessing_from_100_addresses(chat: Daemon, admin: Ssh) -> None:
    """Each has its three tries, and then it is refused at the door; a key still gets in."""
    with storm(admin.port) as attack, chat.join("alice") as alice:
        assert attack.tells() == dict.fromkeys(ADDRESSES, 3)
        calm: list[float] = []  # the p99 of each round, in seconds
        stormy: list[float] = []
        cpu_s, refused = 0.0, 0
        logged = len(chat.log)
        for number in range(ROUNDS):
            calm.append(p99(round_trips(alice, f"calm {number}", after(ROUND_S))))
            before_s = cpu_of(chat)
            attack.turns()
            stormy.append(p99(round_trips(alice, f"stormy {number}", after(ROUND_S))))
            came_in = admin.run("who")
            attack.turns()
            became = attack.tells()
            cpu_s += cpu_of(chat) - before_s
            refused += became["in all"]
            assert (came_in.returncode, came_in.stderr) == (0, "")
            assert not became.get("let in")
            assert became["told"] and became["in all"] * 1_000 > became["milliseconds"] * TRIES_PER_S / 3
        # Not a line for each of those who come.
        assert len(chat.log) - logged < 100
        # With all the talk and the login: it was 0.1 ms, and 0.55 ms when each was greeted first (measured).
        assert cpu_s / refused < MOST_CPU_S
        # Of the quietest rounds: whatever else runs on the machine only makes them longer.
        assert min(stormy) <= 2 * max(min(calm), NOISE_S), (calm, stormy)


def silent(stack: ExitStack, port: int, address: str) -> socket.socket:
    """Somebody who connects and says nothing."""
    source = (address, 0)
    return stack.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE_S, source))


def test_who_takes_all_the_places_and_says_nothing(chat: Daemon, admin: Ssh) -> None:
    """From one address, with more waiting to take the next one: administrators of other addresses get in."""
    with ExitStack() as stack:
        for _ in range(4):
            assert silent(stack, admin.port, ADDRESSES[0]).recv(8) == b"SSH-2.0-"
        for _ in range(3):
            ended = admin.run("who")
            assert (ended.returncode, ended.stderr) == (0, "")
            silent(stack, admin.port, ADDRESSES[0])  # takes the place that is free again
            refused = silent(stack, admin.port, ADDRESSES[0])
        assert b"Too many connections are waiting to log in" in refused.recv(4_096)


def test_strangers_do_not_keep_out_who_was_in_before(chat: Daemon, admin: Ssh) -> None:
    """A hundred addresses that each take a place whenever they can, and say nothing."""
    assert admin.run("who").returncode == 0
    with ExitStack() as stack:
        for _ in range(3):
            for address in ADDRESSES:
                silent(stack, admin.port, address)
            ended = admin.run("who")
            assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.timeout(150)
def test_packets_that_are_to_be_ignored(chat: Daemon, admin: Ssh) -> None:
    """From four connections before any login: people talk as ever, and that address is locked out."""
    with chat.join("alice") as alice:
        calm = [p99(round_trips(alice, f"calm {number}", after(ROUND_S))) for number in range(2)]
        with intruder(
            chat, "ignored_packets", port=admin.port, connections=4, seconds=ROUNDS * ROUND_S
        ) as flood:
            times = [round_trips(alice, f"flood {number}", after(ROUND_S)) for number in range(ROUNDS)]
            assert admin.run("who").returncode == 0
            found = flood.answers()
    assert found["made"] > ROUNDS
    chat.logged("the console turned .* connections away")
    assert min(map(p99, times)) <= 4 * max(min(calm), NOISE_S), (calm, times)
    assert min(map(statistics.median, times)) <= NOISE_S
    assert any("too many packets before the login" in line for line in chat.log)
