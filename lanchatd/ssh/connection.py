"""What those who speak on a connection ask of it: the login, the channels, and the sessions."""

from __future__ import annotations

from typing import Protocol

from lanchatd.clock import Clock
from lanchatd.ssh.application import Identity


class Connection(Protocol):
    """One connection, which is a `lanchatd.ssh.transport.Transport`. ``peer`` is shown for who it is with."""

    peer: str
    address: str
    identity: Identity | None
    """Who has logged in."""
    full: bool
    """Whether the peer takes no more bytes for now."""

    @property
    def clock(self) -> Clock:
        """Tells the time."""
        ...

    @property
    def can_send(self) -> bool:
        """Whether more of a session's output can go on its way."""
        ...

    def sendPacket(self, messageType: int, payload: bytes) -> None:  # noqa: N802, N803
        """Send one packet, as Conch calls it."""
        ...

    def end(self, code: int, why: str) -> None:
        """Disconnect with a code of RFC 4253, 11.1 and a sentence."""
        ...
