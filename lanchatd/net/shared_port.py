"""One port for several daemons of one machine: the kernel deals out connections to all that listen there."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.defer import Deferred, execute
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from zope.interface import implementer


def shared_socket(interface: str, port: int) -> socket.socket:
    """A socket bound there, beside those that were bound in this way by the same user. Raises OSError."""
    bound = socket.socket(socket.AF_INET6 if ":" in interface else socket.AF_INET)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((interface, port))
    except OSError:
        bound.close()
        raise
    return bound


@implementer(IStreamServerEndpoint)
class SharedPort:
    """An endpoint that listens where others may listen too."""

    def __init__(self, reactor: Any, port: int, backlog: int, interface: str) -> None:
        self._reactor = reactor
        self._port = port
        self._backlog = backlog
        self._interface = interface

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:  # noqa: N803
        return execute(self._listen, protocolFactory)

    def _listen(self, factory: IProtocolFactory) -> IListeningPort:
        with shared_socket(self._interface, self._port) as bound:
            bound.setblocking(False)
            bound.listen(self._backlog)
            port: IListeningPort = self._reactor.adoptStreamPort(bound.fileno(), bound.family, factory)
            return port


class Spokesman:
    """Which of the daemons speaks for all: what they are announced by is one for all of them.

    It is who has a name that the kernel gives to one process of the machine, and takes back at its end.
    """

    def __init__(self) -> None:
        self._named: socket.socket | None = None

    def is_here(self, port: int) -> bool:
        """Whether it is this process; if nobody is, it is from now on."""
        if self._named is None:
            named = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                named.bind(f"\0lanchatd of port {port}")
            except OSError:
                named.close()
                return False
            self._named = named
        return True

    def close(self) -> None:
        """Let another one be it."""
        if self._named is not None:
            self._named.close()
            self._named = None
