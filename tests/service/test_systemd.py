"""What the service manager is told, on the real socket that it gives."""

from __future__ import annotations

import os
import re
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from twisted.internet.testing import MemoryReactorClock

from lanchatd.service.systemd import LOOK_S, Notifier
from tests.daemon import PATIENCE_S, TWISTD, Daemon, daemon

READY = f"READY=1\nMAINPID={os.getpid()}\nSTATUS=2 members in 1 room"


class ServiceManager:
    """The side of systemd: a socket, and the environment that names it."""

    def __init__(self, address: str = "") -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(PATIENCE_S)
        self.socket.bind(address)  # "" is a free name that is no file
        name = self.socket.getsockname()
        self.environment = {"NOTIFY_SOCKET": name if name == address else "@" + name[1:].decode()}

    def __enter__(self) -> ServiceManager:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def hears(self) -> str:
        """The next datagram, waiting for it."""
        return self.socket.recv(65_536).decode()

    def hears_until(self, *parts: str) -> list[str]:
        """The datagrams up to one that has all of these lines."""
        heard: list[str] = []
        while not (heard and set(parts) <= set(heard[-1].split("\n"))):
            heard.append(self.hears())
        return heard

    def hears_until_match(self, pattern: str) -> None:
        """Read the datagrams up to one that matches."""
        while not re.search(pattern, self.hears()):
            pass

    def heard(self) -> list[str]:
        """The datagrams that are there."""
        found: list[str] = []
        self.socket.setblocking(False)
        try:
            while True:
                found.append(self.hears())
        except BlockingIOError:
            return found
        finally:
            self.socket.settimeout(PATIENCE_S)


@pytest.fixture
def manager() -> Iterator[ServiceManager]:
    with ServiceManager() as manager:
        yield manager


class Story:
    """A notifier on a clock that the test moves, with a status that it sets."""

    def __init__(self, manager: ServiceManager, **environment: str) -> None:
        self.reactor = MemoryReactorClock()
        self.status = "2 members in 1 room"
        self.notifier = Notifier(self.reactor, lambda: self.status, manager.environment | environment)
        self.notifier.startService()

    def runs(self) -> Story:
        """The reactor has started."""
        self.reactor.hasRun = True
        for what, args, kwargs in self.reactor.whenRunningHooks:
            what(*args, **kwargs)
        return self

    def stops(self) -> None:
        self.notifier.stopService()
        assert not self.reactor.getDelayedCalls()


def test_it_is_ready_when_the_reactor_runs(manager: ServiceManager) -> None:
    """Not before: nobody would be answered."""
    story = Story(manager)
    assert manager.heard() == []
    story.runs()
    assert manager.heard() == [READY]
    story.stops()


def test_a_socket_may_be_a_file(tmp_path: Path) -> None:
    """As that of systemd is; the other tests have one that is only a name."""
    with ServiceManager(str(tmp_path / "notify")) as manager:
        story = Story(manager).runs()
        assert manager.heard() == [READY]
        story.stops()


@pytest.mark.parametrize("address", ["", "vsock:2:1234"])
def test_without_a_socket_it_does_nothing(manager: ServiceManager, address: str) -> None:
    """Not even look at the time."""
    story = Story(manager, NOTIFY_SOCKET=address, WATCHDOG_USEC="1000000").runs()
    story.notifier.reloading()
    story.notifier.reloaded()
    assert not story.reactor.getDelayedCalls()
    assert not story.reactor.whenRunningHooks
    story.stops()


def test_one_that_was_stopped_before_the_reactor_ran_says_nothing(manager: ServiceManager) -> None:
    """It never was ready."""
    story = Story(manager)
    story.stops()
    story.runs()
    assert manager.heard() == []


def test_it_says_that_it_is_alive_twice_in_the_time(manager: ServiceManager) -> None:
    """So that one may be late."""
    story = Story(manager, WATCHDOG_USEC="3000000").runs()
    assert manager.heard() == [READY, "WATCHDOG=1"]
    story.reactor.pump([1.499])
    assert manager.heard() == []
    story.reactor.pump([0.001])
    assert manager.heard() == ["WATCHDOG=1"]
    story.reactor.pump([1.5, 1.5])
    assert manager.heard() == ["WATCHDOG=1", "WATCHDOG=1"]
    story.stops()


