"""The readers of a room's log: a cursor for each session, live or lagging (docs/how-it-works.md).

A live session's cursors are at the ends of their logs, and it is pushed each batch (`lanchatd.chat.fan_out`).
One whose socket does not take it all is lagging from then on, in all its rooms, as it has one socket; how it
catches up is in `lanchatd.chat.catching_up`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any, Protocol

from lanchatd.chat.batch import ToldOtherwise
from lanchatd.chat.connection import Connection, Outbox
from lanchatd.chat.events import Event, Private, Topic
from lanchatd.chat.format import Format
from lanchatd.chat.late_joins import ForSome, LateJoins
from lanchatd.chat.log import Log
from lanchatd.chat.rolls import Reading, Roll
from lanchatd.chat.shared import Shared

# What is shown on joining.
RECENT = 20

# Of so many who came and went last it is known, for who was given less: as many lines in an IRC client.
PRESENCES_KEPT = 100


class Reader(ToldOtherwise, Protocol):
    """What a session is to its rooms: one socket, and a cursor in each.

    It is ``live`` in all of them or in none. While it is lagging, ``reading`` is the cursor whose log is
    being read, if one is.
    """

    outbox: Outbox
    connection: Connection
    cursors: tuple[Cursor, ...]
    live: bool
    reading: Cursor | None
    tell_own: Callable[[Event | Private], bytes] | None
    """What it is told of what it did itself, if that is not what everybody is told."""

    def who(self, readers: Readers) -> bytes:
        """Who is in a room, rendered for it."""
        ...

    def names(self, cursor: Cursor) -> bytes:
        """The next piece of who is in a room."""
        ...

    @property
    def ignores_somebody(self) -> bool:
        """Whether there is anybody whose lines it is not shown."""
        ...

    def catch_up(self) -> None:
        """Nothing waits for it: give it the next chunk, or make it live."""
        ...

    def became_live(self) -> None:
        """It has been given everything."""
        ...


class Cursor:
    """A session's place in the log of one room.

    ``at`` is the id of the last event that it was given, and ``presence_seen`` counts as `Readers.presences`
    does; while the session is live both are the room's, and the fields are not kept up. ``gap_told``: what
    the log lost of the time before ``entered_at`` is known to it, or does not concern it. ``naming`` is how
    far it was told who is here, in a format that tells that in pieces, and ``names_at`` who had come into the
    room then, as `LateJoins.came` counts. ``frame`` is what its door makes of each of these pieces, of which
    it says whether it is the last, if they are the answer to something.
    """

    # Slots: ten thousand of them shall be small.
    __slots__ = (
        "at", "entered_at", "frame", "gap_told", "names_at", "naming", "presence_seen", "reader", "readers",
    )  # fmt: skip

    def __init__(self, reader: Reader, readers: Readers, at: int, gap_told: bool) -> None:
        self.reader = reader
        self.readers = readers
        self.at = at
        self.entered_at = readers.newest
        self.gap_told = gap_told
        self.presence_seen = -1
        self.naming: Naming | None = None
        self.names_at = 0
        self.frame: Callable[[bytes, bool], bytes] | None = None

    def framed(self, encoded: bytes, last: bool) -> bytes:
        """A piece of who is here, as its session is told it."""
        frame = self.frame
        if frame is None:
            return encoded
        if last:
            self.frame = None
        return frame(encoded, last)

    @property
    def left(self) -> int:
        """How many events of the log it has not been given yet."""
        return 0 if self.reader.live else self.readers.newest - self.at

    @property
    def given_until(self) -> int:
        """The id of the last event that it was given."""
        return self.readers.newest - self.left

    @property
    def is_behind(self) -> bool:
        """Whether something was told in the room that its session was not given; it is lagging."""
        return self.at < self.readers.newest or self.presence_seen != self.presences

    @property
    def presences(self) -> int:
        """What `presence_seen` is when it knows all."""
        return self.readers.presences[self.reader.format.like_irc]


class Naming:
    """How far a reader was told who is in a room; ``presences`` is their count when that began."""

    __slots__ = ("presences", "reading")

    def __init__(self, reading: Reading[Any], presences: int) -> None:
        self.reading = reading
        self.presences = presences


class Room(Protocol):
    """Whose readers they are."""

    key: str
    name: str
    members: Roll[Any]

    def who_encoded(self, form: Format) -> bytes:
        """Who is here, rendered."""
        ...

    def names(self, form: Format, reading: Reading[Any]) -> bytes:
        """The next piece of who is here, rendered."""
        ...


class Readers:
    """The readers of one room.

    ``newest`` is the id of the last event that was fanned out; nobody is given one beyond it. ``topic`` is
    that of the room since then. ``presences`` counts what was told beside the log, to others and to IRC
    clients (`Format.like_irc`), so that who missed some of it is told who is here now; ``came_and_went`` are
    the last of these for IRC clients, and which of them know of whom it is about.

    ``pushed`` are the live ones, by what they are rendered for and by the sockets' own send, and
    ``pushed_apart`` those who ignore somebody. ``has_owners``: whether a live one ever was told what it did
    itself otherwise than others; most rooms have none.
    """

    def __init__(self, room: Room, log: Log, around: Shared, topic: Topic) -> None:
        self.key = room.key
        self.room = room.name
        self.who = room.who_encoded
        self.names = room.names
        self.log = log
        self.around = around
        self.newest = log.newest
        self.topic = topic
        self.presences = 0, 0
        self.late_joins = LateJoins()
        self.members = room.members
        self.came_and_went: deque[tuple[Event, ForSome | None]] = deque(maxlen=PRESENCES_KEPT)
        # A Python call for each would cost more than the send itself, and to touch each cursor a thirtieth
        # (measured).
        self.pushed: dict[Format, dict[Callable[[bytes], int], Cursor]] = {}
        self.pushed_apart: set[Cursor] = set()
        self.has_owners = False

    # -- coming and going

    def enter(self, reader: Reader, after: int | None, log: str | None) -> bool:
        """Give a session a cursor: `RECENT` from the end, or ``after`` an id of the log of that name.

        Without a name it is this log. Returns False if it is another one, of which everything is new to it.
        The session is lagging until it has been given that.
        """
        lag(reader)
        known = after is None or (after <= self.newest and log in (None, self.log.name))
        at = max(0, self.newest - RECENT)
        if after is not None:
            at = after if known else 0
        reader.cursors += (Cursor(reader, self, at, gap_told=after is None or not known),)
        return known

    def leave(self, cursor: Cursor) -> None:
        """Give its session nothing more of this room."""
        reader = cursor.reader
        if reader.live:
            self.no_longer_live(cursor)
        if reader.reading is cursor:
            reader.reading = None
        reader.cursors = tuple(other for other in reader.cursors if other is not cursor)
        if cursor.frame is not None:
            reader.outbox.tell(cursor.framed(b"", True))

    # -- who came and went

    def came_and_went_after(self, cursor: Cursor, presences: int) -> list[Event] | None:
        """What an IRC client was not told of who is here, after so many of these; None if it is forgotten."""
        missing = self.presences[True] - presences
        kept = self.came_and_went
        if missing > len(kept):
            return None
        return [
            event
            for event, some in islice(kept, len(kept) - missing, None)
            if (some is None or (some.came <= cursor.names_at) is some.knowing)
            and (event.told is None or cursor.reader not in event.told)
        ]

    def begin_naming(self) -> Naming:
        """Somebody is to be told who is here, in pieces."""
        return Naming(Reading(self.members), self.presences[True])

    # -- live and lagging, as the session says

    def live(self, cursor: Cursor) -> None:
        """It is at the end, and is pushed what comes."""
        cursor.gap_told = False
        reader = cursor.reader
        if reader.tell_own is not None:
            self.has_owners = True
        if reader.ignores_somebody:
            self.pushed_apart.add(cursor)
        else:
            self.put_in(cursor)

    def put_in(self, cursor: Cursor) -> None:
        """It is pushed what others are."""
        reader = cursor.reader
        self.pushed.setdefault(reader.format, {})[reader.outbox.send] = cursor

    def no_longer_live(self, cursor: Cursor) -> None:
        """From here on it pulls."""
        cursor.at = self.newest
        cursor.presence_seen = cursor.presences
        self.pushed_apart.discard(cursor)
        self.take_out(cursor)

    def take_out(self, cursor: Cursor) -> None:
        """It is not, until it is put in again."""
        reader = cursor.reader
        self.pushed.get(reader.format, {}).pop(reader.outbox.send, None)


def lag(reader: Reader) -> None:
    """Its socket takes no more, or it is to read something first: it lags, from the ends of its logs."""
    if reader.live:
        for cursor in reader.cursors:
            cursor.readers.no_longer_live(cursor)
        reader.live = False


def make_live(reader: Reader) -> None:
    """It has been given everything in all its rooms."""
    reader.live = True
    for cursor in reader.cursors:
        cursor.readers.live(cursor)
    reader.became_live()
