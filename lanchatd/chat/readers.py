"""The readers of a room's log: a cursor for each session, live or lagging (docs/how-it-works.md).

A live session's cursors are at the ends of their logs, and it is pushed every batch: rendered once a format,
and the same bytes given to each in one send. One whose socket does not take them all is lagging from then on,
in all its rooms, as it has one socket; how it catches up is in `lanchatd.chat.replay`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from lanchatd.chat.batch import Batch, ToldOtherwise, less
from lanchatd.chat.connection import Connection, Outbox
from lanchatd.chat.events import TALK, Event, Kind, Moment, Private, Topic, told_together
from lanchatd.chat.format import Format
from lanchatd.chat.hidden import NOTHING, Hidden
from lanchatd.chat.late_joins import ForSome, LateJoins
from lanchatd.chat.log import Log
from lanchatd.chat.rolls import Reading, Roll
from lanchatd.chat.shared import Shared

# What is shown on joining.
RECENT = 20

# Of so many who came and went last it is known, for who was given less: as many lines in an IRC client.
PRESENCES_KEPT = 100

_TOPIC = Kind.TOPIC  # an Enum takes a tenth of a microsecond for each look (measured)

_NO_ONE: Mapping[int, ForSome] = {}
_NONE_OWN: Mapping[Cursor, Mapping[int, bytes]] = {}
NOTHING_OWN: Mapping[int, bytes] = {}


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
    that of the room since then. ``presences``
    counts what was told beside the log, to others and to IRC clients (`Format.like_irc`), so that who missed
    some of it is told who is here now.
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
        self._members = room.members
        # The last that IRC clients were told beside the log, and which of them know of whom it is about.
        self._came_and_went: deque[tuple[Event, ForSome | None]] = deque(maxlen=PRESENCES_KEPT)
        # The live ones, by what they are rendered for, and by the sockets' own send: a Python call for each
        # would cost more than the send itself, and to touch each cursor a thirtieth (measured).
        self._live: dict[Format, dict[Callable[[bytes], int], Cursor]] = {}
        self._live_ignoring: set[Cursor] = set()
        # Whether a live one ever was told what it did itself otherwise than others; most rooms have none.
        self._has_owners = False

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

    # -- fan-out

    def fan_out(self, events: Sequence[Event]) -> None:
        """Push a batch to all that are live; its talk is in the log.

        IRC clients are told the events, each of them, and all others what is told together of them.
        """
        happened: Sequence[Event] = events
        before, presences = self.newest, self.presences
        for_some: Mapping[int, ForSome] = _NO_ONE
        if self.late_joins.unheard:
            events, for_some = self.late_joins.told(events)
        talk, newest, not_all = 0, before, bool(for_some)
        for event in events:
            if event.kind in TALK:
                newest = event.id
                talk += 1
                if event.kind is _TOPIC:
                    self.topic = Topic(event.text, event.nick, event.at)
                    self.around.lists.changed()
            elif event.told is not None:
                not_all = True
        self.newest = newest
        moments: Sequence[Moment] = happened
        if len(happened) > talk:
            moments = told_together(happened, len(self._members))
        if len(moments) > talk or len(events) > talk:
            others, irc = presences
            self.presences = others + len(moments) - talk, irc + len(events) - talk
            self._keep(events, for_some)
        owners = self._owners(events) if self._has_owners else _NONE_OWN
        for cursor in owners:
            self._take_out(cursor)
        hidden = Hidden(events, for_some) if not_all else None
        began = before, presences
        deliveries = self.around.counts.deliveries
        rendered: dict[Format, list[bytes]] = {}
        for form, cursors in self._live.items():
            if not cursors:
                continue
            told = events if form.like_irc else moments
            whole = rendered[form] = list(map(form.render, told))
            groups: Mapping[frozenset[int], Collection[Callable[[bytes], int]]] = (
                {NOTHING: cursors} if hidden is None or not form.like_irc else hidden.groups(cursors)
            )
            for without, sends in groups.items():
                pieces = less(whole, without) if without else whole
                encoded = b"".join(pieces)
                size = len(encoded)
                if not size:
                    continue
                deliveries[form.name] += len(sends) * sum(map(bool, pieces))
                behind: list[tuple[Callable[[bytes], int], int]] = []
                for send in sends:
                    try:
                        taken = send(encoded)
                    except OSError:
                        # BlockingIOError, or the connection is gone, which its transport is about to tell.
                        taken = 0
                    if taken != size:
                        behind.append((send, taken))
                for send, taken in behind:
                    self._fell_behind(cursors[send], began, told, pieces, taken)
        if owners or self._live_ignoring:
            self._fan_out_apart(Batch(moments, events, rendered), began, owners, hidden)

    def _fan_out_apart(
        self,
        batch: Batch,
        began: tuple[int, tuple[int, int]],
        owners: Mapping[Cursor, Mapping[int, bytes]],
        hidden: Hidden | None,
    ) -> None:
        """Push it to those who are told something else than others, or less: each what it is told."""
        deliveries = self.around.counts.deliveries
        for cursor in owners:  # first, as who falls behind is taken out again
            if cursor not in self._live_ignoring:
                self._put_in(cursor)
        for cursor in self._live_ignoring | owners.keys():
            reader = cursor.reader
            form, own = reader.format, owners.get(cursor, NOTHING_OWN)
            without = NOTHING if hidden is None or not form.like_irc else hidden.from_one(cursor)
            if without or cursor in self._live_ignoring:
                pieces = batch.pieces_for(reader, without, own)
                encoded, lines = b"".join(pieces), sum(map(bool, pieces))
            else:
                encoded, lines = batch.encoded_with(form, own)
            if encoded:
                deliveries[form.name] += lines
                try:
                    taken = reader.outbox.send(encoded)
                except OSError:
                    taken = 0
                if taken != len(encoded):
                    pieces = batch.pieces_for(reader, without, own)
                    self._fell_behind(cursor, began, batch.moments(form), pieces, taken)

    def _keep(self, events: Sequence[Event], for_some: Mapping[int, ForSome]) -> None:
        for at, event in enumerate(events):
            if event.kind not in TALK:
                kept = event
                if event.told is not None:
                    # Those who are live are not told it again, and may be many.
                    lagging = {reader for reader in event.told if not reader.live}
                    kept = event._replace(told=lagging)
                self._came_and_went.append((kept, for_some.get(at)))

    def came_and_went_after(self, cursor: Cursor, presences: int) -> list[Event] | None:
        """What an IRC client was not told of who is here, after so many of these; None if it is forgotten."""
        missing = self.presences[True] - presences
        kept = self._came_and_went
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
        return Naming(Reading(self._members), self.presences[True])

    def _owners(self, events: Sequence[Event]) -> dict[Cursor, dict[int, bytes]]:
        """The live ones that are told what they did themselves otherwise than all others, and what it is."""
        owners: dict[Cursor, dict[int, bytes]] = {}
        for at, event in enumerate(events):
            for origin in event.origins:
                reader: Reader | None = origin()
                if reader is None or reader.tell_own is None or not reader.live:
                    continue
                own = reader.tell_own(event)
                for cursor in reader.cursors:
                    if cursor.readers is not self:
                        continue
                    if cursor in owners:
                        owners[cursor][at] = own
                    else:
                        owners[cursor] = {at: own}
        return owners

    def _fell_behind(
        self,
        cursor: Cursor,
        began: tuple[int, tuple[int, int]],
        told: Sequence[Moment],
        pieces: list[bytes],
        taken: int,
    ) -> None:
        """The socket took only so many bytes: finish the line that it broke off in, then pull.

        If it broke off between two lines, the next one waits: something must, to hear of a ready socket.
        ``began`` are the id of the newest event, and `presences`, before all this was told.
        """
        form = cursor.reader.format
        lag(cursor.reader)
        cursor.at, presences = began
        cursor.presence_seen = presences[form.like_irc]
        end = 0
        for moment, piece in zip(told, pieces, strict=True):
            if end > taken:
                break
            end += len(piece)
            cursor.at = moment.id or cursor.at
        cursor.reader.outbox.wait(b"".join(pieces)[taken:end])

    # -- live and lagging, as the session says

    def live(self, cursor: Cursor) -> None:
        """It is at the end, and is pushed what comes."""
        cursor.gap_told = False
        reader = cursor.reader
        if reader.tell_own is not None:
            self._has_owners = True
        if reader.ignores_somebody:
            self._live_ignoring.add(cursor)
        else:
            self._put_in(cursor)

    def _put_in(self, cursor: Cursor) -> None:
        reader = cursor.reader
        self._live.setdefault(reader.format, {})[reader.outbox.send] = cursor

    def no_longer_live(self, cursor: Cursor) -> None:
        """From here on it pulls."""
        cursor.at = self.newest
        cursor.presence_seen = cursor.presences
        self._live_ignoring.discard(cursor)
        self._take_out(cursor)

    def _take_out(self, cursor: Cursor) -> None:
        reader = cursor.reader
        live = self._live.get(reader.format)
        if live is not None:
            live.pop(reader.outbox.send, None)


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
