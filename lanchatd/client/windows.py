"""What one talks in: rooms, and private conversations; which of them is shown, and what was missed in others.

Nothing here does input or output. A server can fill none of it: rooms are those that were joined, private
conversations are bounded, and so is what is kept of what was missed.
"""

from __future__ import annotations

from collections import deque

from lanchatd.client.rendering import Shape
from lanchatd.client.room import Room, room_key
from lanchatd.client.rooms import Rooms
from lanchatd.text import names
from lanchatd.text.refused import Refused

# Of what was missed in one place, the newest is kept to be shown; all of it is counted.
MOST_MISSED = 200  # lines
MISSED_CHARACTERS = 65_536

# Private conversations: whoever writes first when there are so many is shown, and gets no place of their own.
MOST_PRIVATE = 20


class Window:
    """One of them. ``room`` is None for a private conversation, and until the server lets us in.

    ``unread`` counts what was said there since it was shown, ``mentions`` what of that names us; ``newest``
    is the id of the last of it.
    """

    def __init__(self, key: str, name: str, private: bool = False, room: Room | None = None) -> None:
        self.key = key
        self.name = name
        self.private = private
        self.room = room
        self.unread = 0
        self.mentions = 0
        self.newest = 0
        self.missed: deque[Shape] = deque()
        self._characters = 0

    @property
    def title(self) -> str:
        """As it is called in the row: ``#dev``, ``@bob``."""
        return f"@{self.name}" if self.private else self.name

    def miss(self, shown: Shape, counts: bool = True) -> None:
        """This came while another one is shown."""
        self.unread += counts
        if self.private:
            return  # it was shown at once
        self.mentions += counts and shown.mentions
        self.missed.append(shown)
        self._characters += sum(map(len, shown.lines))
        while len(self.missed) > MOST_MISSED or self._characters > MISSED_CHARACTERS:
            self._characters -= sum(map(len, self.missed.popleft().lines))

    def seen(self) -> list[Shape]:
        """It is shown now: what was missed, the newest of it."""
        missed = list(self.missed)
        self.clear()
        self.read()
        return missed

    def clear(self) -> None:
        """Nothing that was missed is new."""
        self.unread = self.mentions = self._characters = 0
        self.missed.clear()

    def read(self) -> None:
        """What came is read."""
        if self.room is not None:
            self.room.was_read()


class Windows:
    """All of them, in the order in which they were opened, and the one that is ``shown``."""

    def __init__(self, places: Rooms) -> None:
        self._places = places
        self.all = [Window(room.key, room.name, room=room) for room in places.open]
        self.shown = next(window for window in self.all if window.room is places.current)
        self._before: list[Window] = []  # shown before, the last one last

    def named(self, key: str) -> Window | None:
        return next((window for window in self.all if window.key == key), None)

    def of_room(self, name: str) -> Window | None:
        return self.named(room_key(name))

    @property
    def speaks_to(self) -> str:
        """The room that a command is for: the one that is shown, or was before a private conversation."""
        for window in (self.shown, *reversed(self._before)):
            if not window.private and window in self.all:
                return window.name
        return self._places.current.name

    def join(self, typed: str) -> Window:
        """The window of a room that is to be joined. Raises `Refused` if that can be no room."""
        name = names.room(typed)
        return self.named(name.key) or self._open(Window(name.key, name.shown))

    def query(self, typed: str) -> Window:
        """The window of a private conversation. Raises `Refused`."""
        name = names.nick(typed)
        window = self._private(name)
        if window is None:
            raise Refused("too_many", f"You have {MOST_PRIVATE} private conversations: /part ends one.")
        return window

    def private(self, nick: str) -> Window | None:
        """The window of whoever wrote to us, if that can be a nick, and there are not too many."""
        try:
            return self._private(names.nick(nick))
        except Refused:
            return None

    def _private(self, name: names.Name) -> Window | None:
        window = self.named("@" + name.key)
        if window is None and sum(window.private for window in self.all) < MOST_PRIVATE:
            window = self._open(Window("@" + name.key, name.shown, private=True))
        return window

    def _open(self, window: Window) -> Window:
        self.all.append(window)
        return window

    def renamed(self, old: str, new: str) -> None:
        """Somebody has another nick: the conversation goes on under it, unless there is one already."""
        window = self.private(old) if any(window.name == old for window in self.all) else None
        if window is None or not window.private:
            return
        try:
            name = names.nick(new)
        except Refused:
            return
        if self.named("@" + name.key) in (None, window):
            window.key, window.name = "@" + name.key, name.shown

    def follow(self) -> bool:
        """Have a window for each room that we are in, and for no other; whether another one is shown now.

        One that is being joined has its window already.
        """
        rooms = self._places.open
        for room in rooms:
            window = self.named(room.key) or next((one for one in self.all if one.room is room), None)
            if window is None:
                window = self._open(Window(room.key, room.name))
            window.room, window.key, window.name = room, room.key, room.name
        gone = [one for one in self.all if not one.private and one.room is not None and one.room not in rooms]
        shown = self.shown
        for window in gone:
            self.close(window)
        return self.shown is not shown

    def show(self, window: Window) -> None:
        """This one is shown from now on."""
        if window is not self.shown:
            self._before = [one for one in self._before if one is not window and one in self.all]
            self._before.append(self.shown)
        self.shown = window
        if window.room is not None:
            self._places.current = window.room

    def close(self, window: Window) -> bool:
        """It is gone; whether it was the one that was shown: then the one before is."""
        if len(self.all) == 1:
            return False
        self.all.remove(window)
        if window is not self.shown:
            return False
        before = [one for one in self._before if one in self.all]
        self.shown = before[-1] if before else self.all[0]
        self.show(self.shown)
        return True

    # -- by keys

    def numbered(self, number: int) -> Window | None:
        """The one at that place in the row, from 1."""
        return self.all[number - 1] if number <= len(self.all) else None

    def beside(self, step: int) -> Window:
        """The one so many further on in the row, round its end."""
        return self.all[(self.all.index(self.shown) + step) % len(self.all)]

    def next_unread(self) -> Window | None:
        """The next with something unread: first those where we are named, and private ones."""
        at = self.all.index(self.shown)
        others = self.all[at + 1 :] + self.all[:at]
        urgent = [one for one in others if one.mentions or (one.private and one.unread)]
        return next(iter([*urgent, *(one for one in others if one.unread)]), None)
