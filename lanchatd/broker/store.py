"""The logs of all rooms in the stream, and this daemon's own copy of them, which is read and searched in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from weakref import WeakValueDictionary

from twisted.logger import Logger

from lanchatd.broker.batches import batch_in
from lanchatd.broker.replica import Base, Kept, Writes, open_replica
from lanchatd.broker.room_log import RoomLog
from lanchatd.broker.stream import AGAIN_S, Message, Stream, room_key, room_subject
from lanchatd.chat.answers import Answer, begin
from lanchatd.chat.refs import Refs
from lanchatd.chat.searching import Asker, Hits
from lanchatd.chat.user import User
from lanchatd.clock import Call, Clock
from lanchatd.history.disk.reading import Restored
from lanchatd.history.disk.store import DiskStore
from lanchatd.limits import Limits
from lanchatd.state.worker import Worker

# How often it is looked for what was taken out of the copy, as it is too old or too much: it goes from the
# stream too.
PURGE_EVERY_S = 60

# How often one tries to say so, while others say something there in the same moment; then after that time.
PRUNED_TRIES = 20

NOT_YET = "the broker has not been reached yet"


class BrokerStore:
    """All rooms. Implements `lanchatd.broker.room_log.Around` for their logs."""

    log = Logger("lanchatd")

    def __init__(
        self,
        path: Path,
        stream: Stream,
        limits: Limits,
        clock: Clock,
        now: Callable[[], float],
        new_worker: Callable[[str], Worker],
    ) -> None:
        """``path`` is that of the copy; the others are as `DiskStore` takes them."""
        self.stream = stream
        self.clock = clock
        self.writes = Writes(clock)
        self.refs: Refs
        self.why: str | None = NOT_YET
        self.disk = DiskStore(path, limits, clock, now, new_worker, self.writes)
        self._log_name = ""
        self._bases: dict[str, Base] = {}
        self._logs: WeakValueDictionary[str, RoomLog] = WeakValueDictionary()
        self._sending: set[RoomLog] = set()
        self._look: Call | None = None
        self._tokens = count(1)
        self._to_purge: dict[str, int] = {}
        self._purged_until: dict[str, int] = {}  # up to which id, by the key of the room
        self._purging: Call | None = None
        self._user: Callable[[str], User | None] = lambda _: None
        self._found: Callable[[str], object] = lambda _: None
        self._gone: Callable[[str], None] = lambda _: None
        self._hangs: str | None = None
        self._hang_changed: Callable[[str | None], None] = lambda _: None

    # -- opening and closing

    def serve(
        self,
        refs: Refs,
        user: Callable[[str], User | None],
        found: Callable[[str], object],
        gone: Callable[[str], None],
        hang_changed: Callable[[str | None], None],
    ) -> None:
        """Tell a chat: ``found`` makes a room, by its name, in which another daemon's people talk.

        ``gone``: a room was removed elsewhere, by its key. ``user`` is who is here under a nick.
        ``hang_changed``: lines are refused although the broker is there, and why; or no more (None).
        """
        self.refs, self._user, self._found, self._gone = refs, user, found, gone
        self._hang_changed = hang_changed
        self.stream.subscribe("room.*", self._arrived)

    def open(
        self, log: str, warn: Callable[[str], None], trouble_changed: Callable[[], None]
    ) -> tuple[list[Restored], int]:
        """The rooms of the stream's log that are known here, and up to which sequence.

        Otherwise as `DiskStore.open`.
        """
        self._log_name = log
        known: list[Kept] = []
        restored = self.disk.open(warn, trouble_changed, partial(open_replica, log, known.append))
        (kept,) = known
        self._bases = kept.bases
        self.writes.knows({one.room.number for one in restored}, kept.sequence)
        return restored, kept.sequence

    def close(self) -> bool:
        """As `DiskStore.close`."""
        for call in (self._look, self._purging):
            if call is not None:
                call.cancel()
        self._look = self._purging = None
        return self.disk.close()

    def log_of(self, key: str) -> RoomLog:
        """The log of a room, by its key."""
        base = self._bases.setdefault(key, Base())
        name = f"{self._log_name}-{base.removed}" if base.removed else self._log_name
        self._logs[key] = log = RoomLog(key, room_subject(key), name, base, self.disk.log_of(key), self)
        return log

    def search(self, words: str, before: int | None, count: int, asker: Asker) -> Answer[Hits]:
        """Find lines, as `lanchatd.chat.searching.Search`, also those that have just come."""
        return begin(self._search(words, before, count, asker))

    async def _search(self, words: str, before: int | None, count: int, asker: Asker) -> Hits:
        await self.writes.written()
        return await self.disk.searches.search(words, before, count, asker)

    @property
    def trouble(self) -> str | None:
        """Why lines are refused, None while they are not."""
        return self.why or self._hangs

    def size_bytes(self) -> int:
        """Of the copy."""
        return self.disk.size_bytes()

    # -- the link

    def is_up(self) -> None:
        """All that was said is here, and it can be talked."""
        self.why = None
        for log in list(self._sending):
            log.try_now()
        purges, self._to_purge = self._to_purge, {}
        for subject, below in purges.items():
            self._purge(subject, below)
        if self._purging is None:
            self._purging = self.clock.callLater(PURGE_EVERY_S, self._purge_old)

    def is_down(self, why: str) -> None:
        """Nothing can be said: what is on its way waits."""
        was, self.why = self.why, why
        if was is None:
            for log in list(self._logs.values()):
                log.hangs()

    # -- for the logs

    def begins(self, log: RoomLog) -> None:
        self._sending.add(log)
        if self._look is None:
            self._look = self.clock.callLater(AGAIN_S, self._look_at_all)

    def ended(self, log: RoomLog) -> None:
        self._sending.discard(log)
        if self._hangs is not None and not any(one.is_hanging for one in self._sending):
            self._hangs = None
            self._hang_changed(None)

    def hangs(self, why: str) -> None:
        if self._hangs is None:
            self._hangs = why
            self._hang_changed(why)

    def _look_at_all(self) -> None:
        self._look = None
        now = self.clock.seconds()
        for log in list(self._sending):
            log.look(now)
        if self._sending and self._look is None:
            self._look = self.clock.callLater(AGAIN_S, self._look_at_all)

    def token(self) -> str:
        return f"{self.stream.node}.{next(self._tokens)}"

    def user(self, nick: str) -> User | None:
        return self._user(nick)

    def removed(self, key: str, here: bool) -> None:
        self._logs.pop(key, None)
        subject, below = room_subject(key), self._bases[key].removed
        if self.stream.up:
            self._purge(subject, below)
        else:
            self._to_purge[subject] = below
        if not here:
            self._gone(key)

    def _purge(self, subject: str, below: int) -> None:
        """What was said there is nobody's business any more. All daemons do it: one may die before."""
        self.stream.purge(subject, below).when_known(partial(self._purged, subject, below))

    def _purged(self, subject: str, below: int, answer: Answer[None]) -> None:
        if answer.error is not None:
            self._to_purge[subject] = below

    def _purge_old(self) -> None:
        self._purging = self.clock.callLater(PURGE_EVERY_S, self._purge_old)
        if self.stream.up:
            begin(self._purge_pruned())

    async def _purge_pruned(self) -> None:
        for key, until in await self.disk.pruned():
            log = self._logs.get(key)
            for _ in range(PRUNED_TRIES):
                if log is None or until <= self._purged_until.get(key, 0):
                    break
                log.say_pruned(until)
                await self._after(AGAIN_S)

    def _after(self, wait_s: float) -> Answer[None]:
        answer: Answer[None] = Answer()
        self.clock.callLater(wait_s, answer.settle, None)
        return answer

    async def _purge_until(self, key: str, log: RoomLog, until: int) -> None:
        """All daemons do it: one may die before."""
        subject = room_subject(key)
        kept = await log.read(until, until + 1, 1) if until < log.newest else ()
        # The newest message of a room stays: the next one counts from it.
        below = self._bases[key].sequence
        if kept and (since := await self.stream.sequence_since(subject, kept[0].at)):
            below = min(below, since)
        await self.stream.purge(subject, below)

    # -- what comes

    def _arrived(self, message: Message) -> None:
        try:
            key = room_key(message.subject)
        except ValueError:
            return  # no room of ours
        log = self._logs.get(key)
        if log is not None and log.own_arrived(message):
            return
        try:
            batch = batch_in(key, message)
        except ValueError as error:
            batch, why = None, str(error)
            self.log.warn(
                "message {number} of the stream can't be read: {why}", number=message.sequence, why=why
            )
        if log is None and batch is not None and not batch.removes:
            self._found(batch.name)
            log = self._logs.get(key)
        if log is not None:
            log.arrived(message, batch)
            if batch is not None and batch.pruned > self._purged_until.get(key, 0):
                self._purged_until[key] = batch.pruned
                if self.stream.up:
                    begin(self._purge_until(key, log, batch.pruned))
            return
        base = self._bases.setdefault(key, Base())
        base.sequence = message.sequence
        if batch is not None and batch.removes:
            base.removed = message.sequence
        self.writes.read(key, base, message.sequence)
