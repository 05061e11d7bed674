"""The log of one room on disk, with its newest events in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from lanchatd.chat.answers import Answer
from lanchatd.chat.events import Event
from lanchatd.chat.log import Listener
from lanchatd.chat.posted import Posted
from lanchatd.history.disk.commits import Keeping
from lanchatd.history.disk.reading import RoomRow
from lanchatd.history.memory import Tail
from lanchatd.text.refused import Refused

Read = Callable[[RoomRow, int, int, int], Answer[Sequence[Event]]]
"""Reads a room's events from the file, as `lanchatd.chat.log.Log.read` does."""

Remove = Callable[[RoomRow], Answer[None]]
"""Throws a room away, and answers as `lanchatd.chat.log.Log.throw_away` does."""


class DiskLog:
    """Implements `lanchatd.chat.log.Log`. Fan-out, most of joining and coming back are served from memory."""

    def __init__(
        self, name: str, room: RoomRow, tail: Tail, commits: Keeping, read: Read, remove: Remove
    ) -> None:
        """``name`` is the file's, with something behind it if rooms had been removed before this one came."""
        self.name = name
        self.row = room
        self._tail = tail
        self._commits = commits
        self._read = read
        self._remove = remove
        self._under_way = 0  # appends
        self._thrown_away: Answer[None] | None = None
        self.refuses: Callable[[], Refused | None] = commits.refuses
        self._listener: Listener

    @property
    def newest(self) -> int:
        return self._tail.newest

    def listen(self, listener: Listener) -> None:
        self._listener = listener

    def append(self, batch: Sequence[Posted]) -> None:
        if self._thrown_away is not None:
            self._listener.arrived(batch, _being_removed())
            return
        for id_, posted in enumerate(batch, self.newest + 1):
            posted.event = posted.event.numbered(id_)
        self._under_way += 1
        self.row.name = batch[0].event.room
        self._commits.append(self.row, batch, partial(self._appended, batch))

    def _appended(self, batch: Sequence[Posted], refused: Refused | None) -> None:
        self._under_way -= 1
        if refused is None:
            self._tail.hold([posted.event for posted in batch])
        else:
            for posted in batch:
                posted.event = posted.event.numbered(0)
        if self._thrown_away is not None and not self._under_way:
            self._remove(self.row).when_known(self._was_removed)
        self._listener.arrived(batch, refused)

    def hangs(self) -> None:
        """The disk does not answer."""
        self._listener.hangs()

    def put_away(self) -> bool:
        self._tail.forget(self._tail.newest)
        return True

    def throw_away(self) -> Answer[None]:
        answer: Answer[None] = Answer()
        if self._thrown_away is not None:
            answer.fail(_being_removed())
            return answer
        self._thrown_away, self.refuses = answer, _being_removed
        if not self._under_way:  # else what is on its way would come behind
            self._remove(self.row).when_known(self._was_removed)
        return answer

    def _was_removed(self, removed: Answer[None]) -> None:
        answer = self._thrown_away
        if removed.error is None:
            self._tail.forget(self._tail.newest)
        else:
            self._thrown_away, self.refuses = None, self._commits.refuses  # it goes on
        if answer is not None:
            removed.hand_on(answer)

    def skip(self, until: int) -> None:
        """Those up to an id, which is past the newest, are lost."""
        self._tail.skip(until)

    def forget(self, until: int) -> None:
        """The events up to an id are not in the file any more."""
        self._tail.forget(until)

    def holds(self, after: int, until: int) -> bool:
        """Whether these events are in memory, or there are none."""
        return after + 1 >= self._tail.oldest or until <= after

    def read(self, after: int, until: int, limit_bytes: int) -> Answer[Sequence[Event]]:
        if self.holds(after, until):
            return Answer.of(self._tail.read(after, until, limit_bytes))
        return self._read(self.row, after, until, limit_bytes)


def _being_removed() -> Refused:
    """A new one each time: one that was raised holds on to where it was."""
    return Refused("room_removed", "The room is being removed.")
