"""A room: its members, its log, and the order of what happens in it.

What happens is posted, and gathers until the end of the reactor's turn, in a large room of the next one. Then
the batch goes to the log, and when the log says that it is in, it is fanned out to the readers. While one
batch is on its way into the log, the next one gathers; and if to fan out costs more than to wait for the log,
as it does in a large room, they are fanned out together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from lanchatd.clock import Call, Clock
from lanchatd.events import NAMED, TALK, Event, Kind, Members, Refused, told_together
from lanchatd.limits import Limits
from lanchatd.log import Log
from lanchatd.member import Member
from lanchatd.nicks import Name
from lanchatd.presences import SMALL_ROOM, Presences
from lanchatd.pulls import Pulls
from lanchatd.readers import Readers

# In a large room talk waits for one turn more, which costs next to nothing beside a fan-out: what arrived
# while the first line was being read goes out with it, and does not wait until everybody was sent that alone.


@dataclass(slots=True)
class Batch:
    """What is fanned out together: the log has answered, and refused its talk or not."""

    events: list[Event]
    when_told: list[Callable[[], None]]
    refused: Refused | None = None


class Room:
    """One room."""

    def __init__(
        self,
        name: Name,
        log: Log,
        clock: Clock,
        now: Callable[[], float],
        limits: Limits,
        pulls: Pulls,
        presences: Presences,
        topic: str = "",
    ) -> None:
        """``clock`` is for waiting, ``now`` tells seconds since the epoch, for the events' time.

        All rooms share the ``pulls`` and ``presences``.
        """
        self.name = name.shown
        self.key = name.key
        self.log = log
        self.topic = topic
        self.readers = Readers(self.name, log, clock, now, limits, self.who, pulls)
        self.members: dict[str, Member] = {}
        self._clock = clock
        self._now = now
        self._newcomers: list[Member] = []
        self._pending: list[Event] = []
        self._when_told: list[Callable[[], None]] = []
        self._talk_pending = False
        self._gathered = False
        self._appending = False
        self._appended_at = 0.0
        self._answered: list[Batch] = []
        self._telling = False
        self._fan_out_s = 0.0
        self._turn: Call | None = None
        self._turn_at = 0.0
        self._presences = presences
        self._presences_at: float | None = None

    # -- what happens in it

    def post(self, kind: Kind, nick: str, text: str) -> Event:
        """Something happened; it is told at the end of the turn. Set the event's ``told`` to hear of it."""
        event = Event(kind, self.name, nick, text, self._now())
        self._pending.append(event)
        if kind in TALK:
            self._talk_pending = True
        self._end_turn_in(0)
        return event

    def enter(self, member: Member, after: int | None = None, log: str | None = None) -> bool:
        """A member comes in. ``after`` continues behind an id of the log of that name (None: of this one).

        Returns whether it can: not in another log, of which everything is new to the member.
        """
        self.members[member.name.key] = member
        member.room_key = self.key
        self._newcomers.append(member)
        self.post(Kind.JOINED, member.nick, "")
        return self.readers.enter(member, after, log)

    def leave(self, member: Member, reason: str = "") -> None:
        """A member goes, and is given nothing more from here."""
        del self.members[member.name.key]
        self.readers.leave(member)
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
            call = partial(self.readers.when_live, member, call)
        if self._appending or self._talk_pending:
            self._when_told.append(call)
        else:
            call()

    def tell_now(self) -> None:
        """Don't wait for the end of the turn: somebody who has talked in it is about to go."""
        if self._talk_pending and self._turn is not None:
            self._turn.cancel()
            self._gathered = True
            self._end_turn()

    def is_empty(self) -> bool:
        """Whether nobody is in it, nothing in its log, and nothing on the way there."""
        return not (self.members or self.readers.newest or self._appending or self._talk_pending)

    def who(self) -> Members:
        """Who is here: up to `NAMED` by name."""
        some = [member.here for member, _ in zip(self.members.values(), range(NAMED), strict=False)]
        return Members(self.name, tuple(sorted(some, key=lambda here: here.nick.lower())), len(self.members))

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
        # While a batch is on its way into the log, the next one gathers.
        if self._pending and not self._appending:
            if not self._talk_pending:
                self._presences_due()
            elif not self._gathered and len(self.members) > SMALL_ROOM:
                self._gathered = True
                self._end_turn_in(0)
            else:
                self._append()
        newcomers, self._newcomers = self._newcomers, []
        self.readers.begin(newcomers)

    def _presences_due(self) -> None:
        if self._presences_at is None:
            self._presences_at = self._presences.take(len(self.members))
        wait_s = self._presences_at - self._clock.seconds()
        if wait_s > 0:
            self._end_turn_in(wait_s)
        else:
            self._append()

    def _append(self) -> None:
        batch = Batch(self._pending, self._when_told)
        self._pending, self._when_told = [], []
        talk = [event for event in batch.events if event.kind in TALK]
        self._talk_pending = self._gathered = False
        self._presences_at = None
        if talk:
            self._appending = True
            if not self._answered:
                self._appended_at = self._clock.seconds()
            self.log.append(talk, partial(self._appended, batch))
        else:
            self._fan_out(batch.events)

    def _appended(self, batch: Batch, refused: Refused | None) -> None:
        self._appending = False
        batch.refused = refused
        self._answered.append(batch)
        if self._telling:
            return  # somebody who had talked went, and a log in memory answered at once
        began_at = self._clock.seconds()
        if self._talk_pending and began_at - self._appended_at < self._fan_out_s:
            self._append()
            return
        if not self._talk_pending:
            batch.when_told += self._when_told
            self._when_told = []
        self._telling = True
        try:
            while self._answered:
                batches, self._answered = self._answered, []
                self._tell(batches)
        finally:
            self._telling = False
        self._fan_out_s = self._clock.seconds() - began_at
        if self._pending:
            self._end_turn_in(0)

    def _tell(self, batches: list[Batch]) -> None:
        self._fan_out(
            [
                event
                for batch in batches
                for event in batch.events
                if batch.refused is None or event.kind not in TALK
            ]
        )
        for batch in batches:
            for event in batch.events:
                if event.told is not None:
                    # Let go of it: the log keeps the event, and shall not keep the connection.
                    told, event.told = event.told, None
                    told(batch.refused)
            for call in batch.when_told:
                call()

    def _fan_out(self, batch: list[Event]) -> None:
        moments = told_together(batch, len(self.members))
        for event in batch:
            if event.kind is Kind.TOPIC:
                self.topic = event.text
        self.readers.fan_out(moments)
