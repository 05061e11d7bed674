"""How far the user has read each room, between all devices that are theirs."""

from __future__ import annotations

from typing import Any

from lanchatd.client.outgoing import encode
from lanchatd.client.room import Room
from lanchatd.client.rooms import Rooms
from lanchatd.client.sanitize import number_of, text_of

# How often the server is told, each time of one room: it counts as a line.
TELL_S = 3


class Reading:
    """What the others are to be told, and what they have told. Seconds are those of any clock."""

    def __init__(self, places: Rooms) -> None:
        self.known = False  # whether the nick is ours, and there are others
        self._places = places
        self._told_at = float("-inf")

    def elsewhere(self, event: dict[str, Any]) -> int:
        """A room was read up to an id, on another device.

        How many lines are new then, if we are there for the first time on this one, and did not know it.
        """
        room, until = self._places.named(text_of(event, "room")), number_of(event, "id")
        if room is None or until is None:
            return 0
        first_time, room.first_time = room.first_time, False
        room.read = until if first_time else max(room.read, until)
        room.reported = until
        return room.new if first_time else 0

    def due(self, now: float) -> list[bytes]:
        """The encoded line to tell the server now; it counts as told."""
        room = self._unreported()
        if room is None or now < self._told_at + TELL_S:
            return []
        self._told_at = now
        return [self._report(room)]

    def next_in(self, now: float) -> float | None:
        """In how many seconds there is something to tell; None for nothing."""
        return None if self._unreported() is None else max(0.0, self._told_at + TELL_S - now)

    def last(self) -> bytes:
        """What is to be told before it leaves."""
        told = b""
        while (room := self._unreported()) is not None:
            told += self._report(room)
        return told

    def _unreported(self) -> Room | None:
        if not self.known:
            return None
        return next((room for room in self._places.open if room.read > room.reported), None)

    @staticmethod
    def _report(room: Room) -> bytes:
        room.reported = room.read
        return encode({"read": {"room": room.name, "id": room.read}})
