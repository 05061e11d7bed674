"""What the doctor says from elsewhere of what it finds, by rules and against real servers on this machine."""

from __future__ import annotations

import errno
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_interface
from pathlib import Path

import pytest

from lanchatd.doctor.reached import Tried, why_not
from lanchatd.doctor.steps import Verdict
from lanchatd.doctor.there import _clock
from lanchatd.lan.interfaces import Own
from tests.daemon import PATIENCE_S, daemon
from tests.pseudo_terminal import key_of

OWN = [Own("eth0", ip_interface("192.0.2.7/24"))]


@pytest.mark.parametrize(
    ("error", "neighbours", "says"),
    [
        (errno.ECONNREFUSED, {}, "refuses port 8000"),
        (errno.ENETUNREACH, {}, "no way leads to 192.0.2.1"),
        (errno.EHOSTUNREACH, {"192.0.2.1": False}, "in this network: the machine is off"),
        (
            errno.EHOSTUNREACH,
            {"192.0.2.1": False, "192.0.2.9": True},
            "though others answer: the machine is off",
        ),
        (None, {"192.0.2.1": False}, "Nobody answers for the address 192.0.2.1"),
        (None, {"192.0.2.1": True}, "a firewall drops what comes"),
        (None, {}, "192.0.2.1, in this network, is silent for 4 s"),
        (errno.EACCES, {}, "192.0.2.1 port 8000: Permission denied."),
    ],
)
def test_the_silence_of_an_address_has_a_meaning(
    error: int | None, neighbours: dict[str, bool], says: str
) -> None:
    """Of how it is silent, and whether the machine was heard."""
    step = why_not(Tried("192.0.2.1", error), 8_000, OWN, neighbours)
    assert (step.name, step.verdict) == ("connection", Verdict.WRONG)
    assert says in step.text
    assert step.cure


def test_a_silence_from_elsewhere_may_be_a_router() -> None:
    """Nobody there is heard in this network."""
    step = why_not(Tried("198.51.100.1", None), 8_000, OWN, {})
    assert "198.51.100.1, in another network, is silent" in step.text


@pytest.mark.parametrize(
    ("ahead_s", "says"), [(2, "the same"), (-7_200, "2 h behind that of this"), (90, "ahead of that of this")]
)
def test_a_wrong_clock_is_said(ahead_s: float, says: str) -> None:
    """Which of both is ahead."""
    assert says in _clock(ahead_s).text
    assert (_clock(ahead_s).verdict is Verdict.OK) == (abs(ahead_s) < 60)


def doctor(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lanchatd.doctor.main", *arguments],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("options", [(), ("--no-web",)])
def test_a_server_is_looked_at_without_joining(tmp_path: Path, options: tuple[str, ...]) -> None:
    """A step a line, and nobody there sees anything of it."""
    with daemon("--port=0", "--name=office", *options, cwd=tmp_path) as chat, chat.join("alice") as alice:
        said = doctor("127.0.0.1", str(chat.port), home=tmp_path)
        alice.types("/who")
        assert "1 in #lobby: alice (plain)" in alice.reads()
        assert (said.returncode, said.stderr) == (0, "")
        lines = said.stdout.splitlines()
        assert lines[2] == "ok    server      office, lanchatd 0.1.0"
        assert f"ok    key         {key_of(chat)}; not known yet, lanchat-client will ask" in lines
        assert ("ok    clock       the same here and there" in lines) == (not options)


def test_an_endpoint_of_tls_alone_is_asked_in_tls(tmp_path: Path) -> None:
    """It says nothing to who does not begin."""
    with daemon(cwd=tmp_path) as chat:
        chat.logged("TLS key")
    pem = tmp_path / "state" / "lanchatd" / "tls.pem"
    listen = f"--listen=ssl:port=0:interface=127.0.0.1:privateKey={pem}:certKey={pem}"
    with daemon(listen, "--name=office", cwd=tmp_path) as chat:
        said = doctor("127.0.0.1", str(chat.port), home=tmp_path)
        assert said.returncode == 0
        lines = said.stdout.splitlines()
        assert lines[2] == "ok    server      office, lanchatd 0.1.0, for encrypted connections only"
        assert "ok    page        it answers" in lines


def test_a_changed_key_is_said(tmp_path: Path) -> None:
    """And it ends with that."""
    with daemon(cwd=tmp_path) as chat:
        known = tmp_path / ".config" / "lanchatd" / "known_servers"
        known.parent.mkdir(parents=True)
        known.write_text(f"127.0.0.1:{chat.port} {key_of(chat)}\n", "ascii")
        assert "the known one" in doctor("127.0.0.1", str(chat.port), home=tmp_path).stdout
        known.write_text(f"127.0.0.1:{chat.port} sha256:{'A' * 43}\n", "ascii")
        said = doctor("--json", f"127.0.0.1:{chat.port}", home=tmp_path)
        last = json.loads(said.stdout.splitlines()[-1])
        assert (said.returncode, last["step"], last["verdict"]) == (1, "key", "wrong")


@contextmanager
def other_server(says: bytes) -> Iterator[int]:
    """A program that is no lanchat; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    came, _ = listening.accept()
                except OSError:
                    return
                with came:
                    came.sendall(says)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE_S)


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (b"220 \x1b[31mmail\x07 ready\r\n", "it says '220 \ufffd[31mmail\ufffd ready"),
        (b"x" * 100_000, "it says 'xxx"),
        (b"", "it says nothing"),
    ],
)
def test_what_is_no_lanchat_is_said(tmp_path: Path, says: bytes, told: str) -> None:
    """With what it says, safe to show."""
    with other_server(says) as port:
        said = doctor("127.0.0.1", str(port), home=tmp_path)
    assert said.returncode == 1
    assert "What listens there is no lanchat: " + told in said.stdout
    assert "\x1b" not in said.stdout
    assert len(said.stdout) < 1_000


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["a b"], "argument HOST: 'a b' is not a host"),
        (["chat.local", "0"], "argument PORT: '0' is not a port from 1 to 65535"),
        (["chat.local", "--state-dir=x"], "argument --state-dir: not allowed with a HOST"),
    ],
)
def test_a_wrong_argument_is_one_line(tmp_path: Path, arguments: list[str], error: str) -> None:
    """And exit code 2."""
    said = doctor(*arguments, home=tmp_path)
    assert said.returncode == 2
    assert said.stderr.splitlines()[-1] == f"lanchat-doctor: error: {error}"
