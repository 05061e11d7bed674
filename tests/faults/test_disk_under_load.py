"""The disk turns bad while people talk: lines are refused with the reason, and taken when it is well."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.daemon import PATIENCE_S, Daemon, Peer, daemon, wait_until
from tests.openssh import Ssh, make_key, needs_ssh, public, write_keys

pytestmark = [pytest.mark.faults, needs_ssh]
FAST = ("--port=0", "--min-free-bytes=1", "--lines-per-s=1000", "--burst-lines=1000")
TAKEN_AGAIN_S = 5


class Talker:
    """Says a line every few milliseconds. ``taken`` are lines, ``refused`` the answers to the others."""

    def __init__(self, peer: Peer, nick: str) -> None:
        self.taken: list[str] = []
        self.refused: list[str] = []
        self._peer = peer
        self._nick = nick
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()

    def _talk(self) -> None:
        number = 0
        while not self._ends.wait(0.01):
            number += 1
            line = f"{self._nick} {number}"
            self._peer.types(line)
            answer = self._peer.reads_until_match(rf"^(<{self._nick}> {line}$|!!)")[-1]
            if answer.startswith("!!"):
                self.refused.append(answer)
            else:
                self.taken.append(line)

    def goes_on(self) -> None:
        """Wait until a line more was taken."""
        before = len(self.taken)
        wait_until("a line is taken", lambda: len(self.taken) > before)

    def is_refused(self) -> str:
        """Wait until a line more was refused; why."""
        before = len(self.refused)
        wait_until("a line is refused", lambda: len(self.refused) > before)
        return self.refused[-1]

    def ends(self) -> None:
        self._ends.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


@contextmanager
def talk(chat: Daemon) -> Iterator[list[Talker]]:
    """Three people talk until the block ends; nobody is lost, and what they saw is in the log, once."""
    nicks = ("alice", "bob", "carol")
    talkers = [Talker(chat.join(nick), nick) for nick in nicks]
    yield talkers
    for talker in talkers:
        talker.goes_on()
        talker.ends()
    seen = [line for talker in talkers for line in talker.taken]
    with chat.connect() as reader:
        reader.types(json.dumps({"nick": "reader", "after": 0}))
        last = reader.gets()["last"]
        held = [reader.gets() for _ in range(last)]
    assert [event["id"] for event in held] == list(range(1, last + 1))
    assert sorted(event["text"] for event in held) == sorted(seen)
    for talker in talkers:
        talker._peer.close()


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Daemon]:
    write_keys(tmp_path / "keys", public(make_key(tmp_path / "alice")))
    with daemon(*FAST, "--admin-port=0", f"--admin-keys={tmp_path}/keys", cwd=tmp_path) as running:
        yield running


@pytest.fixture
def admin(chat: Daemon, tmp_path: Path) -> Ssh:
    port = int(chat.logged(r"administrators' console on \S+ port (\d+)")[1])
    return Ssh(port, tmp_path, tmp_path / "alice", options=("-oLogLevel=ERROR",))


def log_is(admin: Ssh) -> str:
    """What the console says of the log."""
    told: str = json.loads(admin.run("stats", "--json").stdout)["log"]
    return told


def mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this needs to mount, as root: {done.stderr.strip()}")


@contextmanager
def read_only(directory: Path) -> Iterator[None]:
    """Until the block ends, whoever looks at the directory finds it mounted so that it can only be read."""
    mount("--bind", str(directory), str(directory))
    try:
        mount("-o", "remount,bind,ro", str(directory))
        yield
    finally:
        subprocess.run(["umount", str(directory)], check=True)


def test_a_state_directory_that_can_only_be_read(chat: Daemon, admin: Ssh, tmp_path: Path) -> None:
    """The reason is told to who talks, and to administrators; nobody who listens is lost."""
    why = "the disk can only be read"
    with talk(chat) as talkers:
        for talker in talkers:
            talker.goes_on()
        for _ in range(2):
            with read_only(tmp_path / "state" / "lanchatd"):
                assert [t.is_refused() for t in talkers] == [f"!! That line can't be kept: {why}."] * 3
                assert log_is(admin) == why
                assert "That holds only until the daemon ends" in admin.run("ban", "mallory").stderr
            well = time.monotonic()
            for talker in talkers:
                talker.goes_on()
            assert time.monotonic() - well < TAKEN_AGAIN_S
            assert log_is(admin) == "on disk"
    assert sum(f"lines are refused: the log can't be written: {why}" in line for line in chat.log) == 2


needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="there is no strace here (apt-get install strace)"
)


@contextmanager
def injected(chat: Daemon, calls: str, fault: str) -> Iterator[None]:
    """Until the block ends, these system calls of the daemon have this fault, as strace spells it."""
    command = ["strace", "-f", "-o/dev/null", f"-p{chat.process.pid}", f"-etrace={calls}"]
    with subprocess.Popen(
        [*command, f"-einject={calls}:{fault}"], stderr=subprocess.PIPE, text=True
    ) as strace:
        assert strace.stderr is not None
        told = strace.stderr.readline()
        try:
            if not re.search(r"Process \d+ attached", told):
                pytest.skip(f"this needs to trace a process: {told.strip()}")
            yield
        finally:
            strace.send_signal(signal.SIGINT)
            try:
                strace.communicate(timeout=2)
            except subprocess.TimeoutExpired:
                strace.kill()  # it delays a call, and hears of nothing else


@needs_strace
@pytest.mark.parametrize(
    ("calls", "error", "why"),
    [
        ("pwrite64", "EROFS", "the disk fails"),
        ("pwrite64", "EIO", "the disk fails"),
        ("pwrite64", "ENOSPC", "the disk is full"),
        ("fsync,fdatasync", "EIO", "the disk fails"),
    ],
)
def test_a_disk_that_fails_under_load(chat: Daemon, admin: Ssh, calls: str, error: str, why: str) -> None:
    """Whatever step of keeping a line it is."""
    with talk(chat) as talkers:
        with injected(chat, calls, f"error={error}"):
            assert {talker.is_refused() for talker in talkers} == {f"!! That line can't be kept: {why}."}
            assert log_is(admin) == why
        well = time.monotonic()
        for talker in talkers:
            talker.goes_on()
        assert time.monotonic() - well < TAKEN_AGAIN_S
        assert log_is(admin) == "on disk"


HANGS = "!! That line can't be kept: the disk does not answer."


@needs_strace
def test_a_disk_that_hangs_under_load(chat: Daemon, admin: Ssh) -> None:
    """For 15 s: after ten, lines are refused, and everybody else goes on; nothing that was said is lost."""
    with talk(chat) as talkers:
        with injected(chat, "fdatasync", f"delay_enter={15 * 1_000_000}:when=1"):
            chat.logged("lines are refused: the log can't be written: the disk does not answer")
            assert log_is(admin) == "the disk does not answer"
            with chat.join("dora") as dora:
                dora.types("hi", "/quit")
                assert dora.reads_until("-- Goodbye.") == [HANGS, "-- Goodbye."]
            chat.logged("lines are taken again")
        for talker in talkers:
            talker.goes_on()
        assert log_is(admin) == "on disk"
        # What it said first hangs, or waited behind that.
        assert {answer for talker in talkers for answer in talker.refused} <= {HANGS}


@needs_strace
def test_a_daemon_whose_disk_hangs_ends(chat: Daemon) -> None:
    """Within ten seconds, as long as containers wait; and says that it may have lost what nobody saw."""
    lost = "the disk does not answer: what was not told to anybody may not be in the log"
    with chat.join("alice") as alice, injected(chat, "fdatasync", f"delay_enter={60 * 1_000_000}:when=1"):
        alice.types("one")
        begin = time.monotonic()
        chat.process.send_signal(signal.SIGTERM)
        alice.reads_until("-- The server is shutting down.")
        chat.logged(lost)
        assert time.monotonic() - begin < 10
    # A process that is traced has ended when its tracer has.
    assert chat.ends() == 0
