"""The readers of a room's log: a cursor for each session, live or lagging (docs/how-it-works.md).

A live session's cursors are at the ends of their logs, and it is pushed every batch: rendered once a format,
and the same bytes given to each in one send. One whose socket does not take them all is lagging from then on,
in all its rooms, as it has one socket; how it catches up is in `lanchatd.chat.replay`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from lanchatd.chat.connection import Connection, Outbox
from lanchatd.chat.events import TALK, Item, Moment, Presence
from lanchatd.chat.format import Format
from lanchatd.chat.log import Log
from lanchatd.chat.rolls import Reading, Roll
from lanchatd.chat.shared import Shared

# What is shown on joining.
RECENT = 20

# Of so many who came and went last it is known, for who was given less: as many lines in an IRC client.
PRESENCES_KEPT = 100


class Reader(Protocol):
    """What a session is to its rooms: one socket, and a cursor in each.

    It is ``live`` in all of them or in none. While it is lagging, ``reading`` is the cursor whose log is
    being read, if one is.
    """

    format: Format
    outbox: Outbox
    connection: Connection
    cursors: tuple[Cursor, ...]
    live: bool
    reading: Cursor | None

    def own(self, moment: Moment) -> bytes | None:
        """What it is told of what it did itself; None if it did not, or is told it as everybody is."""
        ...

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

    def ignores(self, item: Item) -> bool:
        """Whether it is not shown this."""
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
    far it was told who is here, in a format that tells that in pieces.
    """

    # Slots: ten thousand of them shall be small.
    __slots__ = ("at", "entered_at", "gap_told", "naming", "presence_seen", "reader", "readers")

    def __init__(self, reader: Reader, readers: Readers, at: int, gap_told: bool) -> None:
        self.reader = reader
        self.readers = readers
        self.at = at
        self.entered_at = readers.newest
        self.gap_told = gap_told
        self.presence_seen = -1
        self.naming: Naming | None = None

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
        return self.at < self.readers.newest or self.presence_seen != self.readers.presences


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

    ``newest`` is the id of the last event that was fanned out; nobody is given one beyond it. ``presences``
    counts what was told beside the log, so that who missed some of it is told who is here now.
    """

    def __init__(self, room: Room, log: Log, around: Shared) -> None:
        self.key = room.key
        self.room = room.name
        self.who = room.who_encoded
        self.names = room.names
        self.log = log
        self.around = around
        self.newest = log.newest
        self.presences = 0
        self._members = room.members
        self._came_and_went: list[Moment] = []  # the last of them, of so many nicks together:
        self._nicks_kept = 0
        # The live ones, by what they are rendered for, and by the sockets' own send: a Python call for each
        # would cost more than the send itself, and to touch each cursor a thirtieth (measured).
        self._live: dict[Format, dict[Callable[[bytes], int], Cursor]] = {}
        self._live_ignoring: set[Cursor] = set()

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

    # -- fan-out

    def fan_out(self, moments: Sequence[Moment]) -> None:
        """Push a batch to all that are live; its talk is in the log."""
        before, presences = self.newest, self.presences
        for moment in moments:
            if moment.kind in TALK:
                self.newest = moment.id
            else:
                self._keep(moment)
        apart = self._apart(moments)
        for cursor in apart:
            self._take_out(cursor)
        rendered: dict[Format, list[bytes]] = {}
        for form, cursors in self._live.items():
            if not cursors:
                continue
            pieces = rendered[form] = [form.render(moment) for moment in moments]
            encoded = b"".join(pieces)
            size = len(encoded)
            if not size:
                continue
            behind: list[tuple[Callable[[bytes], int], int]] = []
            for send in cursors:
                try:
                    taken = send(encoded)
                except OSError:
                    # BlockingIOError, or the connection is gone, which its transport is about to tell.
                    taken = 0
                if taken != size:
                    behind.append((send, taken))
            for send, taken in behind:
                self._fell_behind(cursors[send], before, presences, moments, pieces, taken)
        for cursor in self._live_ignoring:
            apart.setdefault(cursor, frozenset())
        for cursor, hidden in apart.items():
            form = cursor.reader.format
            if form not in rendered:
                rendered[form] = [form.render(moment) for moment in moments]
            pieces = [
                b"" if at in hidden else rendered_for(cursor.reader, moment, rendered[form][at])
                for at, moment in enumerate(moments)
            ]
            self._fan_out_to(cursor, moments, pieces, before, presences)
            if cursor.reader.live:
                self._put_in(cursor)

    def _keep(self, moment: Moment) -> None:
        self.presences += 1
        if moment.told is not None:  # it holds all who were told, and is no longer asked
            moment = replace(moment, told=None)
        self._came_and_went.append(moment)
        self._nicks_kept += _nicks_in(moment)
        while self._nicks_kept > PRESENCES_KEPT:
            self._nicks_kept -= _nicks_in(self._came_and_went.pop(0))

    def came_and_went_after(self, presences: int) -> list[Moment] | None:
        """What was told of who is here after so many of these; None if it is not known any more."""
        missing = self.presences - presences
        kept = self._came_and_went
        return kept[len(kept) - missing :] if missing <= len(kept) else None

    def begin_naming(self) -> Naming:
        """Somebody is to be told who is here, in pieces."""
        return Naming(Reading(self._members), self.presences)

    def _apart(self, moments: Sequence[Moment]) -> dict[Cursor, frozenset[int]]:
        """The live ones that are told some of these otherwise than all others; which are hidden from each."""
        apart: dict[Cursor, frozenset[int]] = {}
        for at, moment in enumerate(moments):
            for origin in moment.origins:
                reader: Reader | None = origin()
                if reader is not None and reader.live and reader.own(moment) is not None:
                    own = (cursor for cursor in reader.cursors if cursor.readers is self)
                    apart.update((cursor, apart.get(cursor, frozenset())) for cursor in own)
            if moment.told is None:
                continue
            for form, cursors in self._live.items():
                for cursor in cursors.values() if form.like_irc else ():
                    if cursor.reader in moment.told:
                        apart[cursor] = apart.get(cursor, frozenset()) | {at}
                    moment.told.add(cursor.reader)
        return apart

    def _fan_out_to(
        self, cursor: Cursor, moments: Sequence[Moment], pieces: list[bytes], before: int, presences: int
    ) -> None:
        reader = cursor.reader
        encoded = b"".join(pieces)
        if not encoded:
            return
        try:
            taken = reader.outbox.send(encoded)
        except OSError:
            taken = 0
        if taken != len(encoded):
            self._fell_behind(cursor, before, presences, moments, pieces, taken)

    def _fell_behind(
        self,
        cursor: Cursor,
        before: int,
        presences: int,
        moments: Sequence[Moment],
        pieces: list[bytes],
        taken: int,
    ) -> None:
        """The socket took only so many bytes of the batch: finish the line that it broke off in, then pull.

        If it broke off between two lines, the next one waits: something must, to hear of a ready socket.
        """
        lag(cursor.reader)
        cursor.at = before
        cursor.presence_seen = presences
        end = 0
        for moment, piece in zip(moments, pieces, strict=True):
            if end > taken:
                break
            end += len(piece)
            cursor.at = moment.id or cursor.at
        cursor.reader.outbox.wait(b"".join(pieces)[taken:end])

    # -- live and lagging, as the session says

    def live(self, cursor: Cursor) -> None:
        """It is at the end, and is pushed what comes."""
        cursor.gap_told = False
        self._put_in(cursor)

    def _put_in(self, cursor: Cursor) -> None:
        if cursor.reader.ignores_somebody:
            self._live_ignoring.add(cursor)
        else:
            self._live.setdefault(cursor.reader.format, {})[cursor.reader.outbox.send] = cursor

    def no_longer_live(self, cursor: Cursor) -> None:
        """From here on it pulls."""
        cursor.at = self.newest
        cursor.presence_seen = self.presences
        self._take_out(cursor)

    def _take_out(self, cursor: Cursor) -> None:
        self._live_ignoring.discard(cursor)
        self._live.get(cursor.reader.format, {}).pop(cursor.reader.outbox.send, None)


def _nicks_in(moment: Moment) -> int:
    return len(moment.nicks) if isinstance(moment, Presence) else 1


def rendered_for(reader: Reader, moment: Moment, piece: bytes) -> bytes:
    """What a session is told of a moment; ``piece`` is what everybody is."""
    if reader.ignores(moment):
        return b""
    own = reader.own(moment)
    return piece if own is None else own


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
