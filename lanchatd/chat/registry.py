"""The rooms there are: which are entered, made, put away when they are empty, and listed.

A room that is empty is put away: it can be entered again as it was, and counts for no limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from lanchatd.chat.events import NO_TOPIC, RoomLine, Rooms, Topic
from lanchatd.chat.log import Log
from lanchatd.chat.rolls import Roll
from lanchatd.chat.room import Room
from lanchatd.chat.shared import Shared
from lanchatd.text import names
from lanchatd.text.lookalikes import Looks
from lanchatd.text.names import Name
from lanchatd.text.refused import Refused

_HOUR_S = 3_600


class Registry:
    """All rooms, by their keys; the lobby is always there."""

    def __init__(self, new_log: Callable[[str], Log], around: Shared) -> None:
        """``new_log`` gives the log for a room, by the room's key."""
        self.rooms: Roll[Room] = Roll()
        self._new_log = new_log
        self._around = around
        self._limits = around.limits
        self._looks = Looks()
        # The rooms with somebody in them, and when rooms were made in the last hour, by who made them.
        self._inhabited: set[str] = set()
        self._made: dict[str, list[float]] = {}
        self._add(names.room(names.LOBBY))

    def restore(self, rooms: Iterable[tuple[str, Topic, float]]) -> None:
        """Take the rooms that were kept before anybody comes, each with its topic and when it was used last.

        That is in seconds since the epoch.
        """
        self.rooms = Roll()
        self._looks = Looks()
        for shown, topic, used_at in rooms:
            room = self._add(names.room(shown), topic, used_at)
            if room.key != names.LOBBY and used_at < self._around.now() - self._limits.ref_memory_s:
                room.log.put_away()  # nobody is on the way back to it
        lobby = names.room(names.LOBBY)
        if lobby.key not in self.rooms:
            self._add(lobby)

    def named(self, text: str) -> Room:
        """The room with the name that was typed."""
        name = names.room(text)
        room = self.rooms.get(name.key)
        if room is None:
            raise Refused("no_room", f"There is no {name.shown}. /rooms lists what there is.")
        return room

    def there(self, name: Name) -> Room:
        """The room that is there at other nodes, whatever would refuse it here."""
        room = self.rooms.get(name.key)
        if room is None:
            room = self._add(name, used_at=self._around.now())
            self._around.lists.changed()
        return room

    def to_enter(self, wanted: Sequence[Name], maker: str) -> list[Room]:
        """The rooms that somebody enters, all or none of them; those that are not there are made.

        ``maker`` is who makes them, an address or the key of a nick.
        """
        more = {name.key for name in wanted} - self._inhabited - {names.LOBBY}
        if more and len(self._inhabited) + len(more) > self._limits.max_rooms:
            full = f"There are {len(self._inhabited):,} rooms with somebody in them, which is the limit."
            raise Refused("too_many_rooms", full)
        if new := [name for name in wanted if name.key not in self.rooms]:
            self._make(new, maker)
        return [self.rooms[name.key] for name in wanted]

    def _make(self, new: Sequence[Name], maker: str) -> None:
        times = self._times_of(maker)
        if len(times) + len(new) > self._limits.rooms_per_h:
            most = self._limits.rooms_per_h
            raise Refused("too_many_rooms", f"From your address, {most:,} rooms an hour can be made.")
        made: list[Room] = []
        try:
            for name in new:
                if (other := self._looks.like(name)) is not None:
                    raise Refused("bad_room", f"That room looks like {other.shown}, which is there.")
                made.append(self._add(name))
        except Refused:
            for room in made:
                self._drop(room)
            raise
        self._made[maker] = times + [self._around.clock.seconds()] * len(new)

    def was_entered(self, room: Room) -> None:
        """Somebody is in it."""
        self._inhabited.add(room.key)

    def was_left(self, room: Room) -> None:
        """Perhaps nobody is in it any more."""
        if not room.members:
            self._inhabited.discard(room.key)
            room.used_at = self._around.now()
            room.when_told(partial(self._put_away, room))

    def remove(self, room: Room) -> None:
        """It is not there any more. Nobody is in it, and nothing in its log."""
        if self.rooms.get(room.key) is room:  # not put away
            self._drop(room)
            self._around.lists.changed()

    def listed(self) -> Rooms:
        """All of them: the fullest, and then those that were used last."""
        fullest = sorted(
            self.rooms.values(),
            key=lambda room: (-len(room.members), 0 if room.members else -room.used_at, room.key),
        )
        rows = (
            RoomLine(room.name, len(room.members), room.topic.text, room.readers.newest) for room in fullest
        )
        return Rooms(tuple(rows), len(fullest))

    def _times_of(self, maker: str) -> list[float]:
        now = self._around.clock.seconds()
        self._made = {who: times for who, times in self._made.items() if now - times[-1] < _HOUR_S}
        return [at for at in self._made.get(maker, ()) if now - at < _HOUR_S]

    def _add(self, name: Name, topic: Topic = NO_TOPIC, used_at: float = 0) -> Room:
        room = Room(name, self._new_log(name.key), self._around, topic)
        room.used_at = used_at
        self.rooms[name.key] = room
        self._looks.add(name)
        return room

    def _put_away(self, room: Room) -> None:
        if room.members or room.key == names.LOBBY or self.rooms.get(room.key) is not room:
            return
        if room.is_empty:
            self._drop(room)
        elif not room.log.put_away() and len(self.rooms) - len(self._inhabited) > self._limits.max_rooms:
            empty = [room for room in self.rooms.values() if room.key != names.LOBBY and not room.members]
            self._drop(min(empty, key=lambda room: room.used_at))

    def _drop(self, room: Room) -> None:
        del self.rooms[room.key]
        self._looks.remove(Name(room.name, room.key))
