"""An SSH client that says whatever a test wants it to: Conch's, over a plain socket."""

# Conch is untyped for the most part, and has names of its own.
# mypy: allow-untyped-calls
# ruff: noqa: N802, N803

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from twisted.conch.ssh.common import NS
from twisted.conch.ssh.keys import Key
from twisted.conch.ssh.transport import MSG_DISCONNECT, SSHClientTransport
from twisted.internet.defer import Deferred, succeed

from tests.daemon import PATIENCE_S


class Rogue(SSHClientTransport):
    """What it is sent is in ``got``: types of messages and what is in them."""

    def __init__(self, peer: socket.socket) -> None:
        self.got: list[tuple[int, bytes]] = []
        self.secure = False
        self.closed = False
        self._peer = peer
        host, port = peer.getsockname()
        self.address = f"{host}:{port}"

    # As a transport of itself.

    def write(self, data: bytes) -> None:
        self._peer.sendall(data)

    def loseConnection(self) -> None:
        self.closed = True

    # As Conch calls it.

    def verifyHostKey(self, hostKey: bytes, fingerprint: bytes) -> Deferred[int]:
        return succeed(1)

    def connectionSecure(self) -> None:
        self.secure = True

    def dispatchMessage(self, messageNum: int, payload: bytes) -> None:
        self.got.append((messageNum, payload))
        if 20 <= messageNum < 50:  # the key exchange
            super().dispatchMessage(messageNum, payload)

    # As a test does.

    def waits_for(self, message: int) -> bytes:
        """Read until such a message has come; what is in it."""
        while not (found := [payload for number, payload in self.got if number == message]):
            assert self.reads(), (message, self.got)
        return found[-1]

    def reads(self) -> bool:
        """Read what there is; False at the end."""
        came = self._peer.recv(65_536)
        if came:
            self.dataReceived(came)
        return bool(came)

    def is_told(self) -> str:
        """Read to the end; why it was disconnected, or nothing if it was not told."""
        while self.reads():
            pass
        for number, payload in self.got:
            if number == MSG_DISCONNECT:
                (length,) = struct.unpack(">L", payload[4:8])
                return payload[8 : 8 + length].decode()
        return ""

    def logs_in(self, key: Key, user: str = "admin") -> None:
        """With a key, up to the answer that it has succeeded."""
        self.sendPacket(5, NS("ssh-userauth"))
        self.waits_for(6)
        begin = NS(user) + NS("ssh-connection") + NS("publickey") + b"\1" + NS(key.sshType()) + NS(key.blob())
        self.sendPacket(50, begin + NS(key.sign(NS(self.sessionID or b"") + b"\x32" + begin)))
        self.waits_for(52)

    def logs_in_vainly(self) -> None:
        """One try, up to the answer or the end of the connection."""
        if not any(number == 6 for number, _ in self.got):
            self.sendPacket(5, NS("ssh-userauth"))
            self.waits_for(6)
        self.got = [(number, payload) for number, payload in self.got if number == 6]
        self.sendPacket(50, NS("admin") + NS("ssh-connection") + NS("password") + b"\0" + NS("admin"))
        while not any(number in (1, 51) for number, _ in self.got):
            assert self.reads(), self.got

    def opens(self, window: int = 1_000_000, largest: int = 32_768) -> None:
        """Open a session; its number is 0 at both ends, for the first one."""
        self.sendPacket(90, NS("session") + struct.pack(">3L", 0, window, largest))

    def asks(self, kind: str, rest: bytes = b"", answer: bool = True) -> None:
        """Make a request about session 0."""
        self.sendPacket(98, struct.pack(">L", 0) + NS(kind) + bytes([answer]) + rest)


@contextmanager
def rogue(port: int, secure: bool = True) -> Iterator[Rogue]:
    """Connect; unless it is not to be, up to where everything is encrypted."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as peer:
        client = Rogue(peer)
        client.transport = client  # type: ignore[assignment]
        client.connectionMade()
        while secure and not client.secure:
            assert client.reads()
        yield client
