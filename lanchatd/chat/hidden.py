"""Which events of a batch are hidden from which IRC clients: told them already, or not for them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from lanchatd.chat.events import Event
from lanchatd.chat.late_joins import ForSome

# What happens in several rooms at once, as that somebody quits, is told a session once; of more than so many
# in one batch of a room, once a room: to look for each whom each has been told of would take too long.
MOST_TOLD_ONCE = 64


class InRooms(Protocol):
    """A session, which is in some rooms."""

    @property
    def cursors(self) -> Sequence[object]:
        """One for each of its rooms."""
        ...


class InRoom(Protocol):
    """A session in one room, and who had come before it was told who is here (`LateJoins.came`)."""

    names_at: int

    @property
    def reader(self) -> InRooms:
        """The session."""
        ...


_Cursor = TypeVar("_Cursor", bound=InRoom)


def hidden_from(
    cursors: Iterable[_Cursor], events: Sequence[Event], for_some: Mapping[int, ForSome]
) -> dict[_Cursor, frozenset[int]]:
    """Those who are not told all of these, and the indexes of what each is not told.

    The others know from now on what is told in several rooms.
    """
    once = [(at, event.told) for at, event in enumerate(events) if event.told is not None]
    hidden: dict[_Cursor, frozenset[int]] = {}
    unknown = _Unknown(for_some)
    for cursor in cursors:
        without = unknown.to_one_who_knows(cursor.names_at)
        for at, told in once[:MOST_TOLD_ONCE]:
            if at in without:
                continue
            if cursor.reader in told:
                without |= {at}
            elif len(cursor.reader.cursors) > 1:
                told.add(cursor.reader)
        if without:
            hidden[cursor] = without
    return hidden


class _Unknown:
    """What is not for those who know, or don't know, of somebody."""

    def __init__(self, for_some: Mapping[int, ForSome]) -> None:
        self._for_some = for_some
        self._numbers = sorted(each.came for each in for_some.values())
        self._indexes: dict[int, frozenset[int]] = {}

    def to_one_who_knows(self, came: int) -> frozenset[int]:
        """The indexes, for a client whose list of who is here had those who came until that number."""
        rank = bisect_right(self._numbers, came)
        if rank not in self._indexes:
            self._indexes[rank] = frozenset(
                at for at, each in self._for_some.items() if (each.came <= came) is not each.knowing
            )
        return self._indexes[rank]
