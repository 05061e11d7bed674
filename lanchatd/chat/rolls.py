"""Rolls: who or what there is, in the order in which it came, to be read a piece at a time.

A list of ten thousand is too long for one turn of the reactor, and for who does not read. Who reads one keeps
a place in it, and no list.
"""

from __future__ import annotations

from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


class Roll(dict[str, T]):
    """What there is, by its key; ``gone`` counts what was there, and is not any more."""

    def __init__(self) -> None:
        super().__init__()
        self.gone = 0

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        self.gone += 1


class Reading(Generic[T]):
    """A place in a roll. What is there all the time is read, however it changes; some of it perhaps twice."""

    __slots__ = ("_at", "_began", "_gone", "_roll")

    def __init__(self, roll: Roll[T]) -> None:
        self._roll = roll
        self._at = 0
        self._began = self._gone = roll.gone

    @property
    def at(self) -> int:
        """How many are before it: of what is gone each may have been."""
        gone = self._roll.gone
        self._at = max(0, self._at - (gone - self._gone))
        self._gone = gone
        return self._at

    @property
    def is_over(self) -> bool:
        """Whether everything was read."""
        return self.at >= len(self._roll)

    @property
    def lost_some(self) -> bool:
        """Whether something is gone since it began, which may have been read."""
        return self._roll.gone != self._began

    def take(self, most: int) -> list[T]:
        """The next ones, so many at the most."""
        at = self.at
        self.pass_over(most)
        return list(islice(self._roll.values(), at, self._at))

    def pass_over(self, most: int) -> None:
        """The next ones were read elsewhere."""
        self._at = min(self.at + most, len(self._roll))
