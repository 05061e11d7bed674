"""The units of deploy/, as systemd reads them, and the daemon on a socket that it was handed."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lanchatd.limits import each_limit
from lanchatd.options import BACKLOG, PORT, Options
from tests.daemon import PATIENCE_S, TWISTD, Daemon, started

DEPLOY = Path(__file__).parents[2] / "deploy"
README = (DEPLOY / "README.md").read_text("utf-8")
SERVICE = (DEPLOY / "lanchatd.service").read_text("utf-8")
BROKER = (DEPLOY / "broker" / "nats-server.service").read_text("utf-8")


def unit(name: str) -> configparser.ConfigParser:
    """A unit; of a key that is there twice, the last value."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(DEPLOY / name, "utf-8")
    return parser


def fence(comment: str) -> str:
    """A block of the README, by the comment before it."""
    found = re.search(rf"<!-- {comment} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found
    return found[1]


def systemd_analyze(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze (systemd) is not installed")
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments],
        cwd=cwd,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE_S,
        check=False,
    )


def exposure(text: str, cwd: Path) -> float:
    """Of a service with this text: 0 is nothing at all, 10 everything."""
    (cwd / "lanchatd.service").write_text(text, "utf-8")
    said = systemd_analyze("security", "--offline=true", "lanchatd.service", cwd=cwd).stdout
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert found, said
    return float(found[1])


def verify(cwd: Path) -> str:
    """What systemd has to say about the units there; it succeeds with words that it does not know as well."""
    units = "./lanchatd.service", "./lanchatd.socket", "./nats-server.service"
    return systemd_analyze("verify", "--man=no", *units, cwd=cwd).stdout


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """A directory with all units; what they run is a program that is on this machine."""
    shutil.copy(DEPLOY / "lanchatd.socket", tmp_path)
    for name, text in (("lanchatd.service", SERVICE), ("nats-server.service", BROKER)):
        service = re.sub(r"^(Exec\w+=)\S+", rf"\g<1>{sys.executable}", text, flags=re.MULTILINE)
        (tmp_path / name).write_text(service, "utf-8")
    return tmp_path


def test_the_units_are_what_systemd_understands(units: Path) -> None:
    """Without a word from it."""
    assert verify(units) == ""


@pytest.mark.parametrize(
    ("wrong", "right"), [("WatchDogSec=", "WatchdogSec="), ("Backlogs=", "Backlog=")], ids=str
)
def test_a_word_that_systemd_does_not_know_is_seen(units: Path, wrong: str, right: str) -> None:
    """The test before this one can fail."""
    for path in units.glob("lanchatd.*"):
        path.write_text(path.read_text("utf-8").replace(right, wrong), "utf-8")
    assert wrong.rstrip("=") in verify(units)


def test_the_service_may_do_little(tmp_path: Path) -> None:
    """1.0 of 10; without the console, as the README says, 0.3."""
    assert exposure(SERVICE, tmp_path) <= 1.0
    closed = exposure(SERVICE + fence("without the console"), tmp_path)
    assert closed <= 0.3
    assert exposure(SERVICE.replace("PrivateDevices=yes", ""), tmp_path) > 1.0


def test_the_broker_may_do_little(tmp_path: Path) -> None:
    """1.5 of 10: it reaches whoever its configuration says."""
    assert exposure(BROKER, tmp_path) <= 1.5


def test_the_units_fit_the_daemon() -> None:
    """Its port, its name of the socket, its time to end, its options."""
    port, service = unit("lanchatd.socket")["Socket"], unit("lanchatd.service")["Service"]
    assert (port["ListenStream"], port["Backlog"]) == (str(PORT), str(BACKLOG))
    listen = next(word for word in service["ExecStart"].split() if word.startswith("--listen="))
    assert listen.endswith(f":name={port['FileDescriptorName']}")
    most_s = next(limit.metadata["most"] for limit in each_limit() if limit.name == "shutdown_s")
    assert int(service["TimeoutStopSec"].removesuffix("s")) > most_s
    assert int(service["LimitNOFILE"]) > 2 * Options().limits.max_connections


