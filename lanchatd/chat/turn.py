"""The turn of a room: what happens gathers, goes to the log together, and is told together.

What happens is posted, and gathers until the end of the reactor's turn, in a large room of the next one. Then
the batch goes to the log, and when the log says that it is in, it is told. While one batch is on its way into
the log, the next one gathers; and if to tell it costs more than to wait for the log, as it does in a large
room, they are told together.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Protocol

from lanchatd.chat.events import TALK, Event
from lanchatd.chat.log import Log
from lanchatd.chat.posted import Posted
from lanchatd.chat.presence_turns import SMALL_ROOM
from lanchatd.chat.shared import Shared
from lanchatd.clock import Call, call_all
from lanchatd.text.refused import Refused

# How long lines that are in the log are held at the most, to be told with those that reach it next.
MOST_HELD_S = 0.1


class State(Enum):
    """What is done with what happened."""

    RESTS = "nothing has happened that was not told"
    GATHERS = "until the end of this turn of the reactor"
    GATHERS_ON = "lines in a large room: for one turn more"
    WAITS = "only joins and leaves, in a large room: until it is their turn"
    LOGS = "a batch is on its way into the log; what happens gathers behind it"
    HOLDS = "as LOGS, and what is in the log already is told with it, or when the time is over"

    # As in `lanchatd.chat.events.Kind`.
    __hash__ = object.__hash__


NEXT = {
    State.RESTS: {State.GATHERS},
    State.GATHERS: {State.GATHERS_ON, State.WAITS, State.LOGS, State.RESTS},
    State.GATHERS_ON: {State.LOGS, State.GATHERS, State.RESTS},
    State.WAITS: {State.GATHERS, State.RESTS},
    State.LOGS: {State.HOLDS, State.GATHERS, State.RESTS},
    State.HOLDS: {State.LOGS, State.GATHERS, State.RESTS},
}
"""Where each state can go."""


class Room(Protocol):
    """Whose turn it is."""

    @property
    def members(self) -> Sized:
        """Those in it."""
        ...

    def tell(self, events: Sequence[Event]) -> None:
        """Fan these out; talk is in the log."""
        ...


@dataclass(slots=True)
class _Batch:
    """What goes on together, since when (`Clock.seconds`); ``refused`` if the log did not take the talk."""

    posted: list[Posted]
    when_told: list[Callable[[], None]]
    at: float
    refused: Refused | None = None

    def has(self, posted: Posted) -> bool:
        """Whether this one is in it."""
        return any(own is posted for own in self.posted)


class Turn:
    """The turn of one room. Implements `lanchatd.chat.log.Listener`."""

    def __init__(self, room: Room, log: Log, around: Shared) -> None:
        self.state = State.RESTS
        self._room = room
        self._log = log
        self._clock = around.clock
        self._fan_out, self._logged = around.counts.fan_out, around.counts.append
        self._presence_turns = around.presence_turns
        self._gathered: list[Posted] = []
        self._has_talk = False
        self._when_told: list[Callable[[], None]] = []
        self._at_end: list[Callable[[], None]] = []
        self._in_log: _Batch | None = None
        self._hung: _Batch | None = None
        self._held: list[_Batch] = []
        self._held_until: Call | None = None
        self._tell_s = 0.0
        self._end: Call | None = None
        self._asked = False
        log.listen(self)

    # -- what is asked of it

    def post(self, event: Event) -> Posted:
        """Something happened; it is told at the end of the turn."""
        posted = Posted(event)
        self._gathered.append(posted)
        self._has_talk |= event.kind in TALK
        if self.state is State.RESTS or (self.state is State.WAITS and self._has_talk):
            self._go(State.GATHERS)
        self._end_soon()
        return posted

    def at_end(self, call: Callable[[], None]) -> None:
        """Call it at the end of this turn of the reactor, when what happened in it has gone to the log."""
        self._at_end.append(call)
        self._end_soon()

    def _end_soon(self) -> None:
        if self._end is None:
            self._end = self._clock.callLater(0, self._ended)

    def end_now(self) -> None:
        """Don't wait: somebody who has talked in it is about to go."""
        if self._has_talk and self._end is not None and self.state in (State.GATHERS, State.GATHERS_ON):
            self._end.cancel()
            self._end = None
            self._append()
            if self._at_end:
                self._call_at_end()

    def when_told(self, call: Callable[[], None]) -> None:
        """Call it when all talk until now has been told or refused. What hangs is not waited for."""
        if (self._has_talk or self._in_log is not None) and self._log.refuses() is None:
            self._when_told.append(call)
        else:
            call()

    @property
    def talk_is_on_its_way(self) -> bool:
        """Whether something was said that was not told yet."""
        return self._has_talk or self._in_log is not None or self._hung is not None

    # -- the turn

    def _go(self, state: State) -> None:
        if state is not self.state:
            if state not in NEXT[self.state]:
                raise RuntimeError(f"from {self.state} to {state}")
            self.state = state

    def _ended(self) -> None:
        self._end = None
        large = len(self._room.members) > SMALL_ROOM
        if self.state is State.GATHERS and large and self._has_talk:
            # For one turn more, which costs next to nothing beside a fan-out: what arrived while the first
            # line was being read goes out with it, and not after everybody was sent that alone.
            self._go(State.GATHERS_ON)
            self._end_soon()
        elif self.state is State.GATHERS and large:
            self._go(State.WAITS)
            if not self._asked:
                self._asked = True
                self._presence_turns.ask(self._tell_presences)
        elif self.state in (State.GATHERS, State.GATHERS_ON):
            self._append()
        if self._at_end:
            self._call_at_end()

    def _call_at_end(self) -> None:
        calls, self._at_end = self._at_end, []
        for call in calls:
            call()

    def _tell_presences(self) -> int:
        self._asked = False
        if self.state is not State.WAITS:
            return 0
        self._append()
        return len(self._room.members)

    def _append(self) -> None:
        batch = _Batch(self._gathered, self._when_told, self._clock.seconds())
        self._gathered, self._when_told, self._has_talk = [], [], False
        talk = [posted for posted in batch.posted if posted.event.kind in TALK]
        if talk:
            if self.state is not State.HOLDS:
                self._go(State.LOGS)
            self._in_log = batch
            self._log.append(talk)
        else:
            self._go(State.RESTS)
            self._tell([batch])

    # -- the log tells

    def arrived(self, posted: Sequence[Posted], refused: Refused | None = None) -> None:
        """`Listener`: these are in the log now, or refused; somebody else may have said them."""
        first = posted[0]
        if (batch := self._in_log) is not None and batch.has(first):
            self._in_log, batch.refused = None, refused
            self._own_arrived(batch)
        elif (batch := self._hung) is not None and batch.has(first):
            self._hung, batch.refused = None, refused
            self._tell([batch])
        else:
            if self.state is State.HOLDS:
                self._go(State.LOGS)
            self._tell_held(_Batch(list(posted), [], 0))

    def _own_arrived(self, batch: _Batch) -> None:
        self._held.append(batch)
        now = self._clock.seconds()
        logged_s = now - batch.at
        self._logged.counts[bisect_left(self._logged.bounds, logged_s)] += 1
        self._logged.total_s += logged_s
        held_s = now - self._held[0].at
        left_s = min(self._tell_s, MOST_HELD_S) - held_s
        if self._has_talk and left_s > 0:
            if self._held_until is None:
                self._held_until = self._clock.callLater(left_s, self._held_long_enough)
            self._go(State.HOLDS)
            self._append()
            return
        if not self._has_talk:
            batch.when_told += self._when_told
            self._when_told = []
        self._go(State.GATHERS if self._gathered else State.RESTS)
        self._tell_held()

    def hangs(self) -> None:
        """`Listener`: it refuses from now on, and what is on its way may be kept yet: that alone waits."""
        refused = self._log.refuses()
        posted, self._gathered = self._gathered, []
        calls, self._when_told = self._when_told, []
        if (batch := self._in_log) is not None:
            posted = [one for one in batch.posted if one.event.kind not in TALK] + posted
            batch.posted = [one for one in batch.posted if one.event.kind in TALK]
            calls, batch.when_told = batch.when_told + calls, []
            self._hung, self._in_log = batch, None
        talk = _Batch([one for one in posted if one.event.kind in TALK], calls, 0, refused)
        self._gathered = [one for one in posted if one.event.kind not in TALK]
        self._has_talk = False
        self._go(State.GATHERS if self._gathered else State.RESTS)
        self._tell_held(talk)

    def _held_long_enough(self) -> None:
        self._go(State.LOGS)
        self._tell_held()

    def _tell_held(self, *further: _Batch) -> None:
        if self._held_until is not None and self._held_until.active():
            self._held_until.cancel()
        self._held_until = None
        batches, self._held = [*self._held, *further], []
        began_at = self._clock.seconds()
        try:
            self._tell(batches)
        finally:
            self._tell_s = self._clock.seconds() - began_at
            # Not a call, which each line would make.
            self._fan_out.counts[bisect_left(self._fan_out.bounds, self._tell_s)] += 1
            self._fan_out.total_s += self._tell_s
            if self._gathered:
                self._end_soon()

    def _tell(self, batches: list[_Batch]) -> None:
        calls: deque[Callable[[], None]] = deque()
        for batch in batches:
            for posted in batch.posted:
                if posted.told is not None:
                    calls.append(partial(posted.told, batch.refused))
                    posted.told = None  # it may hold the posted one in turn
            calls.extend(batch.when_told)
        try:
            self._room.tell(
                [
                    posted.event
                    for batch in batches
                    for posted in batch.posted
                    if batch.refused is None or posted.event.kind not in TALK
                ]
            )
        finally:
            call_all(self._clock, calls)
