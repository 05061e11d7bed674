"""How far a client has read: it is asked with a PING, and goes on there when it comes back."""

from __future__ import annotations

from collections.abc import Callable

from lanchatd.chat.chat import Chat
from lanchatd.chat.format import Place
from lanchatd.chat.user import Session
from lanchatd.doors.irc.returning import Had, Returning
from lanchatd.doors.irc.rounds import Rounds

# How often a client that was told something is asked whether it has read it.
CONFIRM_S = 10


class HasRead:
    """What one client has read in its rooms, from when it is registered."""

    def __init__(
        self,
        chat: Chat,
        rounds: Rounds,
        returning: Returning,
        session: Session,
        goes_on: Callable[[], bool],
        ping: Callable[[str], None],
    ) -> None:
        """``rounds`` are of `CONFIRM_S`.

        ``goes_on`` says whether it does when it comes back; a bot does not, and is not asked for nothing.
        ``ping`` asks it with a word; it answers with a PONG of that.
        """
        self._chat = chat
        self._rounds = rounds
        self._returning = returning
        self._session = session
        self._goes_on = goes_on
        self._ping = ping
        self._had: Had = returning.came(self._who)
        self._asked: tuple[str, Had] | None = None
        self._last: Had = {}  # what it was told until it was gone
        self._pings = 0
        rounds.come(self)

    @property
    def _who(self) -> tuple[str, str]:
        return self._session.user.name.key, self._session.device

    def place_in(self, key: str) -> Place:
        """Where it goes on in a room; at the last lines if the log is older than what it has read."""
        place = self._had.get(key, Place())
        room = self._chat.rooms.get(key)
        if room is None or place.after is None or place.log != room.log.name:
            return place
        return place if place.after <= room.readers.newest else Place()

    def forget(self, key: str) -> None:
        """It left a room, and does not go on there."""
        self._had.pop(key, None)

    def answered(self, words: tuple[str, ...]) -> bool:
        """A PONG came. Returns whether it was asked for."""
        if self._asked is None or self._asked[0] not in words:
            return False
        self._had.update(self._asked[1])
        self._asked = None
        return True

    def has_all(self) -> None:
        """It has read everything that it was told."""
        self._had.update(self._given())

    def is_gone(self) -> None:
        """Remember it, for when it comes back."""
        self._rounds.go(self)
        self._last = self._given()
        self._returning.went(self._who, self._had)

    def read_to_the_end(self) -> None:
        """It is gone, and its side was closed behind the end of ours: it has read everything before that."""
        self._had.update(self._last)
        self._returning.went(self._who, self._had)

    def _given(self) -> Had:
        rooms = self._chat.rooms
        return {
            cursor.readers.key: Place(None, cursor.given_until, rooms[cursor.readers.key].log.name)
            for cursor in self._session.cursors
        }

    def ask(self) -> None:
        """`Rounds`: whether it has read what it was told, if it was told something."""
        if self._asked is not None or self._session.outbox.waiting or not self._goes_on():
            return
        given = self._given()
        if any(self._had.get(key) != given[key] for key in given):
            self._pings += 1
            self._asked = f"lanchatd-{self._pings}", given
            self._ping(self._asked[0])
