"""The doctor on networks where something is wrong: it says what, on either side."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import PATIENCE_S, Daemon, daemon
from tests.networks import Machine, network
from tests.pseudo_terminal import key_of

pytestmark = pytest.mark.lan

DOCTOR = (sys.executable, "-m", "lanchatd.doctor.main")


def asks(machine: Machine, home: Path, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code, and the steps."""
    said = subprocess.run(
        [*machine.prefix, *DOCTOR, "--json", *arguments],
        env={"HOME": str(home), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        stdout=subprocess.PIPE, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    return said.returncode, [json.loads(line) for line in said.stdout.splitlines()]


def fails(machine: Machine, home: Path, *arguments: str) -> tuple[str, str]:
    """The last step, which is wrong, and what it says."""
    code, steps = asks(machine, home, *arguments)
    assert code == 1
    assert [step["verdict"] for step in steps].count("wrong") == 1
    assert steps[-1]["verdict"] == "wrong"
    assert steps[-1]["cure"]
    return steps[-1]["step"], steps[-1]["text"]


def ready(chat: Daemon) -> None:
    chat.logged("announced on the network as ")


def running(machine: Machine, cwd: Path, *options: str) -> Any:
    return daemon("--port=8000", *options, cwd=cwd, prefix=machine.prefix, announced=True)


def state(cwd: Path) -> str:
    """Where such a daemon keeps its state."""
    return f"--state-dir={cwd / 'state' / 'lanchatd'}"


def test_all_is_well(tmp_path: Path) -> None:
    """On both sides, in a few steps that say what is there."""
    with network(2) as (server, client), running(server, tmp_path, "--name=office") as chat:
        ready(chat)
        key = key_of(chat)
        code, steps = asks(client, tmp_path, server.ipv4)
        assert (code, {step["verdict"] for step in steps}) == (0, {"ok"})
        assert [step["step"] for step in steps] == [
            "name", "connection", "server", "key", "page", "clock", "packets", "found",
        ]  # fmt: skip
        assert steps[2]["text"] == "office, lanchatd 0.1.0"
        assert steps[3]["text"].startswith(key)
        code, steps = asks(server, tmp_path, state(tmp_path))
        assert (code, {step["verdict"] for step in steps} - {"note"}) == (0, {"ok"})
        assert [step["step"] for step in steps] == [
            "running", "state", "disk", "open files", "clock", "ports", "addresses", "chat", "tls", "page",
            "irc", "firewall", "found",
        ]  # fmt: skip


def test_without_ipv4_it_is_reached_by_the_link(tmp_path: Path) -> None:
    """With the interface behind the address."""
    with network(2, ipv4=False) as (server, client), running(server, tmp_path) as chat:
        ready(chat)
        told = json.loads(server.runs("ip", "-j", "-6", "address", "show", "dev", "eth0"))
        address = next(one["local"] for link in told for one in link.get("addr_info", []))
        code, steps = asks(client, tmp_path, f"{address}%eth0")
        assert (code, steps[-1]["step"], steps[-1]["verdict"]) == (0, "found", "ok")


def test_filtered_multicast_is_said_on_both_sides(tmp_path: Path) -> None:
    """Joining by the address works all the same, so it comes last."""
    with network(2) as (server, client), running(server, tmp_path) as chat:
        ready(chat)
        client.filters("udp dport 5353 drop")
        step, text = fails(client, tmp_path, server.ipv4)
        assert step == "found"
        assert "multicast is filtered" in text
        server.filters("udp dport 5353 drop")
        step, text = fails(server, tmp_path, state(tmp_path))
        assert step == "found"
        assert "UDP port 5353 is filtered" in text


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (
            "tcp dport 8000 drop",
            "The machine 198.18.0.1 is there, but port 8000 stays silent: a firewall drops",
        ),
        ("tcp dport 8000 reject with tcp reset", "198.18.0.1 refuses port 8000: nothing listens there, or"),
        (
            "policy drop; iif lo accept; tcp dport 22 accept; udp dport 5353 accept",
            "The machine 198.18.0.1 is",
        ),
    ],
)
def test_a_filtered_port_is_said_on_both_sides(tmp_path: Path, rule: str, text: str) -> None:
    """From outside it is seen that there is a firewall, and inside which."""
    with network(2) as (server, client), running(server, tmp_path) as chat:
        ready(chat)
        server.filters(rule)
        step, said = fails(client, tmp_path, server.ipv4)
        assert (step, said[: len(text)]) == ("connection", text)
        assert fails(server, tmp_path, state(tmp_path)) == (
            "firewall", "nftables lets nobody from 198.18.0.0/24 come to port 8000.",
        )  # fmt: skip


def test_a_network_that_keeps_its_members_apart_is_said(tmp_path: Path) -> None:
    """While others answer, as the router does."""
    with network(3) as (server, client, router), running(server, tmp_path) as chat:
        ready(chat)
        for machine in (server, client):
            machine.isolate()
        client.runs(sys.executable, "-c", f"import socket; socket.socket().connect_ex(('{router.ipv4}', 9))")
        step, text = fails(client, tmp_path, server.ipv4)
        assert step == "connection"
        assert "in this network, though others answer" in text
        assert "client isolation" in text


def test_another_network_is_said(tmp_path: Path) -> None:
    """At once."""
    with network(1) as (client,):
        step, text = fails(client, tmp_path, "198.51.100.1")
        assert (step, text) == (
            "connection", "From here no way leads to 198.51.100.1: it is in another network.",
        )  # fmt: skip


def test_large_packets_that_are_lost_are_said(tmp_path: Path) -> None:
    """Nobody tells the ends that the way is narrow, as a tunnel does whose answers are filtered."""
    with network(2) as (server, client), running(server, tmp_path) as chat:
        ready(chat)
        for machine in (server, client):
            machine.is_narrow(1_000)
        step, text = fails(client, tmp_path, server.ipv4)
        assert (step, text) == ("packets", "Small packets come through, large ones are lost.")
