"""The rooms of a session: those that it is in, and those that it was in and knows how far it read.

A session is in one at a time, or in several. No server opens a room here that was not asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lanchatd.client.room import Room, room_key
from lanchatd.client.sanitize import text_of

# Rooms of which it is remembered how far they were read, and those that are known by name.
MOST_ROOMS = 1_000


class Rooms:
    """``current`` is the one that it is in, or of several the one that is shown."""

    def __init__(self, room: str, several: Iterable[Room] | None) -> None:
        self.several = several is not None
        self._rooms = {place.key: place for place in several or ()}
        if room or not self._rooms:
            self._rooms.setdefault(room_key(room), Room(room))
        for place in self._rooms.values():
            place.is_open = True
        self.current = self._rooms[room_key(room)] if room else next(iter(self._rooms.values()))
        self._may_enter: set[str] = set()  # keys of those that were asked for, in this connection
        self._in_hello: dict[str, bool] = {}  # the keys of those in the hello, and whether with a log
        self._rejoined: list[str] = []

    def __len__(self) -> int:
        return len(self._rooms)

    @property
    def open(self) -> list[Room]:
        """Those that it is in, in the order in which it came in."""
        return [place for place in self._rooms.values() if place.is_open]

    def named(self, name: str) -> Room | None:
        """A room that it is in."""
        place = self._rooms.get(room_key(name))
        return place if place is not None and place.is_open else None

    def hello(self) -> dict[str, Any]:
        """What a hello says of them."""
        places = self.open or [Room("")]
        self._in_hello = {place.key: bool(place.log) for place in places}
        self._may_enter = set(self._in_hello)
        return {"rooms": [place.place() for place in places]} if self.several else self.current.place()

    def asks_for(self, name: str) -> None:
        """The server may let us into this one."""
        if len(self._may_enter) < MOST_ROOMS:
            self._may_enter.add(room_key(name))

    def ask_for_less(self) -> bool:
        """The server refused a room that the hello named: the next one names none. False if it named none."""
        if not self.several:
            return False
        self._rejoined = [place.name for place in self.open if place.name]
        for place in self.open:
            place.is_open = False
        return bool(self._rejoined)

    def to_rejoin(self) -> list[str]:
        """Those to be joined one by one after that, once."""
        again, self._rejoined = self._rejoined, []
        return [name for name in again if self.named(name) is None]

    def welcomed(self, event: dict[str, Any]) -> bool:
        """The server let us into a room, with this event; false if nobody asked for it."""
        room = text_of(event, "room")
        key = room_key(room)
        asked_as = key if key in self._may_enter else ""
        if self.several and asked_as not in self._may_enter:
            return False
        self._may_enter.discard(asked_as)
        if not self.several and self.current.key != key:
            self.current.is_open = False
            self.current.nobody()
        place, asked = self._rooms.pop(key, None), self._rooms.pop(asked_as, None)
        place = place or asked or Room(room)
        self._forget_some()
        self._rooms[key] = place
        place.welcomed(event, self._in_hello.pop(asked_as, False))
        if not self.several or self.current is asked or not self.current.is_open:
            self.current = place
        return True

    def parted(self, name: str) -> bool:
        """We are not in it any more; false if that can't be, as it is the last one."""
        place = self.named(name)
        if not self.several or place is None or len(self.open) == 1:
            return False
        place.is_open = False
        place.nobody()
        if place is self.current:
            self.current = self.open[-1]
        return True

    def no_more_history(self) -> None:
        """The lines of the past that were asked for do not come any more."""
        for place in self._rooms.values():
            place.history_left = 0

    def _forget_some(self) -> None:
        closed = [key for key, place in self._rooms.items() if not place.is_open]
        for key in closed[: max(0, len(self._rooms) - MOST_ROOMS + 1)]:
            del self._rooms[key]