def test_the_example_has_options_that_there_are() -> None:
    """A line each, and all of them comments: without a change the daemon starts as it is."""
    lines = (DEPLOY / "lanchatd.env").read_text("utf-8").splitlines()
    assert all(line.startswith("#") or not line for line in lines)
    examples = [line.split("=", 1)[1] for line in lines if line.startswith("#LANCHATD_OPTIONS=")]
    assert examples
    known = {option.rstrip("=") for option in Options().longOpt}
    for example in examples:
        words = shlex.split(example)
        assert {word.split("=")[0].removeprefix("--") for word in words} <= known


def test_five_commands_install_it() -> None:
    """With the files that there are."""
    commands = fence("install").splitlines()
    assert len(commands) == 5
    named = {path for command in commands for path in re.findall(r"deploy/(\S+)", command)}
    assert named == {"lanchatd.service", "lanchatd.socket"}
    assert "/opt/lanchatd/bin/twistd" in SERVICE


# What systemd does for a service: the socket is descriptor 3, and the environment says whose it is.
HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "chat"}
os.execv(sys.argv[2], sys.argv[2:])
"""


def command() -> list[str]:
    """What the service starts, with the twistd of these tests and to where they can read the log."""
    words = unit("lanchatd.service")["Service"]["ExecStart"].split()
    left_out = ("--logger=", "$LANCHATD_OPTIONS")
    kept = (word for word in words[1:] if not word.startswith(left_out))
    return [TWISTD, *kept, "--no-announce"]


@contextmanager
def service(kept: socket.socket, cwd: Path) -> Iterator[Daemon]:
    """The daemon on a socket that somebody else keeps."""
    number = kept.fileno()
    hand_over = [sys.executable, "-c", HAND_OVER, str(number), *command()]
    environment = {"STATE_DIRECTORY": str(cwd / "state")}
    with started(hand_over, cwd, environment=environment, hand=(number,)) as chat:
        chat.port = kept.getsockname()[1]
        yield chat


def listening(address: str) -> socket.socket:
    """The socket that systemd makes of the unit: for IPv6 and IPv4, or for IPv4 where there is no other."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server(
        (address, 0), family=family, backlog=BACKLOG, dualstack_ipv6=family == socket.AF_INET6
    )


@pytest.mark.parametrize("address", ["::", "127.0.0.1"])
def test_who_connects_during_a_restart_waits_and_is_served(tmp_path: Path, address: str) -> None:
    """Nobody is refused: not while the daemon says goodbye, not while there is none."""
    if ":" in address and not Path("/proc/net/if_inet6").exists():
        pytest.skip("no IPv6 on this machine")
    with listening(address) as kept:
        with service(kept, tmp_path) as first:
            # Nobody waits for the first daemon to be there either.
            with first.join("alice") as alice:
                first.process.send_signal(signal.SIGTERM)
                alice.reads_until("-- The server is shutting down.")
                early = first.connect()
                early.types("bob", "hello")
                assert alice.reads_all() == []
            assert first.ends() == 0
            late = first.connect()
            late.types("carol")
        with service(kept, tmp_path) as second, early, late:
            late.reads_until("-- You are carol in #lobby. /help lists the commands.")
            early.reads_until("<bob> hello")
            assert second.ends(by=signal.SIGTERM) == 0
            assert early.reads_all()[-1] == "-- The server is shutting down."


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def test_systemd_starts_it_for_the_first_to_connect(tmp_path: Path) -> None:
    """The real tool that does as systemd, and the real daemon."""
    if shutil.which("systemd-socket-activate") is None:
        pytest.skip("systemd-socket-activate (systemd) is not installed")
    for _ in range(3):  # a port that was free a moment ago may be taken
        port = free_port()
        activate = ["systemd-socket-activate", "--fdname=chat", f"--listen=127.0.0.1:{port}",
                    f"--setenv=STATE_DIRECTORY={tmp_path / 'state'}", *command()]  # fmt: skip
        with started(activate, tmp_path) as chat:
            if re.search("^Failed to listen", chat.logged("^(Listening|Failed to listen) on")[0]):
                continue
            chat.port = port
            with chat.join("alice") as alice:
                alice.types("hello")
                assert alice.reads() == "<alice> hello"
            assert chat.ends(by=signal.SIGTERM) == 0
            break
    else:
        pytest.fail("no port was free")
