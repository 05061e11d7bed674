"""What one connection still has to be sent, and the shortest way there.

While nothing waits, encoded lines go straight to the socket: a send by the transport would cost two more
calls of epoll and a trip through the reactor for each member. What the socket does not take goes to the
transport, with the outbox registered as its pull producer: it is called exactly when the transport has
drained. Then direct messages go first, and after them the owner gives the next chunk.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import termios
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.interfaces import IPullProducer, IPushProducer, ISSLTransport
from zope.interface import implementer

from lanchatd.clock import Call, Clock
from lanchatd.limits import Limits

# Where in Linux's `struct tcp_info` is how many bytes the peer has acknowledged (include/uapi/linux/tcp.h).
_ACKNOWLEDGED = 120

# How often in a stall time-out it is looked whether the socket took something: closes 5 s late at the most.
_LOOKS = 12


class Transport(Protocol):
    """What is asked of a transport: Twisted's TCP, UNIX and TLS ones all have it."""

    def write(self, data: bytes) -> None: ...
    def registerProducer(self, producer: object, streaming: bool) -> None: ...
    def unregisterProducer(self) -> None: ...
    def pauseProducing(self) -> None: ...
    def resumeProducing(self) -> None: ...
    def loseConnection(self) -> None: ...
    def loseWriteConnection(self) -> None: ...
    def abortConnection(self) -> None: ...
    def getHandle(self) -> Any: ...
    def fileno(self) -> int: ...
    def getHost(self) -> Any: ...


class Owner(Protocol):
    """Whose outbox it is."""

    def drained(self) -> None:
        """Everything was taken, nothing waits."""
        ...

    def fell_behind(self) -> None:
        """A direct message was not taken whole; from now on something waits."""
        ...

    def stalled(self) -> None:
        """The socket took nothing for the stall time-out."""
        ...

    def overflowed(self) -> None:
        """More direct messages wait than the limit allows; the last one was not kept."""
        ...


class _Nobody:
    """The owner of one that is closed."""

    def drained(self) -> None: ...

    fell_behind = stalled = overflowed = drained


_NOBODY = _Nobody()


def _to_nobody(encoded: bytes) -> int:
    raise BrokenPipeError


@implementer(IPullProducer)
class Outbox:
    """The outbox of a transport whose socket can be sent to, TCP or UNIX.

    Implements `lanchatd.chat.connection.Outbox`.
    """

    buffered = False
    """Whether something may be on its way when nothing is known to wait."""

    def __init__(self, transport: Transport, clock: Clock, limits: Limits, owner: Owner) -> None:
        self.owner = owner
        self.waiting = False
        self.direct_bytes = 0
        self._transport = transport
        self._clock = clock
        self._limits = limits
        self._direct: list[bytes] = []  # an empty deque has 700 bytes
        self._registering = False
        self._lost = False
        self._drains = 0
        self._watch: Call | None = None
        self._progress: tuple[int, int] = (0, 0)
        self._progress_at = 0.0
        self.send: Callable[[bytes], int] = self._straight()

    def give(self, encoded: bytes) -> bool:
        """Send, while nothing is waiting. Returns whether all of it was taken."""
        try:
            taken = self.send(encoded) if encoded else 0
        except OSError:  # BlockingIOError, or the connection is gone and the transport is about to tell
            taken = 0
        if taken == len(encoded):
            return True
        self.wait(encoded[taken:])
        return False

    def wait(self, rest: bytes) -> None:
        """Leave the rest to the transport, and be called when it has drained."""
        self.waiting = True
        self._write(rest)
        self._keep_watch()

    def tell(self, encoded: bytes) -> None:
        """Send a direct message, after those that wait already; nothing once our side is closed."""
        if self._lost:
            return
        if not self.waiting:
            if not self.give(encoded):
                self.owner.fell_behind()
        elif self.direct_bytes + len(encoded) > self._limits.direct_bytes:
            self.owner.overflowed()
        else:
            self._direct.append(encoded)
            self.direct_bytes += len(encoded)

    def drop(self) -> None:
        """Forget the direct messages that wait: the next thing told is the last."""
        self._direct.clear()
        self.direct_bytes = 0

    def close(self) -> None:
        """The connection is gone."""
        self.drop()
        self._lost = True
        # The owner holds it, and `send` may be a method of its own: it would be held until Python looks for
        # circles.
        self.owner = _NOBODY
        self.send = _to_nobody
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def lose(self) -> None:
        """Close our side, now that nothing waits. The owner waits for the peer to close the other side:

        closing both with something unread in the kernel would reset the connection, and the peer might lose
        the last line.
        """
        self._lost = True
        self._transport.loseWriteConnection()

    def end(self) -> None:
        """Close both sides: by force if something waits, as it would wait for ever."""
        if self.waiting:
            self._transport.abortConnection()
        else:
            self._transport.loseConnection()

    def resumeProducing(self) -> None:
        """The transport has drained."""
        if not self._registering:  # it asks at once on registering, when the rest is still to be sent
            self._transport.unregisterProducer()
            self._drained()

    def stopProducing(self) -> None:
        """The transport is closed; its protocol hears of that by itself."""

    def _drained(self) -> None:
        self._drains += 1
        self.waiting = False
        while self._direct and not self.waiting:
            size = count = 0
            while count < len(self._direct) and size < self._limits.chunk_bytes:
                size += len(self._direct[count])
                count += 1
            chunk = b"".join(self._direct[:count])
            del self._direct[:count]
            self.direct_bytes -= size
            self.give(chunk)
        if not self.waiting:
            self.owner.drained()

    # -- the transport

    def _straight(self) -> Callable[[bytes], int]:
        send: Callable[[bytes], int] = self._transport.getHandle().send
        return send

    def _write(self, rest: bytes) -> None:
        self._transport.write(rest)
        self._registering = True
        self._transport.registerProducer(self, False)
        self._registering = False

    # -- the stall time-out

    def _keep_watch(self) -> None:
        # One look is scheduled at a time, and a member that soon catches up does not cancel it: most that
        # fall behind do so again.
        if self._watch is None:
            self._progress = self._taken()
            self._progress_at = self._clock.seconds()
            self._watch = self._clock.callLater(self._limits.stall_timeout_s / _LOOKS, self._look)

    def _look(self) -> None:
        self._watch = None
        if not self._is_stuck():
            return
        progress, now = self._taken(), self._clock.seconds()
        if progress != self._progress:
            self._progress, self._progress_at = progress, now
        if now - self._progress_at >= self._limits.stall_timeout_s:
            self.owner.stalled()
        else:
            self._watch = self._clock.callLater(self._limits.stall_timeout_s / _LOOKS, self._look)

    def _is_stuck(self) -> bool:
        """Whether something is on its way that the socket has not taken."""
        return self.waiting

    def _taken(self) -> tuple[int, int]:
        """Something that changes whenever the socket took bytes of us, or the peer of the socket."""
        return self._drains, _progress(self._transport)


