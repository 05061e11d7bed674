"""The server's bytes to lines."""

from __future__ import annotations

from typing import Any, Protocol

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, connectionDone
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

# What a line of the server may have, in bytes: a hundred of the longest members are under 40 KiB.
LONGEST_LINE = 1 << 20


class Owner(Protocol):
    """Whose connection it is."""

    def made(self, protocol: ServerLines) -> None:
        """There is a connection."""
        ...

    def line_came(self, protocol: ServerLines, line: bytes) -> None:
        """The server sent a line."""
        ...

    def lines_came(self) -> None:
        """That was all for now."""
        ...

    def gone(self, protocol: ServerLines, reason: Failure) -> None:
        """There is no connection any more."""
        ...


class ServerLines(LineReceiver):
    """Bytes to lines. A line that is too long is thrown away as it comes, and those behind it are not."""

    delimiter = b"\n"
    MAX_LENGTH = LONGEST_LINE

    def __init__(self, owner: Owner) -> None:
        self.transport: Any
        self._owner = owner
        self._behind: bytes | None = None

    def connectionMade(self) -> None:
        self._owner.made(self)

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)  # type: ignore[no-untyped-call]
        while self._behind is not None:
            # LineReceiver stops after a line too long, with whole lines behind it.
            rest, self._behind = self._behind, None
            self.setLineMode()  # type: ignore[no-untyped-call]
            super().dataReceived(rest)  # type: ignore[no-untyped-call]
        self._owner.lines_came()

    def lineReceived(self, line: bytes) -> None:
        self._owner.line_came(self, line.removesuffix(b"\r"))

    def lineLengthExceeded(self, line: bytes) -> None:
        self.setRawMode()  # type: ignore[no-untyped-call]
        self.rawDataReceived(line)

    def rawDataReceived(self, data: bytes) -> None:
        _, newline, rest = data.partition(b"\n")
        if newline:
            self._behind = rest

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._owner.gone(self, reason)


class ServerLinesFactory(Factory):
    """Makes them, all for one owner."""

    noisy = False

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    def buildProtocol(self, addr: IAddress | None) -> ServerLines:
        return ServerLines(self._owner)
