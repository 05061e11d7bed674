"""The log of one room on disk, with its newest events in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from lanchatd.chat.events import Event
from lanchatd.chat.log import Found
from lanchatd.history.disk.rows import RoomRow
from lanchatd.history.memory import Tail
from lanchatd.text.refused import Refused


class Disk(Protocol):
    """What a log needs of the file."""

    name: str
    """Names the file: ids of another one mean something else."""

    def refuses(self) -> Refused | None:
        """Answer as `lanchatd.chat.log.Log.refuses` does."""
        ...

    def append(self, room: RoomRow, batch: Sequence[Event], answer: Callable[[Refused | None], None]) -> None:
        """Keep events that are numbered, and then answer; or answer why not, and nothing is kept."""
        ...

    def read(
        self, room: RoomRow, after: int, until: int, limit_bytes: int, answer: Callable[[Found], None]
    ) -> None:
        """Answer as `lanchatd.chat.log.Log.read` does."""
        ...


class DiskLog:
    """Implements `lanchatd.chat.log.Log`. Fan-out, most of joining and coming back are served from memory."""

    def __init__(self, disk: Disk, room: RoomRow, tail: Tail) -> None:
        self._disk = disk
        self._room = room
        self._tail = tail

    @property
    def name(self) -> str:
        """The file's."""
        return self._disk.name

    @property
    def newest(self) -> int:
        return self._tail.newest

    def refuses(self) -> Refused | None:
        return self._disk.refuses()

    def append(self, batch: Sequence[Event], answer: Callable[[Refused | None], None]) -> None:
        if not batch:
            answer(None)
            return
        for id_, event in enumerate(batch, self.newest + 1):
            event.id = id_
        self._room.name = batch[0].room
        self._disk.append(self._room, batch, partial(self._appended, batch, answer))

    def _appended(
        self, batch: Sequence[Event], answer: Callable[[Refused | None], None], refused: Refused | None
    ) -> None:
        if refused is None:
            self._tail.hold(batch)
        for event in batch:
            event.ref = None  # it is in the file; in memory it would only take room
            if refused is not None:
                event.id = 0
        answer(refused)

    def put_away(self) -> bool:
        self._tail.forget(self._tail.newest)
        return True

    def forget(self, until: int) -> None:
        """The events up to an id are not in the file any more."""
        self._tail.forget(until)

    def read(self, after: int, until: int, limit_bytes: int, answer: Callable[[Found], None]) -> None:
        if after + 1 >= self._tail.oldest or until <= after:
            answer(self._tail.read(after, until, limit_bytes))
        else:
            self._disk.read(self._room, after, until, limit_bytes, answer)
