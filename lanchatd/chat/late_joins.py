"""Joins of a large room, as IRC clients are told them: when somebody speaks for the first time.

IRC has a line for each who comes, to each who is there: 10,000 joins are 1.8 GiB (measured). So in a large
room a client knows of those who have spoken, and of those in the list of who is here that it was given. What
else is told of somebody who has not spoken, and that they left, is for those who know of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lanchatd.chat.events import TALK, Event, Kind

# Up to here all are told at once: 200 joins told each to each are 1 MiB.
LARGE_ROOM = 200


@dataclass(frozen=True, slots=True)
class ForSome:
    """An event is for those who know of somebody from a list, or for those who don't.

    ``came``: who it is about came as the so-manieth into the room.
    """

    knowing: bool
    came: int


class LateJoins:
    """Who has come into one room; ``came`` counts them.

    ``numbers`` are of the users whose joins were to be told later, ``unheard`` those that were not told yet.
    """

    def __init__(self) -> None:
        self.came = 0
        self.numbers: dict[Any, int] = {}
        self.unheard: set[int] = set()

    def comes(self, user: Any, size: int) -> None:
        """A user comes, and the room has that many now."""
        self.came += 1
        if size > LARGE_ROOM:
            self.numbers[user] = self.came
            self.unheard.add(self.came)

    def leaves(self, user: Any) -> None:
        """A user has left."""
        self.numbers.pop(user, None)

    def told(self, events: Sequence[Event]) -> tuple[Sequence[Event], Mapping[int, ForSome]]:
        """The events of a batch as IRC clients are told them; and which of them, by index, only some."""
        told: list[Event] = []
        some: dict[int, ForSome] = {}
        for event in events:
            if event.came not in self.unheard:
                told.append(event)
            elif event.kind in TALK:
                self.unheard.discard(event.came)
                some[len(told)] = ForSome(False, event.came)
                told += (_join(event), event)
            elif event.kind is not Kind.JOINED:
                if event.kind is Kind.LEFT:
                    self.unheard.discard(event.came)
                some[len(told)] = ForSome(True, event.came)
                told.append(event)
        return told, some


def _join(talk: Event) -> Event:
    user: Any = None if talk.by is None else talk.by()
    real_name = talk.nick if user is None else user.real_name
    return Event(Kind.JOINED, talk.room, talk.nick, real_name, talk.at, by=talk.by, origins=talk.origins)
