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


# Looked up here once: an Enum takes a tenth of a microsecond for each look (measured), and a line has ten.
RESTS, GATHERS, GATHERS_ON, WAITS, LOGS, HOLDS = State

NEXT = {
    RESTS: {GATHERS},
    GATHERS: {GATHERS_ON, WAITS, LOGS, RESTS},
    GATHERS_ON: {LOGS, GATHERS, RESTS},
    WAITS: {GATHERS, RESTS},
    LOGS: {HOLDS, GATHERS, RESTS},
    HOLDS: {LOGS, GATHERS, RESTS},
}
"""Where each state can go."""


@dataclass(slots=True)
class _Batch:
    """What goes on together, since when (`Clock.seconds`); ``refused`` if the log did not take the talk."""

    posted: list[Posted]
    when_told: list[Callable[[], None]]
    at: float
    refused: Refused | None = None

    def has(self, posted: Posted) -> bool:
        """Whether this one is in it."""
        return posted in self.posted


class Turn:
    """The turn of one room. Implements `lanchatd.chat.log.Listener`."""

    def __init__(
        self, members: Sized, fan_out: Callable[[Sequence[Event]], None], log: Log, around: Shared
    ) -> None:
        """``fan_out`` tells events to the ``members``; their talk is in the log."""
        self.state = RESTS
        self._members = members
        self._fan_out = fan_out
        self._log = log
        self._clock = around.clock
        self._told, self._logged = around.counts.fan_out, around.counts.append
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
        if self.state is RESTS or (self.state is WAITS and self._has_talk):
            self._go(GATHERS)
        if self._end is None:
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
        if self._has_talk and self._end is not None and self.state in (GATHERS, GATHERS_ON):
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
        large = len(self._members) > SMALL_ROOM
        if self.state is GATHERS and large and self._has_talk:
            # For one turn more, which costs next to nothing beside a fan-out: what arrived while the first
            # line was being read goes out with it, and not after everybody was sent that alone.
            self._go(GATHERS_ON)
            self._end_soon()
        elif self.state is GATHERS and large:
            self._go(WAITS)
            if not self._asked:
                self._asked = True
                self._presence_turns.ask(self._tell_presences)
        elif self.state in (GATHERS, GATHERS_ON):
            self._append()
        if self._at_end:
            self._call_at_end()

    def _call_at_end(self) -> None:
        calls, self._at_end = self._at_end, []
        for call in calls:
            call()

    def _tell_presences(self) -> int:
        self._asked = False
        if self.state is not WAITS:
            return 0
        self._append()
        return len(self._members)

    def _append(self) -> None:
        batch = _Batch(self._gathered, self._when_told, self._clock.seconds())
        self._gathered, self._when_told, self._has_talk = [], [], False
        talk = [posted for posted in batch.posted if posted.event.kind in TALK]
        if talk:
            if self.state is not HOLDS:
                self._go(LOGS)
            self._in_log = batch
            self._log.append(talk)
        else:
            self._go(RESTS)
            if self._held:
                self._tell_held()
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
            self._tell_held(batch)
        else:
            self._others_arrived(posted)

    def _others_arrived(self, posted: Sequence[Posted]) -> None:
        """They are told with what else comes in this turn, or with what is on its way into the log here."""
        self._held.append(_Batch(list(posted), [], self._clock.seconds()))
        if self.state is LOGS:
            self._go(HOLDS)
        if self._held_until is None:
            left_s = min(self._tell_s, MOST_HELD_S) if self.state is HOLDS else 0
            self._held_until = self._clock.callLater(left_s, self._held_long_enough)

    def _own_arrived(self, batch: _Batch) -> None:
        self._held.append(batch)
        now, logged = self._clock.seconds(), self._logged
        logged_s = now - batch.at
        # Not a call, which each line would make.
        logged.counts[bisect_left(logged.bounds, logged_s)] += 1
        logged.total_s += logged_s
        if self._has_talk:
            left_s = min(self._tell_s, MOST_HELD_S) - (now - self._held[0].at)
            if left_s > 0:
                if self._held_until is None:
                    self._held_until = self._clock.callLater(left_s, self._held_long_enough)
                self._go(HOLDS)
                self._append()
                return
        elif self._when_told:
            batch.when_told += self._when_told
            self._when_told = []
        self._go(GATHERS if self._gathered else RESTS)
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
        self._go(GATHERS if self._gathered else RESTS)
        self._tell_held(talk)

    def _held_long_enough(self) -> None:
        if self.state is HOLDS:
            self._go(LOGS)
        self._tell_held()

    def _tell_held(self, *further: _Batch) -> None:
        if self._held_until is not None:
            if self._held_until.active():
                self._held_until.cancel()
            self._held_until = None
        batches, self._held = self._held, []
        batches += further
        seconds, told = self._clock.seconds, self._told
        began_at = seconds()
        try:
            self._tell(batches)
        finally:
            self._tell_s = tell_s = seconds() - began_at
            # Not a call here either.
            told.counts[bisect_left(told.bounds, tell_s)] += 1
            told.total_s += tell_s
            if self._gathered:
                self._end_soon()

    def _tell(self, batches: list[_Batch]) -> None:
        events: list[Event] = []
        calls: list[Callable[[], None]] = []
        for batch in batches:
            refused = batch.refused
            for posted in batch.posted:
                event = posted.event
                if refused is None or event.kind not in TALK:
                    if not posted.before:
                        events.append(event)
                elif posted.if_refused is not None:
                    calls.append(partial(posted.if_refused, refused))
                if posted.told is not None:
                    calls.append(partial(posted.told, refused))
                    posted.told = None  # it may hold the posted one in turn
            calls += batch.when_told
        try:
            self._fan_out(events)
        finally:
            if calls:
                call_all(self._clock, deque(calls))
