"""A member: a joined connection, and its place in the log of its room."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol
from weakref import ReferenceType

from lanchatd.chat.events import Here, Item
from lanchatd.chat.format import Format
from lanchatd.chat.ignored import Ignored
from lanchatd.chat.peer import Peer
from lanchatd.text.names import Name

if TYPE_CHECKING:
    from lanchatd.chat.readers import Readers


# Characters of an away text in a list: one of 100 members stays under 64 KiB with the longest.
AWAY_SHOWN = 80


class Outbox(Protocol):
    """What one member still has to be sent. The rules give it bytes; it knows the socket."""

    @property
    def send(self) -> Callable[[bytes], int]:
        """Hand encoded lines straight to the socket and return how many bytes it took.

        Only while nothing is waiting. Raises OSError when it took nothing (BlockingIOError) or never will.
        """
        ...

    @property
    def waiting(self) -> bool:
        """Whether something has not been taken yet; when it has, the readers' `catch_up` is called."""
        ...

    def give(self, encoded: bytes) -> bool:
        """Send the next chunk, while nothing is waiting. Returns whether all of it was taken."""
        ...

    def wait(self, rest: bytes) -> None:
        """Keep what `send` did not take, and wait until the socket takes more."""
        ...

    def tell(self, encoded: bytes) -> None:
        """Send a direct message, in its order among those."""
        ...


class Connection(Protocol):
    """What the rules ask of a member's connection."""

    def quit(self, to_room: str) -> None:
        """It has said all it will: close it when that has been told, and tell the room this."""
        ...

    def answered(self) -> None:
        """What it asked the log was answered: it may ask more."""
        ...

    def dismiss(self, code: str, to_member: str, to_room: str) -> None:
        """Close it now: a code for the daemon's log, what the member and what the room is told."""
        ...


class Member:
    """Who is here: the nick, the room, the cursor, and what belongs to the connection and goes with it.

    ``cursor`` is the id of the last event it was given; while it is ``live`` that is the room's newest one
    and the field is not kept up. Times are seconds of the daemon's monotonic clock.
    """

    # Slots: ten thousand of them shall be small.
    __slots__ = (
        "__weakref__", "asking", "away", "connection", "cursor", "entered_at_id", "format", "found",
        "gap_told", "ignored", "lines_said", "live", "muted_as", "name", "operator", "outbox", "peer",
        "presence_seen", "readers", "reading", "reply_to", "room_key", "since", "spoke_at", "when_live",
    )  # fmt: skip

    def __init__(
        self,
        name: Name,
        form: Format,
        outbox: Outbox,
        connection: Connection,
        peer: Peer,
        now: float,
    ) -> None:
        self.name = name
        self.format = form
        self.outbox = outbox
        self.connection = connection
        self.peer = peer
        self.since = now
        self.spoke_at = now
        self.lines_said = 0
        self.operator = False
        self.away: str | None = None
        # Who wrote last, and not the nick, which somebody else may take; weakly, as it may be gone.
        self.reply_to: ReferenceType[Member] | None = None
        self.muted_as: str | None = None
        # A question whose answer is on its way: it is asked nothing more until then.
        self.asking = False
        # What it searched for last, and the place of the last line that it was shown, if there are more.
        self.found: tuple[str, int] | None = None
        self.ignored: Ignored | None = None  # as long as it ignores nobody
        self.room_key = ""
        # Its place in the log of the room; the room's readers alone change what follows.
        self.readers: Readers | None = None
        self.live = False
        self.cursor = 0
        self.reading = False
        self.gap_told = False
        self.entered_at_id = 0
        self.presence_seen = -1
        self.when_live: Callable[[], None] | None = None

    @property
    def nick(self) -> str:
        """The nick as it is shown."""
        return self.name.shown

    @property
    def address(self) -> str | None:
        """The IP address of its connection, None on a UNIX socket."""
        return self.peer.address

    @property
    def here(self) -> Here:
        """How it stands in a list of who is here."""
        away = None if self.away is None else self.away[:AWAY_SHOWN]
        return Here(self.nick, away, self.operator, self.peer.encrypted)

    def tell(self, *items: Item) -> None:
        """Tell it something directly."""
        self.tell_encoded(b"".join(map(self.format.render, items)))

    def tell_encoded(self, encoded: bytes) -> None:
        """Tell it something directly that was rendered already."""
        self.outbox.tell(encoded)

    def ignores(self, item: Item) -> bool:
        """Whether this was said or done by somebody it ignores."""
        return self.ignored is not None and self.ignored.hides(item)

    def ignores_member(self, other: Member) -> bool:
        """Whether it is shown nothing that the other says or sends."""
        return self.ignored is not None and self.ignored.holds(other)