@implementer(IPushProducer)
class BufferedOutbox(Outbox):
    """The outbox of a transport that has to encrypt: everything goes through its buffer.

    That buffer is what bounds it: once it says that it is full (`pauseProducing`), the member is lagging.
    """

    buffered = True

    def __init__(self, transport: Transport, clock: Clock, limits: Limits, owner: Owner) -> None:
        super().__init__(transport, clock, limits, owner)
        self._full = False
        transport.registerProducer(self, True)

    def close(self) -> None:
        super().close()
        self._transport.unregisterProducer()  # the two hold each other

    def lose(self) -> None:
        """Close. A TLS transport never does while a producer is registered."""
        self._lost = True
        self._transport.unregisterProducer()
        self._transport.loseConnection()

    def end(self) -> None:
        """Close by force: losing has been tried, and TLS waits for its peer to agree."""
        self._transport.abortConnection()

    def pauseProducing(self) -> None:
        """The transport's buffer is full, perhaps only of what TLS answers by itself."""
        self._full = True
        self._keep_watch()

    def resumeProducing(self) -> None:
        """The transport has drained."""
        self._full = False
        if self.waiting:
            self._drained()

    def _is_stuck(self) -> bool:
        return self.waiting or self._full

    def _straight(self) -> Callable[[bytes], int]:
        return self._buffered

    def _buffered(self, encoded: bytes) -> int:
        if self._full:
            return 0
        self._transport.write(encoded)
        return len(encoded)

    def _write(self, rest: bytes) -> None:
        self._transport.write(rest)


def outbox_for(transport: Transport, clock: Clock, limits: Limits, owner: Owner) -> Outbox:
    """The outbox that suits a transport."""
    kind = BufferedOutbox if ISSLTransport.providedBy(transport) else Outbox
    return kind(transport, clock, limits, owner)


def _progress(transport: Transport) -> int:
    """A number that changes when the peer takes something of what the kernel holds for it.

    What it has acknowledged so far (Linux: `tcpi_bytes_acked`). What is still unsent would not do: whenever
    that goes down the transport fills it up again.
    """
    try:
        with socket.socket(fileno=os.dup(transport.fileno())) as same:
            if same.family == socket.AF_UNIX:
                return int(struct.unpack("i", fcntl.ioctl(same, termios.TIOCOUTQ, bytes(4)))[0])
            information = same.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _ACKNOWLEDGED + 8)
        return int(struct.unpack_from("=Q", information, _ACKNOWLEDGED)[0])
    except (OSError, AttributeError, struct.error):  # not on Linux: then only a drained chunk counts as taken
        return 0