@pytest.mark.parametrize(
    ("environment", "watched"),
    [
        ({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": str(os.getpid())}, True),
        ({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}, False),
        ({"WATCHDOG_USEC": "0"}, False),
        ({"WATCHDOG_USEC": "soon"}, False),
        ({}, False),
    ],
)
def test_it_is_watched_if_it_is_the_one_that_is_meant(
    manager: ServiceManager, environment: dict[str, str], watched: bool
) -> None:
    """A child of what is watched is not."""
    story = Story(manager, **environment).runs()
    assert ("WATCHDOG=1" in manager.heard()) is watched
    story.stops()


def test_the_status_is_told_again_when_it_has_changed(manager: ServiceManager) -> None:
    """And only then."""
    story = Story(manager).runs()
    manager.heard()
    story.reactor.pump([LOOK_S] * 3)
    assert manager.heard() == []
    story.status = "3 members in 1 room"
    story.reactor.pump([LOOK_S] * 3)
    assert manager.heard() == [READY.replace("2 members", "3 members")]
    story.stops()


def test_a_reload_has_a_beginning_and_an_end(manager: ServiceManager) -> None:
    """The beginning with its time, by the clock that systemd goes by."""
    story = Story(manager).runs()
    manager.heard()
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1_000
    story.notifier.reloading()
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1_000
    (heard,) = manager.heard()
    match = re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=(\d+)\nSTATUS=2 members in 1 room", heard)
    assert match and before <= int(match[1]) <= after
    story.reactor.pump([LOOK_S])
    assert manager.heard() == []
    story.notifier.reloaded()
    assert manager.heard() == [READY]
    story.stops()


def test_stopping_is_the_last_that_is_told(manager: ServiceManager) -> None:
    """Nothing is sent and no timer is left after it."""
    story = Story(manager, WATCHDOG_USEC="1000000").runs()
    manager.heard()
    story.stops()
    assert manager.heard() == ["STOPPING=1\nSTATUS=2 members in 1 room"]
    story.status = "nobody"
    story.notifier.reloaded()
    story.reactor.pump([LOOK_S] * 3)
    assert manager.heard() == []


def test_a_service_manager_that_is_gone_does_no_harm(manager: ServiceManager) -> None:
    """The chat goes on without it."""
    story = Story(manager, WATCHDOG_USEC="1000000").runs()
    manager.socket.close()
    story.status = "3 members in 1 room"
    story.reactor.pump([LOOK_S] * 3)
    story.stops()


def test_a_service_manager_that_is_busy_is_told_later(manager: ServiceManager) -> None:
    """Nobody waits for it, and it is told in the end that the daemon is ready."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                other.sendto(b"x", manager.socket.getsockname())
    story = Story(manager).runs()
    assert set(manager.heard()) == {"x"}
    story.reactor.pump([LOOK_S])
    assert manager.heard() == [READY]
    story.stops()


TAC = """
from twisted.application.service import Application, MultiService
from twisted.internet import reactor
from lanchatd.service.systemd import Notifier

application = Application("told")
services = MultiService()
services.setServiceParent(application)
Notifier(reactor, lambda: "at work").setServiceParent(services)
"""


def test_a_service_of_twistd_tells_from_its_start_to_its_end(tmp_path: Path, manager: ServiceManager) -> None:
    """In a process of its own, with the environment that systemd gives."""
    (tmp_path / "told.tac").write_text(TAC)
    process = subprocess.Popen(
        [TWISTD, "-n", "-o", "--pidfile=", "-y", "told.tac"],
        cwd=tmp_path,
        env=os.environ | manager.environment | {"WATCHDOG_USEC": "200000"},
        stdout=subprocess.DEVNULL,
    )
    try:
        assert manager.hears() == f"READY=1\nMAINPID={process.pid}\nSTATUS=at work"
        assert [manager.hears() for _ in range(2)] == ["WATCHDOG=1", "WATCHDOG=1"]
        process.terminate()
        assert set(manager.hears_until("STOPPING=1")[:-1]) <= {"WATCHDOG=1"}
        process.wait(PATIENCE_S)
        assert manager.heard() == []
    finally:
        process.kill()
        process.wait()


@contextmanager
def told(manager: ServiceManager, cwd: Path, **environment: str) -> Iterator[Daemon]:
    """The real daemon, told of the service manager."""
    with daemon("--port=0", "--motd=motd", cwd=cwd, environment=manager.environment | environment) as chat:
        yield chat


@pytest.fixture
def motd(tmp_path: Path) -> Path:
    """The file that the daemon of these tests greets with."""
    path = tmp_path / "motd"
    path.write_text("Lunch at 12.\n")
    return path


@pytest.mark.usefixtures("motd")
def test_the_daemon_tells_who_is_there(tmp_path: Path, manager: ServiceManager) -> None:
    """`systemctl status` shows it."""
    with told(manager, tmp_path) as chat:
        ready = manager.hears().split("\n")
        assert ready[:2] == ["READY=1", f"MAINPID={chat.process.pid}"]
        with chat.join("alice") as alice, chat.join("bob"):
            alice.types("hi")
            manager.hears_until_match(r"STATUS=2 members in 1 room; 1 said, \d+ delivered$")
        assert chat.ends(by=signal.SIGTERM) == 0
        assert manager.hears_until("STOPPING=1")
        assert manager.heard() == []


@pytest.mark.usefixtures("motd")
def test_the_daemon_says_that_it_is_alive_in_time(tmp_path: Path, manager: ServiceManager) -> None:
    """systemd would kill it after 0.2 s without a word; half of that is between two, and some load."""
    with told(manager, tmp_path, WATCHDOG_USEC="200000"):
        times: list[float] = []
        while len(times) < 8:
            manager.hears_until("WATCHDOG=1")
            times.append(time.monotonic())
    gaps = [after - before for before, after in pairwise(times)]
    assert statistics.median(gaps) < 0.2


def test_the_daemon_tells_of_a_reload(tmp_path: Path, manager: ServiceManager, motd: Path) -> None:
    """When it says that it is done, who comes is greeted by the new file."""
    with told(manager, tmp_path) as chat:
        manager.hears_until("READY=1")
        motd.write_text("Lunch at 13.\n")
        chat.process.send_signal(signal.SIGHUP)
        (reloading,) = manager.hears_until("RELOADING=1")
        assert "MONOTONIC_USEC=" in reloading
        manager.hears_until("READY=1")
        with chat.connect() as alice:
            alice.types("alice")
            assert "-- Lunch at 13." in alice.reads_until(
                "-- You are alice in #lobby. /help lists the commands."
            )
