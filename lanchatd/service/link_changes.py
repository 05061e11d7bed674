"""Whether this machine's addresses have changed, as the kernel tells: a cable, a Wi-Fi, a VPN."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from lanchatd.clock import Call

# An interface that comes up tells of itself many times.
DAMPED_S = 1.5

_NETLINK_ROUTE = 0  # netlink(7)
_GROUPS = 0x1 | 0x10 | 0x100  # links, addresses of IPv4 and of IPv6: rtnetlink.h
_MOST_BYTES = 65_536


@implementer(IReadDescriptor)
class LinkChanges:
    """Calls ``changed`` some time after a change, however many there were in it."""

    def __init__(self, reactor: Any, changed: Callable[[], None]) -> None:
        self._reactor = reactor
        self._changed = changed
        self._socket: socket.socket | None = None
        self._call: Call | None = None

    def start(self) -> None:
        """Begin. Raises OSError where the kernel does not tell this process."""
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, _NETLINK_ROUTE
        )
        self._socket.bind((0, _GROUPS))
        self._reactor.addReader(self)

    def stop(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None
        if self._socket is not None:
            self._reactor.removeReader(self)
            self._socket.close()
            self._socket = None

    def doRead(self) -> None:
        """Something has changed; or so much that the kernel could not tell all of it (ENOBUFS)."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.recv(_MOST_BYTES)
        if self._call is None:
            self._call = self._reactor.callLater(DAMPED_S, self._calls)

    def _calls(self) -> None:
        self._call = None
        self._changed()

    def fileno(self) -> int:
        return -1 if self._socket is None else self._socket.fileno()

    def connectionLost(self, reason: Failure) -> None:
        self.stop()

    def logPrefix(self) -> str:
        return "lanchatd"
