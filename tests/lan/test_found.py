"""Daemons on a network are found by those who have no address, in namespaces with a switch between them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from lanchatd.lan.announcement import host_name
from lanchatd.lan.browsing import MOST_FOUND
from tests.certificates import self_made
from tests.daemon import PATIENCE_S, Daemon, daemon
from tests.networks import Machine, network
from tests.preloaded import CLIENT
from tests.pseudo_terminal import key_of, seat

pytestmark = pytest.mark.lan


def announced(machine: Machine, cwd: Path, *options: str, port: int = 8000) -> Any:
    """A daemon there."""
    cwd.mkdir(exist_ok=True)
    return daemon(f"--port={port}", *options, cwd=cwd, prefix=machine.prefix, announced=True)


def ready(chat: Daemon) -> str:
    """Wait until it is announced; the name."""
    return chat.logged(r"announced on the network as (.*), at lanchat-")[1]


def finds(machine: Machine, home: Path) -> list[dict[str, Any]]:
    """What ``lanchat-client --find --json`` says there."""
    said = subprocess.run(
        [*machine.prefix, *CLIENT, "--find", "--json"],
        env={"HOME": str(home), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        stdout=subprocess.PIPE, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    found = [json.loads(line) for line in said.stdout.splitlines()]
    assert said.returncode == (0 if found else 1)
    return found


def test_one_is_found_while_it_runs(tmp_path: Path) -> None:
    """With all that one wants to know; and no longer when it has ended, as it says goodbye."""
    with network(2) as (server, client):
        with announced(server, tmp_path / "office", "--name=The office") as chat:
            name = ready(chat)
            (found,) = finds(client, tmp_path)
            key = key_of(chat)
            assert name == f"The office ({host_name(key).removeprefix('lanchat-')})"
            link = found["addresses"].pop()
            assert link.startswith("fe80::")
            assert found == {
                "name": "The office", "host": f"{host_name(key)}.local", "addresses": [server.ipv4],
                "port": 8000, "key": key, "known": False, "version": "0.1.0", "only_tls": False, "page": True,
                "here": 0,
            }  # fmt: skip
            assert chat.ends(by=signal.SIGTERM) == 0
        assert finds(client, tmp_path) == []


def test_several_that_share_a_port_are_found_once(tmp_path: Path) -> None:
    """One of them announces it; when that one has ended, another."""
    with network(2) as (server, client), ExitStack() as stack:
        pem = self_made(tmp_path / "tls.pem").pem
        shared = f"--tls-cert={pem}", "--reuse-port", "--broker=nats://127.0.0.1:1"
        (tmp_path / "tls.pem").chmod(0o600)
        first = stack.enter_context(announced(server, tmp_path / "first", *shared))
        ready(first)
        second = stack.enter_context(announced(server, tmp_path / "second", *shared))
        assert [found["port"] for found in finds(client, tmp_path)] == [8000]
        assert not [line for line in second.log if "announced on the network" in line]
        assert first.ends(by=signal.SIGTERM) == 0
        server.gets("198.18.0.77/24")  # it looks then, and in any case every half a minute
        ready(second)
        assert [found["port"] for found in finds(client, tmp_path)] == [8000]


def test_its_page_answers_by_the_name_that_it_has_in_mdns(tmp_path: Path) -> None:
    """For phones that know such names."""
    with network(1) as (server,), announced(server, tmp_path) as chat:
        ready(chat)
        name = f"{host_name(key_of(chat))}.local"
        said = server.runs("curl", "-s", "-H", f"Host: {name}:8000", "http://127.0.0.1:8000/join")
        assert said.startswith(f"http://{name}:8000/\n")


def test_without_ipv4_it_is_found_and_joined(tmp_path: Path) -> None:
    """By the addresses that every link has."""
    with network(2, ipv4=False) as (server, client), announced(server, tmp_path) as chat:
        ready(chat)
        (found,) = finds(client, tmp_path)
        (address,) = found["addresses"]
        with seat("--nick", "alice", home=tmp_path, command=(*client.prefix, *CLIENT)) as alice:
            joins(alice, found["name"])
            assert address.startswith("fe80::")
            alice.sees_line("1 here")


def joins(somebody: Any, name: str) -> None:
    """Say yes to both questions."""
    somebody.sees_line(f"Join {name}? (yes/no)")
    somebody.types("yes\n")
    somebody.sees_line("Trust this key? (yes/no)")
    somebody.types("yes\r")


def test_the_only_one_is_joined_after_asking_the_first_time(tmp_path: Path) -> None:
    """Then it is known by its key, also when its address has changed."""
    with network(2) as (server, client), announced(server, tmp_path, "--name=office") as chat:
        ready(chat)
        command = (*client.prefix, *CLIENT)
        with seat("--nick", "alice", home=tmp_path, size=(100, 30), command=command) as alice:
            joins(alice, "office")
            alice.sees_line("1 here")
        server.gets("198.18.0.77/24")
        server.runs("ip", "address", "del", f"{server.ipv4}/24", "dev", "eth0")
        with seat("--nick", "alice", home=tmp_path, size=(100, 30), command=command) as alice:
            alice.sees_line("known")
            alice.sees_line("#lobby")
            alice.sees_line("1 here")
        known = (tmp_path / ".config" / "lanchatd" / "known_servers").read_text("utf-8")
        assert {line.split()[1] for line in known.splitlines()} == {key_of(chat)}


def test_one_of_several_is_chosen(tmp_path: Path) -> None:
    """By its number, also of two that are called the same."""
    with network(3) as (first, second, client), ExitStack() as stack:
        chats = [
            stack.enter_context(announced(machine, tmp_path / machine.port, "--name=office"))
            for machine in (first, second)
        ]
        assert len({ready(chat) for chat in chats}) == 2
        found = finds(client, tmp_path)
        assert [one["name"] for one in found] == ["office", "office"]
        assert {one["addresses"][0] for one in found} == {first.ipv4, second.ipv4}
        command = (*client.prefix, *CLIENT)
        with seat("--nick", "alice", home=tmp_path, size=(100, 30), command=command) as alice:
            alice.sees_line("Which one? (1 to 2, or nothing)")
            alice.types("2\n")
            alice.sees_line(found[1]["key"])


def test_with_nobody_there_it_says_what_to_try(tmp_path: Path) -> None:
    """And ends."""
    with network(1) as (client,), seat(home=tmp_path, command=(*client.prefix, *CLIENT)) as alice:
        alice.sees_line("Nobody announces a chat on this network.")
        assert alice.ends() == 1


def test_what_is_for_this_machine_alone_is_not_announced(tmp_path: Path) -> None:
    """Nor what somebody does not want to be."""
    with network(2) as (server, client), ExitStack() as stack:
        for number, options in enumerate((["--interface=127.0.0.1"], ["--no-announce"])):
            chat = stack.enter_context(
                announced(server, tmp_path / str(number), *options, port=8000 + number)
            )
            chat.logged("TLS key")
        assert finds(client, tmp_path) == []


def test_a_network_that_comes_later_hears_of_it(tmp_path: Path) -> None:
    """As when a laptop is plugged in: the kernel tells of the new address."""
    with network(2) as (server, client):
        server.runs("ip", "link", "set", "eth0", "down")
        server.runs("ip", "address", "flush", "dev", "eth0")
        with announced(server, tmp_path) as chat:
            assert served(server)
            assert finds(client, tmp_path) == []
            server.runs("ip", "link", "set", "eth0", "up")
            server.gets("198.18.0.1/24")
            ready(chat)
            (found,) = finds(client, tmp_path)
            assert found["addresses"][0] == "198.18.0.1"


def served(machine: Machine) -> str:
    """What is said to who connects there."""
    asks = "import socket; print(socket.create_connection(('127.0.0.1', 8000), 20).recv(100))"
    return machine.runs(sys.executable, "-c", asks)


@pytest.mark.timeout(240)
def test_fifty_on_one_network_are_all_found(tmp_path: Path) -> None:
    """Though all are called the same and start at once."""
    with network(3) as (first, second, client), ExitStack() as stack:
        chats = [
            stack.enter_context(
                announced(machine, tmp_path / f"{machine.port} {number}", "--name=office", port=8000 + number)
            )
            for machine in (first, second)
            for number in range(25)
        ]
        for chat in chats:
            ready(chat)
        found = finds(client, tmp_path)
        assert {one["key"] for one in found} == set(map(key_of, chats))
        assert len(found) == 50


def test_one_that_was_killed_is_gone(tmp_path: Path) -> None:
    """It says no goodbye, but who looks anew does not see it."""
    with network(2) as (server, client), announced(server, tmp_path) as chat:
        ready(chat)
        assert len(finds(client, tmp_path)) == 1
        chat.process.kill()
        chat.ends()
        assert finds(client, tmp_path) == []


def test_hostile_announcements_do_nothing(tmp_path: Path) -> None:
    """Ten thousand names, escapes in them, and texts as large as a packet: some lines, safe to show."""
    code = (Path(__file__).parent / "hostile.py").read_text("utf-8")
    with network(3) as (server, rogue, client), announced(server, tmp_path, "--name=office") as chat:
        ready(chat)
        flooding = subprocess.Popen([*rogue.prefix, sys.executable, "-c", code, rogue.ipv4])
        try:
            said = subprocess.run(
                [*client.prefix, *CLIENT, "--find"],
                capture_output=True, timeout=PATIENCE_S, check=False,
                env={"HOME": str(tmp_path), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            )  # fmt: skip
        finally:
            flooding.kill()
            flooding.wait()
        assert said.returncode == 0
        assert said.stderr == b""
        text = said.stdout.decode()
        assert not {char for char in text if ord(char) < 32 or 127 <= ord(char) < 160} - {"\n"}
        assert 1 < len(text.splitlines()) <= MOST_FOUND + 1
        assert max(map(len, text.splitlines())) < 200
