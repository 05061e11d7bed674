"""How much somebody may send to the console before the login, and how much of it is done at once."""

# Conch is untyped for the most part.
# mypy: allow-untyped-calls

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.conch.ssh.common import NS
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from lanchatd.limits import Limits
from lanchatd.ssh.host_key import host_key
from lanchatd.ssh.packet_limits import MOST_BEFORE_LOGIN_PACKETS, PACKETS_A_TURN
from lanchatd.ssh.server import ConsoleFactory
from tests.daemon import Daemon
from tests.openssh import write_keys
from tests.rogue import rogue
from tests.ssh.test_rogue import BAD, HELLO, packet, says
from tests.ssh_console import console

IGNORE, DEBUG = 2, 4


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A console where nobody is locked out."""
    folder = tmp_path_factory.mktemp("console")
    key = host_key(folder / "alice")
    write_keys(folder / "admin_keys", f"{key.public().toString('openssh').decode()} alice")
    with console(folder, admin_tries=100) as running:
        yield running


@pytest.mark.parametrize("message", [IGNORE, DEBUG, 200])
def test_packets_that_mean_nothing_end_the_connection(own: Daemon, message: int) -> None:
    """More of them than any login needs; encrypted or not."""
    seen = len(own.log)
    with rogue(own.port) as client:
        for _ in range(MOST_BEFORE_LOGIN_PACKETS):
            client.sendPacket(message, b"\0" + NS("") + NS(""))
        assert client.is_told() == BAD
    own.logged("does not speak SSH as it should: too many packets before the login", after=seen)
    if message == IGNORE:
        seen = len(own.log)
        assert BAD.encode() in says(own.port, HELLO, packet(message) * (MOST_BEFORE_LOGIN_PACKETS + 1))
        own.logged("too many packets before the login", after=seen)


def test_bytes_that_mean_nothing_end_the_connection(own: Daemon) -> None:
    """In few packets that are large."""
    seen = len(own.log)
    with rogue(own.port) as client:
        for _ in range(3):
            client.sendPacket(IGNORE, NS(b"\0" * 30_000))
        assert client.is_told() == BAD
    own.logged("too many bytes before the login", after=seen)


def test_keys_are_exchanged_once_before_the_login(own: Daemon) -> None:
    """It costs more than anything else that a stranger can ask for."""
    seen = len(own.log)
    with rogue(own.port) as client:
        client.sendKexInit()
        assert client.is_told() == BAD
    own.logged("another key exchange before the login", after=seen)


def test_who_logs_in_may_send_as_much_as_they_like(own: Daemon, tmp_path: Path) -> None:
    """And may have sent some packets that mean nothing; keys are exchanged again."""
    folder = own.process.args[3]  # type: ignore[index]
    with rogue(own.port) as client:
        for _ in range(3 * PACKETS_A_TURN):
            client.sendPacket(IGNORE, NS(""))
        client.logs_in(host_key(Path(str(folder)) / "alice"))
        for _ in range(2 * MOST_BEFORE_LOGIN_PACKETS):
            client.sendPacket(IGNORE, NS(b"\0" * 1_000))
        client.opens()
        client.waits_for(91)


def test_who_sends_too_much_is_locked_out(tmp_path: Path) -> None:
    """As who tries too many keys is, or it could be done over and over."""
    (tmp_path / "admin_keys").touch(0o600)
    with console(tmp_path, admin_tries=2) as running:
        for _ in range(2):
            assert BAD.encode() in says(running.port, HELLO, packet(IGNORE) * (MOST_BEFORE_LOGIN_PACKETS + 1))
        assert b"Too many failed tries from your address" in says(running.port)


def test_a_turn_takes_some_packets_and_the_rest_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unread, however many came at once; and none is lost."""
    clock = Clock()
    seen: list[bytes] = []
    paused_at: list[int] = []
    factory = ConsoleFactory(clock, Limits(), host_key(tmp_path / "host_key"), {})
    connection = factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 1))
    transport: Any = StringTransport(peerAddress=IPv4Address("TCP", "192.0.2.1", 1))
    connection.makeConnection(transport)
    pause = transport.pauseProducing
    monkeypatch.setattr(connection, "ssh_DEBUG", seen.append)

    def spy() -> None:
        paused_at.append(len(seen))
        pause()

    monkeypatch.setattr(transport, "pauseProducing", spy)
    packets = [packet(DEBUG, struct.pack(">L", number)) for number in range(2 * PACKETS_A_TURN + 1)]
    connection.dataReceived(HELLO + b"".join(packets) + packets[0][:5])
    assert (len(seen), transport.producerState) == (PACKETS_A_TURN, "paused")
    clock.advance(0)
    assert paused_at == [PACKETS_A_TURN, 2 * PACKETS_A_TURN]
    assert transport.producerState == "producing"
    connection.dataReceived(packets[0][5:])
    assert [struct.unpack(">L", payload[:4])[0] for payload in seen] == [*range(2 * PACKETS_A_TURN + 1), 0]
    connection.dataReceived(b"".join(packets))
    connection.connectionLost()
    assert not [call for call in clock.getDelayedCalls() if call.getTime() <= clock.seconds()]
