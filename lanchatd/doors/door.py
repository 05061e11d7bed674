"""A door: a row with the first bytes of a connection, and who takes over then."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Protocol

from twisted.python.failure import Failure

from lanchatd.chat.events import Item
from lanchatd.chat.peer import Peer
from lanchatd.doors.connections import Connections
from lanchatd.net.allowances import Allowance
from lanchatd.net.outbox import Outbox
from lanchatd.text.refused import Refused


class Inner(Protocol):
    """Who speaks on a connection, when its first bytes have said for whom it is."""

    wants_nick: bool
    """Whether it has no nick yet, and is to give one: it waits at the entrance."""

    @property
    def awaits_turn(self) -> bool:
        """Whether the first that came waits for others to have their turn."""
        ...

    def makeConnection(self, transport: Any) -> None: ...  # noqa: N802
    def dataReceived(self, data: bytes) -> None: ...
    def readConnectionLost(self) -> None: ...
    def connectionLost(self, reason: Failure) -> None: ...

    def close(self, code: str, last: Item | None, to_room: str, within_s: float) -> None:
        """End it: a code for the daemon's log, and what the peer and the others in its rooms are told."""
        ...


class Opening(Protocol):
    """A connection whose first bytes have come, as a door is given it."""

    connections: Connections
    peer: Peer
    outbox: Outbox
    begin: bytes
    allowance: Allowance
    nick_by: float
    """When the time to give a nick is over, by the daemon's clock."""

    @property
    def whose(self) -> Hashable:
        """What it shares the reactor's time by (`lanchatd.net.turn_time`)."""
        ...

    @property
    def port(self) -> int | str:
        """Which was connected to; empty for a UNIX socket."""
        ...

    def greet(self) -> None:
        """Tell a person where they are, once."""
        ...

    def start_tls(self) -> None:
        """What comes is encrypted, and the choice is made again inside."""
        ...

    def leave_entrance(self) -> None:
        """There is a nick, or there will be none."""
        ...

    def await_nick(self) -> None:
        """There is none yet, and the time for it begins."""
        ...

    def take_over(self, inner: Inner, begin: bytes) -> None:
        """What comes is for this one from now on, and what came was."""
        ...


@dataclass(frozen=True, slots=True)
class Door:
    """A way in: what a connection begins with, and who takes over; None if it has to choose again.

    ``open_plain`` is who takes over where everybody has to encrypt and this one does not. ``turn_away`` is
    given what came so far, why it may not come in, and whether it is late; it makes what is told, or None
    while more has to come, and it is not late. Without one a line of text is told.
    """

    name: str
    first_bytes: tuple[bytes, ...]
    open: Callable[[Opening], Inner | None]
    open_plain: Callable[[Opening], Inner | None]
    turn_away: Callable[[bytes, Refused, bool], bytes | None] | None = None


class Doors:
    """All ways in. What begins like none of the rows is for the last one."""

    def __init__(self, *rows: Door) -> None:
        self._rows = rows
        # By the first byte: whoever comes is looked up here.
        self._known: dict[bytes, list[tuple[bytes, Door | None]]] = {BOM_UTF8[:1]: [(BOM_UTF8, None)]}
        for door in rows:
            for first in door.first_bytes:
                self._known.setdefault(first[:1], []).append((first, door))

    @property
    def other(self) -> Door:
        """For whoever says nothing, or nothing that another row knows."""
        return self._rows[-1]

    def door_for(self, begin: bytes) -> Door | None:
        """Whose connection begins like this; None while more bytes have to tell."""
        undecided = not begin
        for first, door in self._known.get(begin[:1], ()):
            if door is not None and begin.startswith(first):
                return door
            undecided |= first.startswith(begin)
        return None if undecided else self.other
