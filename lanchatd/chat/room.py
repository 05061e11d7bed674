"""A room: who is in it, its log, and its topic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from operator import attrgetter
from typing import Any
from weakref import ref

from lanchatd.chat.cursors import Readers
from lanchatd.chat.events import (
    NO_REASON,
    NO_TOPIC,
    Event,
    Here,
    Kind,
    Members,
    Piece,
    Reason,
    Topic,
)
from lanchatd.chat.fan_out import fan_out
from lanchatd.chat.format import Format
from lanchatd.chat.lists import Lists
from lanchatd.chat.log import Log
from lanchatd.chat.posted import Posted
from lanchatd.chat.rolls import Reading, Roll
from lanchatd.chat.shared import Shared
from lanchatd.chat.turn import Turn
from lanchatd.chat.user import Session, User
from lanchatd.text.names import Name
from lanchatd.text.refused import Refused

# With the longest nicks, and what stands around each, a piece has 58 KiB; usually 4.
NAMES_A_PIECE = 400

# To render one takes 0.1 ms (measured), and ten thousand who come within seconds are told 25 each: the same
# ones, but the last.
NAMES_KEPT_S = 1


def in_no_room() -> Refused:
    """Why what is for a room is refused to who is in none: an IRC client that has joined none yet."""
    return Refused("not_in_room", "You are in no room.")


class Room:
    """One room. Its ``members`` are users, by the keys of their nicks; its readers are their sessions."""

    def __init__(self, name: Name, log: Log, around: Shared, topic: Topic = NO_TOPIC) -> None:
        self.name = name.shown
        self.key = name.key
        self.log = log
        self.members: Roll[User] = Roll()
        self.readers = Readers(self, log, around, topic)
        self._lists = around.lists
        self._names = Lists(around.clock, NAMES_KEPT_S)
        self._lists_told = 0
        self._now = around.now
        self._turn = Turn(self.members, partial(fan_out, self.readers), log, around)
        self.post: Callable[[Event], Posted] = self._turn.post
        """Something is said or done; it is told at the end of the turn. Ask the answer when it was."""
        self.used_at = 0.0  # when the last one left, in seconds since the epoch

    @property
    def topic(self) -> Topic:
        """What it is about."""
        return self.readers.topic

    # -- what happens in it

    def presence(self, user: User, kind: Kind, text: str = "", **more: Any) -> None:
        """A user comes, goes, or is seen otherwise; that is told, and not kept. ``more`` of the `Event`."""
        self._lists.changed()
        if kind is not Kind.JOINED:  # who comes is behind all others
            self._names.changed()
        origins = tuple(origin for session in user.sessions for origin in session.origins)
        came, lists = self.readers.late_joins.numbers.get(user, 0), self._lists_told
        self._turn.post(
            Event(
                kind, self.name, user.nick, text, self._now(), by=ref(user), origins=origins,
                lists=lists, known=user.account is not None, came=came, **more,
            )
        )  # fmt: skip

    def enter(self, session: Session, after: int | None = None, log: str | None = None) -> bool:
        """A session comes in. ``after`` continues behind an id of the log of that name (None: of this one).

        Returns whether it can: not in another log, of which everything is new to it.
        """
        user = session.user
        if user.name.key not in self.members:
            self.members[user.name.key] = user
            self.readers.late_joins.comes(user, len(self.members))
            self.presence(user, Kind.JOINED, user.real_name)
            if (away := user.away) is not None:
                self.presence(user, Kind.AWAY, away)
        self._turn.at_end(session.catch_up)
        return self.readers.enter(session, after, log)

    def leave(self, session: Session, reason: Reason = NO_REASON, told: set[Session] | None = None) -> None:
        """A session goes, and is given nothing more from here; the last one of its user takes that along.

        ``told`` are those who know that it has gone, if it was in several rooms.
        """
        user = session.user
        for cursor in session.cursors:
            if cursor.readers is self.readers:
                self.readers.leave(cursor)
        if not user.is_in(self.key):
            del self.members[user.name.key]
            self.presence(user, Kind.LEFT, reason=reason, told=told, gone=not user.sessions)
            self.readers.late_joins.leaves(user)

    def rename(self, user: User, name: Name, told: set[Session]) -> None:
        """A user, still under the old nick, has another one; ``told`` are those who know it."""
        del self.members[user.name.key]
        self.presence(user, Kind.RENAMED, name.shown, told=told)
        self.members[name.key] = user

    def when_told(self, call: Callable[[], None]) -> None:
        """Call it when everything said until now has been fanned out, or refused by the log.

        It is not waited for a log that hangs.
        """
        self._turn.when_told(call)

    def tell_now(self) -> None:
        """Don't wait for the end of the turn: somebody who has talked in it is about to go."""
        self._turn.end_now()

    @property
    def is_empty(self) -> bool:
        """Whether nobody is in it, nothing in its log, and nothing on the way there."""
        return not (self.members or self.readers.newest or self._turn.talk_is_on_its_way)

    def who(self) -> Members:
        """Who is here."""
        return Members(self.name, _Roster(self.members), len(self.members))

    def who_encoded(self, form: Format) -> bytes:
        """The same, rendered to be told."""
        self._lists_told += 1
        return self._lists.encoded(form, self.who)

    def names(self, form: Format, reading: Reading[User]) -> bytes:
        """The next piece of who is here, rendered: once for all who are told the same."""
        self._lists_told += 1
        at = reading.at
        reading.pass_over(NAMES_A_PIECE)
        if reading.is_over:
            return self._lists.encoded(form, self._piece, at, reading.at, Piece.LAST)
        return self._names.encoded(form, self._piece, at, reading.at, Piece.SOME)

    def _piece(self, at: int, until: int, piece: Piece) -> Members:
        users = islice(self.members.values(), at, until)
        return Members(self.name, (user.here for user in users), len(self.members), piece)


_HERE: Callable[[User], Here] = attrgetter("here")


class _Roster:
    """Who is here, as it is read."""

    def __init__(self, users: Mapping[str, User]) -> None:
        self._users = users

    def __iter__(self) -> Iterator[Here]:
        return map(_HERE, self._users.values())
