"""The log of one room in the stream that all daemons read.

What is to be said is published as one message a batch, on the condition that the room is where this daemon
thinks it is; and it is in the log when it comes back in the one order, with the number of its first line.
Whatever the broker did, all daemons see the same messages in the same order, and each of them throws away
one that does not go on where the room is. Its sender sees that too, and sends it again. So all have the same
lines under the same ids. If the condition failed, another daemon was faster: its lines go first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol
from weakref import ref

from lanchatd.broker.batches import FIRST, PRUNED, REMOVED, Batch, Line, encoded, pruned
from lanchatd.broker.replica import Base, Writes
from lanchatd.broker.stream import AGAIN_S, FROM, Fate, Message, Published, Stream
from lanchatd.chat.answers import Answer, begin
from lanchatd.chat.events import Event
from lanchatd.chat.log import Listener
from lanchatd.chat.posted import Posted
from lanchatd.chat.refs import Refs
from lanchatd.chat.user import User
from lanchatd.clock import Clock
from lanchatd.history.disk.room_log import DiskLog
from lanchatd.text.refused import Refused

# How long after a try of which nothing was heard it is tried again. It is never said twice: if the first try
# is in the stream after all, the condition of the second one fails.
LATE_S = 2.5

# How long lines may be on their way, before no more are taken until they came.
HANGS_S = 10.0


class Around(Protocol):
    """What the logs of all rooms share."""

    stream: Stream
    clock: Clock
    writes: Writes
    refs: Refs
    why: str | None
    """Why nothing can be said, None while it can."""

    def begins(self, log: RoomLog) -> None:
        """It has something on its way."""
        ...

    def ended(self, log: RoomLog) -> None:
        """It has nothing on its way any more."""
        ...

    def hangs(self, why: str) -> None:
        """A log takes nothing more until what is on its way came, and why that is."""
        ...

    def user(self, nick: str) -> User | None:
        """Who is here under a nick."""
        ...

    def removed(self, key: str, here: bool) -> None:
        """A room was removed, at this daemon or at another one."""
        ...

    def token(self) -> str:
        """What a message is known by when it comes back."""
        ...


@dataclass(slots=True)
class _Sending:
    """A batch on its way, since when; or none, to remove the room. ``tries`` are what was sent, by token.

    Of each it is known whether it is only a part, with more behind it.
    """

    batch: Sequence[Posted]
    since: float
    again_at: float = 0.0
    token: str = ""
    hangs: bool = False
    why: str = "the broker does not answer"
    tries: dict[str, tuple[Sequence[Posted], bool]] = field(default_factory=dict)


class RoomLog:
    """Implements `lanchatd.chat.log.Log`. ``disk`` is this daemon's own copy of it, with its newest lines."""

    def __init__(self, key: str, subject: str, name: str, base: Base, disk: DiskLog, around: Around) -> None:
        self.key = key
        self.name = name
        self._subject = subject
        self._base = base
        self._disk = disk
        self._around = around
        self._sending: _Sending | None = None
        self._removing: Answer[None] | None = None
        self._removed = False
        self._listener: Listener

    @property
    def newest(self) -> int:
        return self._disk.newest

    def refuses(self) -> Refused | None:
        if (why := self._around.why) is not None:
            return _refused(why)
        if self._removed or self._removing is not None:
            return _being_removed()
        if (sending := self._sending) is not None and sending.hangs:
            return _refused(sending.why)
        return None

    def listen(self, listener: Listener) -> None:
        self._listener = listener
        self._disk.listen(listener)

    # -- what is said here

    def append(self, batch: Sequence[Posted]) -> None:
        if self._removed or self._removing is not None:
            self._listener.arrived(batch, _being_removed())
            return
        self._send(_Sending(batch, self._around.clock.seconds()))

    def _send(self, sending: _Sending) -> None:
        self._sending = sending
        self._around.begins(self)
        self.try_now()

    def try_now(self) -> None:
        """Send what is on its way, once more if it was sent before."""
        sending, around = self._sending, self._around
        if sending is None or not around.stream.up:
            return
        posted = [one for one in sending.batch if not self._was_said(one)]
        if sending.batch and not posted:
            self._sent()
            self._listener.arrived(sending.batch)
            return
        count, body = len(posted), encoded(posted) if posted else b""
        while len(body) > around.stream.largest and len(posted) > 1:
            # Many megabytes in one turn: one part after the other. A single line always fits.
            posted = posted[: len(posted) // 2]
            body = encoded(posted)
        sending.token = token = around.token()
        sending.tries[token] = posted, count > len(posted)
        sending.again_at = around.clock.seconds() + LATE_S
        headers = {FROM: token, **({FIRST: str(self.newest + 1)} if posted else {REMOVED: "1"})}
        answered = partial(self._answered, sending, token)
        around.stream.publish(self._subject, body, headers, self._base.sequence, answered)

    def _was_said(self, posted: Posted) -> bool:
        if posted.before or posted.ref is None:
            return posted.before
        if id_ := self._around.refs.elsewhere(posted.ref):
            posted.event, posted.before = posted.event.numbered(id_), True
        return posted.before

    def _answered(self, sending: _Sending, token: str, published: Published) -> None:
        if published.fate is Fate.FAILED:
            sending.why = published.why
        if sending.token == token:
            # After a conflict, the message that was faster comes, and then it is tried at once.
            sending.again_at = self._around.clock.seconds() + AGAIN_S

    def look(self, now: float) -> None:
        """Try again what is due, and say when it hangs."""
        if (sending := self._sending) is None:
            return
        if now >= sending.again_at:
            self.try_now()
        if now - sending.since >= HANGS_S and not sending.hangs and self._sending is sending:
            self.hangs()
            self._around.hangs(sending.why)

    @property
    def is_hanging(self) -> bool:
        """Whether what is on its way has been there for too long."""
        return self._sending is not None and self._sending.hangs

    def hangs(self) -> None:
        """Nothing more is taken until what is on its way came, or the broker is back."""
        if self._sending is not None:
            self._sending.hangs = True
        self._listener.hangs()

    def _sent(self) -> None:
        self._sending = None
        self._around.ended(self)
        if self._removing is not None:
            self._send(_Sending((), self._around.clock.seconds()))

    # -- what comes

    def own_arrived(self, message: Message) -> bool:
        """The next message of the room, if it is one that was sent here: what it says is known."""
        sending = self._sending
        if sending is None or (tried := sending.tries.get(message.headers.get(FROM, ""))) is None:
            return False
        own, more = tried
        if not own or message.headers.get(FIRST) != str(self.newest + 1):
            return False  # it removes the room, or is none that counts
        self._base.sequence = message.sequence
        self._around.writes.read(self.key, self._base, message.sequence)
        at = message.at
        for posted in own:
            posted.event, posted.before = posted.event._replace(at=at), False
        if more:
            self._part_arrived(sending, own)
        else:
            self._sent()
            self._disk.append(own)
        return True

    def _part_arrived(self, sending: _Sending, own: Sequence[Posted]) -> None:
        """It is told as what others say is, and answered with the last part; the next one goes."""
        told = [Posted(posted.event, posted.ref) for posted in own]
        self._disk.append(told)
        for posted, arrived in zip(own, told, strict=True):
            posted.event, posted.before = arrived.event, True
        sending.since = self._around.clock.seconds()
        sending.tries.clear()
        self.try_now()

    def arrived(self, message: Message, batch: Batch | None) -> None:
        """The next message of the room that others sent; None if it is none that can be read."""
        self._base.sequence = message.sequence
        if batch is not None and batch.removes:
            self._is_removed(message.sequence)
            return
        self._around.writes.read(self.key, self._base, message.sequence)
        if batch is not None and batch.pruned:
            self._is_pruned(batch.pruned, batch.name)
        if batch is not None and batch.first > self.newest:
            if batch.first > self.newest + 1:
                self._is_lost(batch.first - 1)
            lines = enumerate(batch.lines, batch.first)
            self._disk.append([self._posted(line, batch, line.at or message.at, id_) for id_, line in lines])
        if self._sending is not None:
            self._sending.tries.clear()  # their condition does not hold any more
            self.try_now()

    def _posted(self, line: Line, batch: Batch, at: float, id_: int) -> Posted:
        """A line of another daemon. It is known here too, if it is sent once more."""
        if line.ref is not None:
            self._around.refs.restore(line.ref, id_, self._around.clock.seconds())
        user = self._around.user(line.nick)
        by = None if user is None else ref(user)
        event = Event(line.kind, batch.name, line.nick, line.text, at, by=by, known=line.known)
        return Posted(event, line.ref)

    def _is_lost(self, until: int) -> None:
        """They were taken out of the stream before this daemon read them."""
        self._disk.skip(until)
        self._around.writes.lost(self._disk.row, until)

    def say_pruned(self, until: int) -> None:
        """All let go of the lines up to this id: what is taken out at one daemon is to be shown by none.

        Not if something comes in between: it might remove the room, which would be made again.
        """
        body, headers = pruned(self._disk.row.name), {PRUNED: str(until)}
        self._around.stream.publish(self._subject, body, headers, self._base.sequence, lambda _: None)

    def _is_pruned(self, until: int, name: str) -> None:
        """The lines up to an id are not to be kept, at whatever daemon."""
        if until > self.newest:
            self._disk.skip(until)  # it has begun with what the stream has still
        else:
            self._disk.forget(until)
        self._disk.row.name = name
        self._around.writes.lost(self._disk.row, until)

    # -- in memory, and back

    def put_away(self) -> bool:
        return self._disk.put_away()

    def forget(self, until: int) -> None:
        """The events up to an id are not kept any more."""
        self._disk.forget(until)

    def read(self, after: int, until: int, limit_bytes: int) -> Answer[Sequence[Event]]:
        if self._disk.holds(after, until):
            return self._disk.read(after, until, limit_bytes)
        return begin(self._read(after, until, limit_bytes))

    async def _read(self, after: int, until: int, limit_bytes: int) -> Sequence[Event]:
        await self._around.writes.written()
        return await self._disk.read(after, until, limit_bytes)

    # -- removing the room

    def throw_away(self) -> Answer[None]:
        answer: Answer[None] = Answer()
        if self._removed or self._removing is not None:
            answer.fail(_being_removed())
        elif (why := self._around.why) is not None:
            answer.fail(_refused(why))
        else:
            self._removing = answer
            if self._sending is None:
                self._send(_Sending((), self._around.clock.seconds()))
        return answer

    def _is_removed(self, sequence: int) -> None:
        self._base.removed, self._removed = sequence, True
        self._around.writes.read(self.key, self._base, sequence)
        self._around.writes.write()  # nothing of it may come behind
        sending, self._sending = self._sending, None
        removing, self._removing = self._removing, None
        self._around.ended(self)
        thrown_away = self._disk.throw_away()
        if removing is not None:
            thrown_away.when_known(partial(_hand_on, removing))
        if sending is not None and sending.batch:
            self._listener.arrived(sending.batch, _being_removed())
        self._around.removed(self.key, removing is not None)


def _hand_on(to: Answer[None], answer: Answer[None]) -> None:
    answer.hand_on(to)


def _refused(why: str) -> Refused:
    return Refused("log_failed", f"That line can't be kept: {why}.")


def _being_removed() -> Refused:
    return Refused("room_removed", "The room is being removed.")
