"""Who is here: a user under a nick, with a session for each connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar
from weakref import ReferenceType, ref

from lanchatd.chat import catching_up
from lanchatd.chat.accounts.rows import Proof
from lanchatd.chat.connection import Connection, Outbox
from lanchatd.chat.cursors import Cursor, Readers, lag, make_live
from lanchatd.chat.events import Event, Here, Item, Private, Read
from lanchatd.chat.format import Format
from lanchatd.chat.ignored import Ignored
from lanchatd.chat.peer import Peer
from lanchatd.text.names import Name


class User:
    """Who is here under a nick, on one connection or on several."""

    # Slots: ten thousand of them shall be small.
    __slots__ = (
        "__weakref__", "account", "ignored", "lines_said", "muted_as", "name", "operator", "reply_to",
        "sessions",
    )  # fmt: skip

    def __init__(self, name: Name) -> None:
        self.name = name
        self.sessions: tuple[Session, ...] = ()
        # The number of the account whose nick it is; None for a guest.
        self.account: int | None = None
        self.operator = False
        self.lines_said = 0
        # Who wrote last, and not the nick, which somebody else may take; weakly, as it may be gone.
        self.reply_to: ReferenceType[User] | None = None
        self.muted_as: str | None = None
        self.ignored: Ignored | None = None  # as long as it ignores nobody

    @property
    def nick(self) -> str:
        """The nick as it is shown."""
        return self.name.shown

    @property
    def is_here(self) -> bool:
        """Whether it has not left; Python may keep it for longer than that."""
        return bool(self.sessions)

    @property
    def away(self) -> str | None:
        """Why it is away, "" without a reason; None while any of its sessions is not."""
        away = [session.away for session in self.sessions]
        return None if None in away else next(filter(None, away), "")

    @property
    def real_name(self) -> str:
        """What it is called beside the nick; the nick, if it did not say."""
        return next((session.real_name for session in self.sessions if session.real_name), self.nick)

    @property
    def here(self) -> Here:
        """How it stands in a list of who is here: encrypted if all its connections are."""
        nick, known = self.name.shown, self.account is not None
        if len(self.sessions) == 1:  # nearly everybody; a list is made whenever somebody comes
            session = self.sessions[0]
            encrypted, real_name = session.peer.encrypted, session.real_name or nick
            return Here(nick, session.away, self.operator, encrypted, known, real_name)
        encrypted = all(session.peer.encrypted for session in self.sessions)
        return Here(nick, self.away, self.operator, encrypted, known, self.real_name)

    def is_in(self, key: str) -> bool:
        """Whether any of its sessions is in the room with this key."""
        return any(session.cursor_in(key) for session in self.sessions)

    def tell(self, *items: Item) -> None:
        """Tell all its sessions something directly."""
        for session in self.sessions:
            session.tell(*items)

    def ignores_user(self, other: User) -> bool:
        """Whether it is shown nothing that the other says or sends."""
        return self.ignored is not None and self.ignored.holds(other)


class Session:
    """One connection of a user. Implements `lanchatd.chat.cursors.Reader`.

    In one room, or in ``several``. Times are seconds of the daemon's monotonic clock.
    """

    __slots__ = (
        "__weakref__", "asking", "away", "collect", "connection", "cursors", "device", "format", "found",
        "live", "needs_room", "origins", "outbox", "peer", "proof", "reading", "real_name", "several",
        "since", "spoke_at", "tell_own", "told_nick", "told_read", "user", "when_live",
    )  # fmt: skip

    far: ClassVar[bool] = False
    """Whether its connection is at another node."""

    def __init__(
        self,
        user: User,
        form: Format,
        outbox: Outbox,
        connection: Connection,
        peer: Peer,
        now: float,
        device: str = "",
        several: bool = False,
    ) -> None:
        self.user = user
        self.format = form
        self.outbox = outbox
        self.connection = connection
        self.peer = peer
        self.since = now
        self.spoke_at = now
        self.device = device
        self.several = several
        # What proved that its user owns the nick; None for a guest.
        self.proof: Proof | None = None
        # Whether it is always in a room.
        self.needs_room = True
        # What it is told of what it did itself, if that is not what everybody is told.
        self.tell_own: Callable[[Event | Private], bytes] | None = None
        # How it is told that a room was read elsewhere, if not by its format.
        self.told_read: Callable[[Read], None] | None = None
        # How it is told, in whatever rooms it is, that its user has another nick; else its rooms are told.
        self.told_nick: Callable[[Event], None] | None = None
        # Where what it is told directly goes, if its door tells that together with something else.
        self.collect: Callable[[bytes], None] | None = None
        self.origins = (ref(self),)
        self.away: str | None = None
        # What its user is called beside the nick; empty if its client did not say.
        self.real_name = ""
        # What it searched for last, and the place of the last line that it was shown, if there are more.
        self.found: tuple[str, int] | None = None
        # Its rooms, the one that was joined last at the end.
        self.cursors: tuple[Cursor, ...] = ()
        self.live = False
        self.reading: Cursor | None = None
        self.when_live: Callable[[], None] | None = None

    @property
    def address(self) -> str | None:
        """The IP address of its connection, None on a UNIX socket."""
        return self.peer.address

    @property
    def cursor(self) -> Cursor:
        """The one in the room that it joined last."""
        return self.cursors[-1]

    def cursor_in(self, key: str) -> Cursor | None:
        """The one in the room with this key, if it is there."""
        for cursor in self.cursors:
            if cursor.readers.key == key:
                return cursor
        return None

    def tell(self, *items: Item) -> None:
        """Tell it something directly."""
        self.tell_encoded(b"".join(map(self.format.render, items)))

    def tell_read(self, read: Read) -> None:
        """Its user has read a room by another connection."""
        (self.told_read or self.tell)(read)

    def tell_encoded(self, encoded: bytes) -> None:
        """Tell it something directly that was rendered already."""
        (self.collect or self.outbox.tell)(self._addressed(encoded))

    def who(self, readers: Readers) -> bytes:
        return self._addressed(readers.who(self.format))

    def names(self, cursor: Cursor) -> bytes:
        if cursor.naming is None:
            cursor.naming = cursor.readers.begin_naming()
        reading = cursor.naming.reading
        encoded = self._addressed(cursor.readers.names(self.format, reading))
        return cursor.framed(encoded, reading.is_over)

    def _addressed(self, encoded: bytes) -> bytes:
        return encoded.replace(b"\0", self.user.nick.encode()) if self.format.like_irc else encoded

    def own(self, event: Event) -> bytes | None:
        if self.tell_own is None or not any(origin() is self for origin in event.origins):
            return None
        return self.tell_own(event)

    @property
    def ignores_somebody(self) -> bool:
        return self.user.ignored is not None

    def ignores(self, item: Item) -> bool:
        return self.user.ignored is not None and self.user.ignored.hides(item)

    def ignores_others_now(self) -> None:
        """Its user ignores somebody now, or nobody any more."""
        self.be_told_in(self.format)

    def be_told_in(self, form: Format) -> None:
        """It is told in this format from now on."""
        live = self.live
        if live:
            lag(self)
        self.format = form
        if live:
            make_live(self)

    # -- live and lagging

    def catch_up(self) -> None:
        catching_up.catch_up(self)

    def fell_behind(self) -> None:
        """A direct message was not taken whole."""
        lag(self)

    def call_when_live(self, call: Callable[[], None]) -> None:
        """Call it when the session has been given everything."""
        if self.live or not self.cursors:
            call()
        else:
            self.when_live = call

    def became_live(self) -> None:
        if self.when_live is not None:
            call, self.when_live = self.when_live, None
            call()
