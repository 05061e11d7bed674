"""Several daemons that share one port of a machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lanchatd.net.shared_port import Spokesman
from tests.broker.server import free_ports
from tests.certificates import self_made
from tests.daemon import PATIENCE_S, TWISTD, Daemon, daemon, environment_in, wait_until
from tests.preloaded import run


@pytest.fixture
def shared(tmp_path: Path) -> list[str]:
    """What each of them is started with. Their broker is away: nobody needs it to say where they are."""
    pem = self_made(tmp_path / "tls.pem").pem
    pem.chmod(0o600)
    port, nobody = free_ports(2)
    return [f"--port={port}", "--reuse-port", f"--tls-cert={pem}", f"--broker=nats://127.0.0.1:{nobody}"]


def greetings(chat: Daemon) -> Iterator[str]:
    """Whom one comes to after the other who connects to the port."""
    while True:
        with chat.connect() as peer:
            yield peer.reads_until_match("Welcome to")[0].split("Welcome to ")[1].split(" ")[0]


def test_connections_are_dealt_out_among_them(tmp_path: Path, shared: list[str]) -> None:
    """When one ends, those that come later go to the others."""
    with ExitStack() as stack:
        chats = {
            name: stack.enter_context(daemon(*shared, f"--name={name}", f"--state-dir={name}", cwd=tmp_path))
            for name in ("one", "two")
        }
        came_to: set[str] = set()
        for name in greetings(chats["one"]):
            came_to.add(name)
            if came_to == chats.keys():
                break
        assert chats["one"].port == chats["two"].port
        chats["one"].process.kill()
        chats["one"].ends()
        later = greetings(chats["two"])
        assert {next(later) for _ in range(10)} == {"two"}


def test_each_has_a_state_directory_of_its_own(tmp_path: Path, shared: list[str]) -> None:
    """A second one with the same is refused, as ever."""
    with daemon(*shared, cwd=tmp_path) as chat:
        assert "is used by another lanchatd" in refusal(tmp_path, *shared, "--name=second")
        assert next(greetings(chat)) != "second"


def test_who_does_not_share_it_is_refused(tmp_path: Path, shared: list[str]) -> None:
    """Neither beside those that do, nor they beside it."""
    port, *_ = shared
    taken = f"{port.removeprefix('--port=')}: Address already in use"
    with daemon(*shared, cwd=tmp_path):
        assert taken in refusal(tmp_path, port, "--state-dir=other")
    with daemon(port, cwd=tmp_path):
        assert taken in refusal(tmp_path, *shared, "--state-dir=other")


def refusal(cwd: Path, *options: str) -> str:
    """Why a daemon with these options does not start."""
    command = [TWISTD, "-n", "--pidfile=", "lanchat", "--no-announce", *options]
    ended = run(command, cwd=cwd, env=environment_in(cwd), timeout=PATIENCE_S)
    assert ended.returncode == 1
    return ended.stderr


def test_one_speaks_for_all() -> None:
    """Until it ends, or gives up; then another one may."""
    (port, other_port) = free_ports(2)
    first, second, elsewhere = Spokesman(), Spokesman(), Spokesman()
    assert first.is_here(port)
    assert first.is_here(port)
    assert not second.is_here(port)
    assert elsewhere.is_here(other_port)
    first.close()
    first.close()
    assert second.is_here(port)
    second.close()
    elsewhere.close()
    wait_until("the name is free", lambda: first.is_here(port))
    first.close()
