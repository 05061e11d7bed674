"""Real clients of a chat of two daemons, one of which dies: they go on at the other."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.broker.server import PATIENCE_S, Server, free_ports
from tests.certificates import self_made
from tests.daemon import Daemon, Peer, daemon
from tests.preloaded import CLIENT
from tests.pseudo_terminal import Seat, at, key_of, seat
from tests.relay import Relay, relay

pytestmark = [pytest.mark.broker, pytest.mark.timeout(3 * PATIENCE_S)]

ENTER = "\r"


@pytest.fixture
def two(broker: Server, tmp_path: Path) -> Iterator[list[Daemon]]:
    """Two daemons, which know of each other."""
    with ExitStack() as stack:
        chats = []
        for port in free_ports(2):
            cwd = tmp_path / str(port)
            cwd.mkdir()
            options = f"--port={port}", f"--broker={broker.url}", f"--advertise=127.0.0.1:{port}"
            chat = stack.enter_context(daemon(*options, cwd=cwd))
            chat.logged("everybody can come in")
            chats.append(chat)
        first, second = chats
        while f"-- Also at: 127.0.0.1:{second.port}" not in greeting(first):
            pass
        yield chats


def greeting(chat: Daemon) -> list[str]:
    """What who connects is told."""
    with chat.connect() as peer:
        peer.types("")
        return peer.reads_until_match("^-- TLS key")


def test_several_share_a_port_and_are_one_chat(broker: Server, tmp_path: Path) -> None:
    """Whichever of them one comes to."""
    pem = self_made(tmp_path / "tls.pem").pem
    pem.chmod(0o600)
    (port,) = free_ports(1)
    shared = f"--port={port}", "--reuse-port", f"--tls-cert={pem}", f"--broker={broker.url}"
    with ExitStack() as stack:
        for name in ("one", "two"):
            options = *shared, f"--state-dir={name}", f"--name={name}"
            chat = stack.enter_context(daemon(*options, cwd=tmp_path))
            chat.logged("everybody can come in")
        there = [stack.enter_context(chat.connect()) for _ in range(12)]
        for number, peer in enumerate(there):
            peer.types(f"member{number}")
        came_to = {peer.reads_until_match("Welcome to")[-1].split()[3] for peer in there}
        assert came_to == {"one", "two"}  # or else once in 2,048 runs
        for peer in there:
            peer.reads_until_match(r"^-- \d+ in #lobby: ")
        there[0].types("hi")
        for peer in there:
            peer.reads_until("<member0> hi")


def goes_on(alice: Seat, bob: Peer, second: Daemon) -> None:
    """Alice says something as her daemon is lost, goes on at the second one, and it is said once."""
    alice.types("meanwhile" + ENTER)
    bob.types("still here")
    alice.sees_line(f"-- Going on at 127.0.0.1 port {second.port}.")
    alice.sees_line("<bob> still here")
    alice.sees_line("<alice> meanwhile")
    alice.types("after" + ENTER)
    seen = bob.reads_until("<alice> after")
    assert seen.count("<alice> meanwhile") == 1
    alice.sees_line("<alice> after")


def test_somebody_at_a_terminal_misses_nothing(two: list[Daemon], tmp_path: Path) -> None:
    """Neither what was said meanwhile nor what they say; and nothing is double."""
    first, second = two
    with seat(*at(first, "--nick", "alice"), home=tmp_path) as alice, second.join("bob") as bob:
        alice.sees_line("2 here")
        alice.types("before" + ENTER)
        bob.reads_until("<alice> before")
        first.process.kill()
        goes_on(alice, bob, second)
        shown = [row for row in alice.screen if re.search("<(alice|bob)>", row)]
        assert len(shown) == 4


def test_a_script_says_all_its_lines_once(two: list[Daemon], tmp_path: Path) -> None:
    """Though the daemon is killed in the middle."""
    first, second = two
    count = 60
    with second.join("bob") as bob:
        talking = subprocess.Popen(
            [*CLIENT, "127.0.0.1", str(first.port), "--nick=ci", "--fingerprint", key_of(first)],
            stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={"HOME": str(tmp_path)},
        )  # fmt: skip
        assert talking.stdin is not None
        assert talking.stderr is not None
        with talking:
            talking.stdin.write("".join(f"line {number}\n" for number in range(count)))
            talking.stdin.close()
            bob.reads_until("<ci> line 20")
            first.process.kill()
            complaints = talking.stderr.read()
            assert talking.wait(PATIENCE_S) == 0, complaints
        assert f"Going on at 127.0.0.1 port {second.port}." in complaints
        seen = bob.reads_until(f"<ci> line {count - 1}")
        said = [int(line.split()[-1]) for line in seen if line.startswith("<ci> line ")]
        assert said == list(range(21, count))


def told(peer: Peer, kind: str) -> dict[str, Any]:
    """The next thing of a kind that a program is told."""
    while (got := peer.gets())["type"] != kind:
        pass
    return got


def test_a_program_is_told_of_daemons_that_come_later_and_of_their_new_keys(
    broker: Server, tmp_path: Path
) -> None:
    """Without coming in anew."""
    own, renewed = self_made(tmp_path / "tls.pem"), self_made(tmp_path / "renewed.pem")
    pem = own.pem
    pem.chmod(0o600)
    with ExitStack() as stack:

        def starts(name: str, *more: str) -> Daemon:
            (port,) = free_ports(1)
            shared = f"--port={port}", f"--broker={broker.url}", f"--advertise=127.0.0.1:{port}"
            return stack.enter_context(daemon(*shared, f"--state-dir={name}", *more, cwd=tmp_path))

        first = starts("one")
        first.logged("everybody can come in")
        program = stack.enter_context(first.connect())
        program.types('{"nick": "ci"}')
        assert "nodes" not in told(program, "welcome")
        second = starts("two", f"--tls-cert={pem}")
        row = {"host": "127.0.0.1", "port": second.port}
        assert told(program, "nodes")["nodes"] == [{**row, "key": own.fingerprint}]
        pem.write_bytes(renewed.pem.read_bytes())
        second.process.send_signal(signal.SIGHUP)
        assert told(program, "nodes")["nodes"] == [{**row, "key": renewed.fingerprint}]
        second.process.kill()
        assert told(program, "nodes")["nodes"] == []


def test_somebody_goes_on_at_a_daemon_that_came_later(broker: Server, tmp_path: Path) -> None:
    """It was not there when they came."""
    with ExitStack() as stack:
        chats = []
        for port in free_ports(2):
            options = f"--port={port}", f"--broker={broker.url}", f"--advertise=127.0.0.1:{port}"
            chats.append((options, tmp_path / str(port)))
            chats[-1][1].mkdir()
        (options, cwd), later = chats
        first = stack.enter_context(daemon(*options, cwd=cwd))
        first.logged("everybody can come in")
        alice = stack.enter_context(seat(*at(first, "--nick", "alice"), home=tmp_path))
        alice.sees_line("1 here")
        options, cwd = later
        program = stack.enter_context(first.connect())
        program.types('{"nick": "ci"}')
        second = stack.enter_context(daemon(*options, cwd=cwd))
        told(program, "nodes")  # and so was alice, in the same turn
        first.process.kill()
        alice.sees_line(f"-- Going on at 127.0.0.1 port {second.port}.")


@pytest.fixture
def cut_off(broker: Server, tmp_path: Path) -> Iterator[tuple[Relay, Daemon, Daemon]]:
    """Two daemons, and the way of the first one to the broker."""
    with ExitStack() as stack:
        way = stack.enter_context(relay(broker.port))
        chats = []
        for port, url in zip(free_ports(2), (f"nats://127.0.0.1:{way.port}", broker.url), strict=True):
            cwd = tmp_path / str(port)
            cwd.mkdir()
            options = f"--port={port}", f"--broker={url}", f"--advertise=127.0.0.1:{port}"
            chats.append(stack.enter_context(daemon(*options, cwd=cwd)))
            chats[-1].logged("everybody can come in")
        first, second = chats
        while f"-- Also at: 127.0.0.1:{second.port}" not in greeting(first):
            pass
        yield way, first, second


def test_who_is_at_a_daemon_that_lost_its_broker_goes_on_at_another(
    cut_off: tuple[Relay, Daemon, Daemon], tmp_path: Path
) -> None:
    """The line that was refused is said there, once."""
    way, first, second = cut_off
    with seat(*at(first, "--nick", "alice"), home=tmp_path) as alice, second.join("bob") as bob:
        alice.sees_line("2 here")
        alice.types("before" + ENTER)
        bob.reads_until("<alice> before")
        way.refuse()
        first.logged("lines are refused")
        goes_on(alice, bob, second)


def test_who_could_go_on_nowhere_stays_while_the_broker_is_away(
    cut_off: tuple[Relay, Daemon, Daemon], broker: Server, tmp_path: Path
) -> None:
    """The other daemon was asked, and let nobody in; the line is said when the broker is back."""
    _, first, second = cut_off
    with seat(*at(first, "--nick", "alice"), home=tmp_path) as alice, second.join("bob") as bob:
        alice.sees_line("2 here")
        broker.kill()
        for chat in (first, second):
            chat.logged("lines are refused")
        before = len(second.log)
        alice.types("meanwhile" + ENTER)
        for _ in range(2):  # rounds of asking
            second.logged(r"closed: ", before)
            before = len(second.log)
        assert not [row for row in alice.screen if "Going on" in row or "Trying" in row]
        broker.start()
        broker.ready()
        assert bob.reads_until("<alice> meanwhile").count("<alice> meanwhile") == 1
        alice.sees_line("<alice> meanwhile")
        assert not [row for row in alice.screen if "Going on" in row or "Trying" in row]
