"""A room as a client knows it: how far its log was read, and who is there."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lanchatd.client.sanitize import number_of, rows_of, text_of, texts_of
from lanchatd.text import names
from lanchatd.text.refused import Refused

# What a newcomer is shown by the server. Who is cut off before the first of it goes on from there.
RECENT = 20

# What is kept or shown of what a server sends, so that none of them fills the memory.
LONGEST_NAME = 64  # characters, of a nick, a room or a log
MOST_NICKS = 2_000  # of one room


@lru_cache(maxsize=1_024)
def room_key(room: str) -> str:
    """By what a room is known, however it was typed; a server of another kind may have other names."""
    try:
        return names.room(room).key
    except Refused:
        return room.casefold()


class Room:
    """One room that one is in, or was.

    Its log was read up to ``seen``; with nothing seen yet, it goes on after ``floor``. ``read`` is how far
    somebody has read it, which is for whoever shows it to say; ``reported`` is what the server knows of that,
    and ``first_time`` that it was never seen here before. ``last`` was the newest id on coming in.
    ``gap`` is how many lines came between what was seen and what is shown on coming in.
    ``nicks`` are those known to be there, with the number of what they said last, 0 for nothing.
    """

    def __init__(self, name: str, log: str = "", seen: int | None = None) -> None:
        """``name`` is empty for the server's own first room."""
        self.name = name
        self.log = log
        self.floor = 0
        self.seen = seen
        self.read = self.reported = seen or 0
        self.first_time = False
        self.last = 0
        self.gap = 0
        self.is_open = False
        self.entering = False  # not told yet who is there
        self.topic = ""
        self.here = 0
        self.nicks: dict[str, int] = {}
        self.history_left = 0  # lines of the past that were asked for
        self._said = 0

    @property
    def key(self) -> str:
        return room_key(self.name)

    @property
    def new(self) -> int:
        """How many lines were not read yet on coming in, of those before it."""
        return max(0, self.last - self.read)

    @property
    def after(self) -> int:
        """Where its log goes on."""
        return self.floor if self.seen is None else self.seen

    def place(self) -> dict[str, Any]:
        """What a hello says of it."""
        place: dict[str, Any] = {"room": self.name} if self.name else {}
        return place | ({"after": self.after, "log": self.log} if self.log else {})

    # -- what the server tells

    def welcomed(self, event: dict[str, Any], asked_with_log: bool) -> None:
        """We are in it. ``asked_with_log``: our hello named its log, so all that a new one holds follows."""
        log, last = text_of(event, "log"), number_of(event, "last") or 0
        if log != self.log:
            # What was said before we came the first time is shown, and no news.
            new_log = asked_with_log and bool(self.log)
            self.floor, self.read = (0, 0) if new_log else (max(0, last - RECENT), last)
            self.log, self.seen = log, None
            self.first_time = not new_log
        self.reported = self.read
        # Where the server was not told how far it was seen, it shows the newest.
        self.gap = 0 if asked_with_log or self.seen is None else max(0, last - self.seen - RECENT)
        self.name, self.topic, self.last = text_of(event, "room"), text_of(event, "topic"), last
        self.is_open = self.entering = True
        self.history_left = 0
        self.nobody()

    def was_read(self) -> None:
        """Somebody has read all that came."""
        if self.seen is not None:
            self.read = max(self.read, self.seen)
            self.first_time = False

    def nobody(self) -> None:
        """It is not known who is there."""
        self.nicks = {}
        self.here = 0

    def takes(self, number: int | None) -> bool | None:
        """Whether a line with this id is to be shown: None if it was seen, and was asked for again."""
        if number is None:
            return True
        if self.seen is None or number > self.seen:
            self.seen = number
            return True
        if not self.history_left:
            return False
        self.history_left -= 1
        return None

    def all_follows(self) -> None:
        """Its log is another one, and everything follows from the beginning."""
        self.seen, self.read, self.reported, self.floor = None, 0, 0, 0

    def talks(self, nick: str) -> None:
        """Somebody said something just now."""
        self._said += 1
        self.know(nick)
        if nick in self.nicks:
            self.nicks[nick] = self._said

    def know(self, nick: str) -> None:
        if 0 < len(nick) <= LONGEST_NAME and len(self.nicks) < MOST_NICKS:
            self.nicks.setdefault(nick, 0)

    def came_or_went(self, kind: str, event: dict[str, Any]) -> None:
        self.here = number_of(event, "here") or 0
        for nick in texts_of(event, "nicks"):
            if kind == "joined":
                self.know(nick)
            else:
                self.nicks.pop(nick, None)

    def renamed(self, old: str, new: str) -> None:
        said = self.nicks.pop(old, 0)
        self.know(new)
        if new in self.nicks:
            self.nicks[new] = said

    def members(self, event: dict[str, Any]) -> None:
        """Who is there; some of them, if there are many."""
        self.entering = False
        self.here = number_of(event, "here") or 0
        before = self.nicks
        found = [text_of(member, "nick") for member in rows_of(event, "members")]
        if len(found) >= self.here:
            self.nicks = {}
        for nick in found:
            self.know(nick)
            if nick in self.nicks:
                self.nicks[nick] = before.get(nick, 0)
