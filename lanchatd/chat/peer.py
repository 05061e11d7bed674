"""The other end of a connection."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from lanchatd.chat.accounts.rows import TLS


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection.

    ``shown`` is how the log names it. The IP address is None on a UNIX socket. ``encrypted`` is over TLS.
    ``key`` is the print of a key that the other end has proved to hold, in the handshake of TLS or, as its
    ``key_kind`` says, by what it has signed.
    """

    shown: str
    address: str | None
    encrypted: bool = False
    key: str | None = None
    key_kind: str = TLS

    @property
    def local(self) -> bool:
        """Whether it is on this machine."""
        return self.address is None or ip_address(self.address).is_loopback
