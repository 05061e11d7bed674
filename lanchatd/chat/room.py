"""A room: its members, its log, and the order of what happens in it.

What happens is posted, and gathers until the end of the reactor's turn, in a large room of the next one. Then
the batch goes to the log, and when the log says that it is in, it is fanned out to the readers. While one
batch is on its way into the log, the next one gathers; and if to fan out costs more than to wait for the log,
as it does in a large room, they are fanned out together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from lanchatd.chat.events import NAMED, TALK, Event, Kind, Members, told_together
from lanchatd.chat.format import Format
from lanchatd.chat.lists import Lists
from lanchatd.chat.log import Log
from lanchatd.chat.member import Member
from lanchatd.chat.presence_turns import SMALL_ROOM, Presences
from lanchatd.chat.readers import Readers
from lanchatd.chat.replay_turns import Pulls
from lanchatd.clock import Call, Clock, call_all
from lanchatd.limits import Limits
from lanchatd.text.names import Name
from lanchatd.text.refused import Refused

# How long lines that are in the log are held at the most, to be fanned out with those that reach it next.
MOST_HELD_S = 0.1


@dataclass(slots=True)
class Batch:
    """What went to the log together, and when (`Clock.seconds`); ``refused`` if it did not take the talk."""

    events: list[Event]
    when_told: list[Callable[[], None]]
    at: float
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
        lists: Lists,
        topic: str = "",
    ) -> None:
        """``clock`` is for waiting, ``now`` tells seconds since the epoch, for the events' time.

        All rooms share the ``pulls``, ``presences`` and ``lists``.
        """
        self.name = name.shown
        self.key = name.key
        self.log = log
        self.topic = topic
        self.readers = Readers(self.name, log, clock, now, limits, self.who_encoded, pulls)
        self.members: dict[str, Member] = {}
        self._lists = lists
        self.used_at = 0.0  # when the last member left, in seconds since the epoch
        self._clock = clock
        self._now = now
        self._newcomers: list[Member] = []
        self._pending: list[Event] = []
        self._when_told: list[Callable[[], None]] = []
        self._talk_pending = False
        self._gathered = False
        self._under_way: Batch | None = None
        self._answered: list[Batch] = []
        self._held: Call | None = None
        self._fan_out_s = 0.0
        self._turn: Call | None = None
        self._presences = presences
        self._presences_asked = False

    # -- what happens in it

    def post(self, kind: Kind, nick: str, text: str) -> Event:
        """Something happened; it is told at the end of the turn. Set the event's ``told`` to hear of it."""
        event = Event(kind, self.name, nick, text, self._now())
        self._pending.append(event)
        if kind in TALK:
            self._talk_pending = True
        else:
            self._lists.changed()
        self._end_turn_soon()
        return event

    def refuse_talk(self) -> None:
        """Raises `Refused` if the log takes nothing at present."""
        if (refused := self.log.refuses()) is not None:
            raise refused

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

        With a member, when that has been given everything too. It is not waited for a log that hangs.
        """
        if member is not None:
            call = partial(self.readers.when_live, member, call)
        if (self._under_way or self._talk_pending) and self.log.refuses() is None:
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
        return not (self.members or self.readers.newest or self._under_way or self._talk_pending)

    def who(self) -> Members:
        """Who is here: up to `NAMED` by name."""
        some = [member.here for member, _ in zip(self.members.values(), range(NAMED), strict=False)]
        return Members(self.name, tuple(sorted(some, key=lambda here: here.nick.lower())), len(self.members))

    def who_encoded(self, form: Format) -> bytes:
        """The same, rendered."""
        return self._lists.encoded(form, self.who)

    # -- the turn

    def _end_turn_soon(self) -> None:
        if self._turn is None:
            self._turn = self._clock.callLater(0, self._end_turn)

    def _end_turn(self) -> None:
        self._turn = None
        if self._pending and not self._waits():
            if len(self.members) <= SMALL_ROOM:
                self._append()
            elif not self._talk_pending:
                if not self._presences_asked:
                    self._presences_asked = True
                    self._presences.ask(self._tell_presences)
            elif not self._gathered:
                # For one turn more, which costs next to nothing beside a fan-out: what arrived while the
                # first line was being read goes out with it, and not after everybody was sent that alone.
                self._gathered = True
                self._end_turn_soon()
            else:
                self._append()
        newcomers, self._newcomers = self._newcomers, []
        self.readers.begin(newcomers)

    def _tell_presences(self) -> int:
        self._presences_asked = False
        if self._talk_pending or not self._pending or self._waits():
            return 0
        self._append()
        return len(self.members)

    def _waits(self) -> bool:
        """While a batch is on its way into the log, the next one gathers; but it may be a long way."""
        return self._under_way is not None and self.log.refuses() is None

    def log_hangs(self) -> None:
        """The log refuses from now on, and what is on its way may be kept yet: that alone waits."""
        refused = self.log.refuses()
        events, self._pending = self._pending, []
        calls, self._when_told = self._when_told, []
        if (batch := self._under_way) is not None:
            events = [event for event in batch.events if event.kind not in TALK] + events
            batch.events = [event for event in batch.events if event.kind in TALK]
            calls, batch.when_told = batch.when_told + calls, []
        talk = Batch([event for event in events if event.kind in TALK], calls, 0, refused)
        self._pending = [event for event in events if event.kind not in TALK]
        self._talk_pending = self._gathered = False
        if self._pending:
            self._end_turn_soon()
        self._tell([talk])

    def _append(self) -> None:
        batch = Batch(self._pending, self._when_told, self._clock.seconds())
        self._pending, self._when_told = [], []
        talk = [event for event in batch.events if event.kind in TALK]
        self._talk_pending = self._gathered = False
        if talk:
            self._under_way = batch
            self.log.append(talk, partial(self._appended, batch))
        else:
            self._fan_out(batch.events)

    def _appended(self, batch: Batch, refused: Refused | None) -> None:
        self._under_way = None
        batch.refused = refused
        self._answered.append(batch)
        held_s = self._clock.seconds() - self._answered[0].at
        left_s = min(self._fan_out_s, MOST_HELD_S) - held_s
        if self._talk_pending and left_s > 0:
            if self._held is None:
                self._held = self._clock.callLater(left_s, self._tell_answered)
            self._append()
            return
        if not self._talk_pending:
            batch.when_told += self._when_told
            self._when_told = []
        self._tell_answered()

    def _tell_answered(self) -> None:
        if self._held is not None and self._held.active():
            self._held.cancel()
        self._held = None
        batches, self._answered = self._answered, []
        began_at = self._clock.seconds()
        try:
            self._tell(batches)
        finally:
            self._fan_out_s = self._clock.seconds() - began_at
            if self._pending:
                self._end_turn_soon()

    def _tell(self, batches: list[Batch]) -> None:
        calls: deque[Callable[[], None]] = deque()
        for batch in batches:
            for event in batch.events:
                if event.told is not None:
                    calls.append(partial(event.told, batch.refused))
                    event.told = None  # the log keeps the event, and shall not keep the connection
            calls.extend(batch.when_told)
        try:
            self._fan_out(
                [
                    event
                    for batch in batches
                    for event in batch.events
                    if batch.refused is None or event.kind not in TALK
                ]
            )
        finally:
            call_all(self._clock, calls)

    def _fan_out(self, batch: list[Event]) -> None:
        moments = told_together(batch, len(self.members))
        for event in batch:
            if event.kind is Kind.TOPIC:
                self.topic = event.text
                self._lists.changed()
        self.readers.fan_out(moments)
