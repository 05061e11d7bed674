"""A room: a log, and members that are each a place in it (DESIGN 1).

What happens in a room is posted, and gathers until the end of the reactor's turn. Then the batch goes to the
log, and when the log says that it is in, the batch is fanned out: rendered once a format, and the same bytes
given to every live member in one send. A member whose socket does not take them all is lagging from then on;
it pulls chunks from the log at its own pace (`catch_up`) until it is at the end and live again. Joining,
coming back after a lost connection and reading slowly are all that same pull.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from lanchatd.clock import Call, Clock
from lanchatd.events import NAMED, TALK, Event, Kind, Members, Missed, Moment, Notice, Refused, told_together
from lanchatd.formats import Format
from lanchatd.log import Log
from lanchatd.member import Member
from lanchatd.nicks import Name

# What a member is shown on joining.
RECENT = 20

# In a room of up to this many, joins and leaves are told in the turn that they happen in. In a larger one
# they wait for the next line of talk, or until they were last told this long ago for each member more. To
# tell a member costs about 10 µs of CPU (measured), so at most a tenth of it goes into who comes and goes:
# 10,000 that reconnect are told once a second.
SMALL_ROOM = 100
PRESENCE_PAUSE_S = 0.000_1


class Room:
    """One room. ``newest`` is the id of the last event that was fanned out; nobody is given one beyond it."""

    def __init__(
        self, name: Name, log: Log, clock: Clock, now: Callable[[], float], chunk_bytes: int
    ) -> None:
        """``clock`` is for waiting, ``now`` tells seconds since the epoch, for the events' time."""
        self.name = name.shown
        self.key = name.key
        self.log = log
        self.topic = ""
        self.newest = log.newest
        self.members: dict[str, Member] = {}
        self._clock = clock
        self._now = now
        self._chunk_bytes = chunk_bytes
        # The live members, by what they are rendered for, with the sockets' own send: a Python call for each
        # member would cost more than the send itself (measured).
        self._live: dict[Format, dict[Member, Callable[[bytes], int]]] = {}
        self._live_ignoring: set[Member] = set()
        self._newcomers: list[Member] = []
        self._pending: list[Event] = []
        self._when_told: list[Callable[[], None]] = []
        self._talk_pending = False
        self._appending = False
        self._turn: Call | None = None
        self._turn_at = 0.0
        self._presence_told_at = clock.seconds()
        self._presences = 0

    # -- what happens in it

    def post(self, kind: Kind, nick: str, text: str) -> Event:
        """Something happened; it is told at the end of this turn. Set the event's ``told`` to hear of it."""
        event = Event(kind, self.name, nick, text, self._now())
        self._pending.append(event)
        if kind in TALK:
            self._talk_pending = True
        self._end_turn_in(0)
        return event

    def enter(self, member: Member, after: int | None = None, log: str | None = None) -> None:
        """A member comes in. ``after`` continues behind an id of the log of that name (None: of this one)."""
        self.members[member.name.key] = member
        member.room_key = self.key
        member.reading = False
        member.presence_seen = -1
        if after is None:
            member.cursor = max(0, self.newest - RECENT)
            member.gap_told = True  # what was there before does not count as missed
        elif after > self.newest or log not in (None, self.log.name):
            # Another log: all that this one holds is new to the member.
            member.cursor = 0
            member.gap_told = True
            member.tell(Missed(self.name, self.log.name, None))
        else:
            member.cursor = after
            member.gap_told = False
        member.entered_at_id = self.newest
        self._newcomers.append(member)
        self.post(Kind.JOINED, member.nick, "")

    def leave(self, member: Member, reason: str = "") -> None:
        """A member goes, and is given nothing more from here."""
        del self.members[member.name.key]
        self._unlive(member)
        member.room_key = ""
        self.post(Kind.LEFT, member.nick, reason)

    def rename(self, member: Member, name: Name) -> None:
        """A member has another nick."""
        del self.members[member.name.key]
        self.post(Kind.RENAMED, member.nick, name.shown)
        member.name = name
        self.members[name.key] = member

    def when_told(self, call: Callable[[], None], member: Member | None = None) -> None:
        """Call it when everything said until now has been fanned out, or refused by the log.

        With a member, when that has been given everything too.
        """
        if member is not None:
            call = partial(self._when_live, member, call)
        if self._appending or self._talk_pending:
            self._when_told.append(call)
        else:
            call()

    def _when_live(self, member: Member, call: Callable[[], None]) -> None:
        if member.live:
            call()
        else:
            member.when_live = call

    def is_empty(self) -> bool:
        """Whether nobody is in it, nothing in its log, and nothing on the way there."""
        return not (self.members or self.newest or self._appending or self._talk_pending)

    def who(self) -> Members:
        """Who is here: up to `NAMED` by name."""
        some = [member.here for member, _ in zip(self.members.values(), range(NAMED), strict=False)]
        return Members(self.name, tuple(sorted(some, key=lambda here: here.nick.lower())), len(self.members))

    def unread(self, member: Member) -> int:
        """How many events of the log the member has not been given yet."""
        return 0 if member.live else self.newest - member.cursor

    # -- the turn

    def _end_turn_in(self, delay: float) -> None:
        at = self._clock.seconds() + delay
        if self._turn is not None:
            if self._turn_at <= at:
                return
            self._turn.cancel()
        self._turn = self._clock.callLater(delay, self._end_turn)
        self._turn_at = at

    def _end_turn(self) -> None:
        self._turn = None
        pause_s = PRESENCE_PAUSE_S * max(0, len(self.members) - SMALL_ROOM)
        presence_in = self._presence_told_at + pause_s - self._clock.seconds()
        # While a batch is on its way into the log, the next one gathers.
        if not self._appending:
            if self._talk_pending or (self._pending and presence_in <= 0):
                self._append()
            elif self._pending:
                self._end_turn_in(presence_in)
        newcomers, self._newcomers = self._newcomers, []
        for member in newcomers:
            if not member.outbox.waiting:
                self.catch_up(member)

    def _append(self) -> None:
        batch, self._pending = self._pending, []
        when_told, self._when_told = self._when_told, []
        talk = [event for event in batch if event.kind in TALK]
        self._talk_pending = False
        if talk:
            self._appending = True
            self.log.append(talk, partial(self._appended, batch, when_told))
        else:
            self._fan_out(batch)

    def _appended(
        self, batch: list[Event], when_told: list[Callable[[], None]], refused: Refused | None
    ) -> None:
        self._appending = False
        talk = [event for event in batch if event.kind in TALK]
        if refused is not None:
            batch = [event for event in batch if event.kind not in TALK]
        self._fan_out(batch)
        for event in talk:
            if event.told is not None:
                # Let go of it: the log keeps the event, and shall not keep the connection.
                told, event.told = event.told, None
                told(refused)
        if not self._talk_pending:
            when_told, self._when_told = when_told + self._when_told, []
        for call in when_told:
            call()
        if self._pending:
            self._end_turn_in(0)

    # -- fan-out

    def _fan_out(self, batch: Sequence[Event]) -> None:
        moments = told_together(batch, len(self.members))
        before, presences = self.newest, self._presences
        for moment in moments:
            if moment.kind in TALK:
                self.newest = moment.id
                if moment.kind is Kind.TOPIC and isinstance(moment, Event):
                    self.topic = moment.text
            else:
                self._presences += 1
        if self._presences != presences:
            self._presence_told_at = self._clock.seconds()
        for form, readers in self._live.items():
            if not readers:
                continue
            pieces = [form.render(moment) for moment in moments]
            encoded = b"".join(pieces)
            size = len(encoded)
            if not size:
                continue
            behind: list[tuple[Member, int]] = []
            for member, send in readers.items():
                try:
                    taken = send(encoded)
                except OSError:
                    # BlockingIOError, or the connection is gone, which its transport is about to tell.
                    taken = 0
                if taken != size:
                    behind.append((member, taken))
            for member, taken in behind:
                self._fell_behind(member, before, presences, moments, pieces, taken)
        # A copy, as who falls behind is taken out.
        for member in tuple(self._live_ignoring):
            self._fan_out_to(member, moments, before, presences)

    def _fan_out_to(self, member: Member, moments: list[Moment], before: int, presences: int) -> None:
        pieces = [b"" if member.ignores(moment) else member.format.render(moment) for moment in moments]
        encoded = b"".join(pieces)
        if not encoded:
            return
        try:
            taken = member.outbox.send(encoded)
        except OSError:
            taken = 0
        if taken != len(encoded):
            self._fell_behind(member, before, presences, moments, pieces, taken)

    def _fell_behind(
        self,
        member: Member,
        before: int,
        presences: int,
        moments: list[Moment],
        pieces: list[bytes],
        taken: int,
    ) -> None:
        """The socket took only so many bytes of the batch: finish the line that it broke off in, then pull.

        If it broke off between two lines, the next one waits: something must, to hear of a ready socket.
        """
        self._unlive(member)
        member.cursor = before
        member.presence_seen = presences
        end = 0
        for moment, piece in zip(moments, pieces, strict=True):
            if end > taken:
                break
            end += len(piece)
            member.cursor = moment.id or member.cursor
        member.outbox.wait(b"".join(pieces)[taken:end])

    # -- live and lagging

    def fell_behind(self, member: Member) -> None:
        """A direct message was not taken whole: the member is lagging, from the end of the log."""
        if member.live:
            self._unlive(member)
            member.cursor = self.newest
            member.presence_seen = self._presences

    def catch_up(self, member: Member) -> None:
        """Nothing waits for the member any more: give it the next chunk, or make it live."""
        if member.room_key != self.key or member.live or member.reading:
            return
        if member.cursor < self.newest:
            member.reading = True
            after, until = member.cursor, self.newest
            self.log.read(after, until, self._chunk_bytes, partial(self._was_read, member, after, until))
        elif member.presence_seen != self._presences:
            self._give(member, [])
        else:
            self._make_live(member)

    def _was_read(self, member: Member, after: int, until: int, events: Sequence[Event]) -> None:
        if member.room_key != self.key or not member.reading or member.cursor != after:
            return  # it went away while the log was reading
        member.reading = False
        if member.outbox.waiting:
            return  # something direct came in between; when that has drained, it is read again
        pieces: list[bytes] = []
        first = events[0].id if events else until + 1
        if first > after + 1:
            if not member.gap_told:
                pieces.append(member.format.render(Missed(self.name, self.log.name, first - after - 1)))
            member.cursor = first - 1
        member.gap_told = False
        size = 0
        for event in events:
            past = event.id <= member.entered_at_id
            piece = b"" if member.ignores(event) else member.format.render(event, past)
            size += len(piece)
            if size > self._chunk_bytes and member.cursor > after:
                break
            pieces.append(piece)
            member.cursor = event.id
        self._give(member, pieces)

    def _give(self, member: Member, pieces: list[bytes]) -> None:
        if member.cursor == self.newest and member.presence_seen != self._presences:
            # Who came and went meanwhile was not stored: it is told who is here now.
            member.presence_seen = self._presences
            pieces.append(member.format.render(self.who()))
        if not member.outbox.give(b"".join(pieces)):
            return
        if member.cursor == self.newest:
            self._make_live(member)
        else:
            self._clock.callLater(0, self.catch_up, member)  # others get their turn between two chunks

    def history(self, member: Member, lines: int) -> None:
        """Show it the last lines of talk again, as many as fit in one chunk."""

        def was_read(events: Sequence[Event]) -> None:
            pieces = [member.format.render(event, True) for event in events if not member.ignores(event)]
            size = sum(map(len, pieces))
            while pieces and size > self._chunk_bytes:
                size -= len(pieces.pop(0))
            member.tell_encoded(
                b"".join(pieces) or member.format.render(Notice(("Nothing was said here yet.",)))
            )

        self.log.read(self.newest - lines, self.newest, lines * self._chunk_bytes, was_read)

    def _make_live(self, member: Member) -> None:
        member.live = True
        member.gap_told = False
        if member.ignored:
            self._live_ignoring.add(member)
        else:
            self._live.setdefault(member.format, {})[member] = member.outbox.send
        if member.when_live is not None:
            call, member.when_live = member.when_live, None
            call()

    def _unlive(self, member: Member) -> None:
        if member.live:
            member.live = False
            self._live_ignoring.discard(member)
            self._live.get(member.format, {}).pop(member, None)

    def ignores_changed(self, member: Member) -> None:
        """The member ignores other nicks than before."""
        if member.live:
            self._unlive(member)
            self._make_live(member)
