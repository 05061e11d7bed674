"""Which events of a batch are hidden from which IRC clients: told them already, or not for them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
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


_Key = TypeVar("_Key")

NOTHING: frozenset[int] = frozenset()


class Hidden:
    """What of a batch is hidden, as indexes of its ``events``, from whom of a room's IRC clients.

    Of those who are told the same there are few groups, though they may be thousands.
    """

    def __init__(self, events: Sequence[Event], for_some: Mapping[int, ForSome]) -> None:
        """``for_some`` are those that are only for who knows, or does not know, of somebody."""
        once = [(at, event.told) for at, event in enumerate(events) if event.told is not None]
        self._once = once[:MOST_TOLD_ONCE]
        self._for_some = for_some
        self._numbers = sorted(each.came for each in for_some.values())
        self._unknown: dict[int, frozenset[int]] = {}

    def groups(self, cursors: Mapping[_Key, InRoom]) -> dict[frozenset[int], list[_Key]]:
        """The keys of those cursors that are not told the same, by what they are not told.

        They know from now on what is told in several rooms.
        """
        groups: dict[frozenset[int], list[_Key]] = {}
        if self._once:
            for key, cursor in cursors.items():
                groups.setdefault(self.from_one(cursor), []).append(key)
            return groups
        # No function of ours for each: it would cost half of a send.
        numbers = self._numbers
        by_rank: list[list[_Key]] = [[] for _ in range(len(numbers) + 1)]
        for key, cursor in cursors.items():
            by_rank[bisect_right(numbers, cursor.names_at)].append(key)
        for keys in filter(None, by_rank):
            groups.setdefault(self._unknown_to(cursors[keys[0]]), []).extend(keys)
        return groups

    def from_one(self, cursor: InRoom) -> frozenset[int]:
        """The same for one of them."""
        without = self._unknown_to(cursor)
        reader = cursor.reader
        for at, told in self._once:
            if at in without:
                continue
            if reader in told:
                without |= {at}
            elif len(reader.cursors) > 1:
                told.add(reader)
        return without

    def _unknown_to(self, cursor: InRoom) -> frozenset[int]:
        """What is not for a client whose list of who is here had those who came until some number."""
        if not self._numbers:
            return NOTHING
        came = cursor.names_at
        rank = bisect_right(self._numbers, came)
        if rank not in self._unknown:
            self._unknown[rank] = frozenset(
                at for at, each in self._for_some.items() if (each.came <= came) is not each.knowing
            )
        return self._unknown[rank]
