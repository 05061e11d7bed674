"""TLS over a TCP connection that is there already, with the same short way as without it.

Twisted's own way (`startTLS`) leaves what is encrypted to the transport: two calls of epoll, a timer and a
trip through the reactor for each member and line. Here it goes straight to the socket, and to the transport
only what the socket did not take.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IProtocol, IPullProducer, ITCPTransport
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.components import proxyForInterface
from zope.interface import implementer

# What browsers and their like offer to speak inside, and are given (RFC 7301, 6).
ALPN_HTTP = b"http/1.1"


def encrypt(transport: Any, protocol: IProtocol, factory: TLSMemoryBIOFactory) -> TLSMemoryBIOProtocol:
    """Speak TLS, as a server, from the next byte on. Returns the transport of the protocol from then on.

    The protocol is connected, and nothing that was written to its transport waits there. What it had received
    already is to be given to `dataReceived` of what is returned.
    """
    tls = TLSMemoryBIOProtocol(factory, protocol, False)
    transport.protocol = tls
    tls.makeConnection(_SocketFirst(transport))
    return tls


@implementer(IPullProducer)
class _Drain:
    """Is called when a transport has drained."""

    def __init__(self, transport: Any, drained: Callable[[], None]) -> None:
        self._transport = transport
        self._drained = drained
        self._registering = True
        transport.registerProducer(self, False)
        self._registering = False

    def resumeProducing(self) -> None:
        if not self._registering:  # it asks at once on registering, when everything is still to be sent
            self._transport.unregisterProducer()
            self._drained()

    def stopProducing(self) -> None:
        """The transport is closed; whoever writes to it hears of that by itself."""


class _SocketFirst(proxyForInterface(ITCPTransport, "_transport")):  # type: ignore[misc]
    """The transport below TLS. Its producer is paused when the socket did not take everything."""

    def __init__(self, transport: Any) -> None:
        super().__init__(transport)
        self._send: Callable[[bytes], int] = transport.getHandle().send
        self._producer: Any = None
        self._waiting = False

    def write(self, encrypted: bytes) -> None:
        if self._waiting:
            self._transport.write(encrypted)
            return
        try:
            taken = self._send(encrypted)
        except OSError:  # BlockingIOError, or the connection is gone and the transport is about to tell
            taken = 0
        if taken != len(encrypted):
            self._waiting = True
            self._transport.write(encrypted[taken:])
            _Drain(self._transport, self._drained)
            if self._producer is not None:
                self._producer.pauseProducing()

    def writeSequence(self, encrypted: Any) -> None:
        self.write(b"".join(encrypted))

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        self._producer = producer

    def unregisterProducer(self) -> None:
        self._producer = None

    def _drained(self) -> None:
        self._waiting = False
        if self._producer is not None:
            self._producer.resumeProducing()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
