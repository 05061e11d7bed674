"""The chat: who is here, by nick, and the rooms. It knows nothing of sockets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from weakref import ref

from lanchatd.chat.accounts.proof import WayIn
from lanchatd.chat.accounts.rows import Account, Proof
from lanchatd.chat.answers import Answer
from lanchatd.chat.bans_and_mutes import Keep, Moderation
from lanchatd.chat.catching_up_turns import CatchingUpTurns
from lanchatd.chat.counts import Counts
from lanchatd.chat.events import (
    NO_REASON,
    Event,
    Kind,
    Notice,
    Private,
    Read,
    Reason,
    Rooms,
)
from lanchatd.chat.format import Place
from lanchatd.chat.list_turns import ListTurns
from lanchatd.chat.lists import Lists
from lanchatd.chat.log import Log
from lanchatd.chat.nodes import ALONE, Nodes
from lanchatd.chat.peer import Peer
from lanchatd.chat.posted import Posted
from lanchatd.chat.presence_turns import PresenceTurns
from lanchatd.chat.refs import Refs
from lanchatd.chat.registry import Registry
from lanchatd.chat.rolls import Roll
from lanchatd.chat.room import Room, in_no_room
from lanchatd.chat.searching import Search
from lanchatd.chat.shared import Shared
from lanchatd.chat.user import Session, User
from lanchatd.clock import Clock
from lanchatd.limits import Limits
from lanchatd.text import cleaning, lookalikes, names
from lanchatd.text.lookalikes import Looks
from lanchatd.text.names import Name
from lanchatd.text.quoting import with_quote
from lanchatd.text.refused import Refused
from lanchatd.text.times import near_time

LOBBY = Place()


class Chat:
    """The one chat of a daemon.

    Everything that is asked of it happens whole or raises `Refused` before anything happened.
    """

    def __init__(
        self,
        name: str,
        motd: tuple[str, ...],
        limits: Limits,
        clock: Clock,
        now: Callable[[], float],
        new_log: Callable[[str], Log],
        keep: Keep,
        way_in: WayIn,
        nodes: Nodes = ALONE,
    ) -> None:
        """``new_log`` gives the log for a room, by the room's key; ``now`` tells seconds since the epoch.

        ``keep`` keeps the bans, mutes and operators; ``way_in`` knows whose the nicks are.
        ``nodes`` are the other daemons of the chat.
        """
        self.name = name
        self.motd = motd
        self.limits = limits
        self.clock = clock
        self.now = now
        self.users: dict[str, User] = {}
        self.moderation = Moderation(now, keep)
        self.way_in = way_in
        self.nodes = nodes
        self.accounts = way_in.accounts
        self.lines_said = 0
        self.counts = Counts()
        self.refs = Refs(limits)
        self.lists = Lists(clock)
        self.list_turns = ListTurns(clock)
        self.search: Search | None = None  # if there is something to search in
        self.nicks_seen = Looks()
        for nick in names.RESERVED:
            self.nicks_seen.add(names.nick(nick))
        around = Shared(
            clock, now, limits, CatchingUpTurns(clock), PresenceTurns(clock), self.lists, self.list_turns,
            self.counts,
        )  # fmt: skip
        self.registry = Registry(new_log, around)

    @property
    def rooms(self) -> Roll[Room]:
        """All rooms, by their keys."""
        return self.registry.rooms

    # -- coming and going

    def name_for(self, text: str, owner: User | None = None, account: Account | None = None) -> Name:
        """The nick that was typed, if its ``owner`` (None: a newcomer) or ``account`` may take it."""
        name = names.nick(text)
        self.accounts.refuse_nick(name, account)
        here = self.users.get(name.key)
        mine = here is owner or (here is not None and account is not None and here.account == account.number)
        if (here is not None and not mine) or name.key in names.RESERVED:
            raise Refused("nick_taken", "That nick is taken.")
        if (ban := self.moderation.bans.on_nick(name.key, self.now())) is not None:
            why = with_quote(f"That nick is banned{self.until_shown(ban.until)}", ban.reason)
            raise Refused("banned", f"{why}.")
        lookalikes.refuse_mixed(name)
        other = self.nicks_seen.like(name, but=None if owner is None else owner.name)
        if other is not None:
            raise Refused("nick_taken", f"That nick looks like {other.shown}.")
        return name

    def prove(
        self, nick: str, peer: Peer, secret: str | None = None, device: str = ""
    ) -> Answer[Proof | None]:
        """What a connection shows for a nick (`WayIn.prove`): every door asks, and then lets it `join`."""
        return self.nodes.proved(nick, self.way_in.prove(nick, peer, secret, device, self.name_for))

    def comes(self, session: Session) -> None:
        """A session is here from now on, in no room yet, and with it its user."""
        user = session.user
        if user.name.key not in self.users:
            self.users[user.name.key] = user
            self.nicks_seen.add(user.name)
            user.operator = self.is_operator(user)
        was_away = user.away if user.sessions else None
        user.sessions += (session,)
        if len(user.sessions) > 1:
            self.lists.changed()
            self._tell_away(user, was_away)
            for each in user.sessions:
                each.connection.is_one_of(user)
        self.nodes.changed(session)

    def leave(self, session: Session, reason: Reason = NO_REASON) -> None:
        """A session ends; with the last one the user goes, and the nick is free at once.

        ``reason`` is what the rooms are told.
        """
        user, was_away = session.user, session.user.away
        user.sessions = tuple(other for other in user.sessions if other is not session)
        if not user.sessions:
            del self.users[user.name.key]
            self.nicks_seen.remove(user.name)
        else:
            self.lists.changed()
        rooms = self.rooms_of(session)
        told: set[Session] | None = set() if len(rooms) > 1 and not user.sessions else None
        for room in rooms:
            room.leave(session, reason, told)
            self.registry.was_left(room)
        if user.sessions:
            self._tell_away(user, was_away)
        self.nodes.went(session, reason)

    def sessions(self) -> list[Session]:
        """All of them, of all users."""
        return [session for user in self.users.values() for session in user.sessions]

    def rooms_of(self, session: Session) -> list[Room]:
        """The rooms that a session is in, the one that it joined last at the end."""
        return [self.rooms[cursor.readers.key] for cursor in session.cursors]

    def rooms_with(self, user: User) -> list[Room]:
        """The rooms that any of its sessions is in."""
        rooms = {room.key: room for session in user.sessions for room in self.rooms_of(session)}
        return list(rooms.values())

    def room_of(self, session: Session, text: str | None = None) -> Room:
        """The room with this name that a session is in; without one, that which it joined last."""
        if text is None:
            if not session.cursors:
                raise in_no_room()
            return self.registry.rooms[session.cursors[-1].readers.key]
        name = names.room(text)
        if session.cursor_in(name.key) is None:
            raise Refused("not_in_room", f"You are not in {name.shown}.")
        return self.registry.rooms[name.key]

    def user_named(self, text: str) -> User:
        """The user with the nick that was typed."""
        user = self.users.get(names.nick(text).key)
        if user is None:
            raise Refused("no_member", f"There is no {text} here.")
        return user

    def room_named(self, text: str) -> Room:
        """The room with the name that was typed."""
        return self.registry.named(text)

    def set_away(self, session: Session, text: str | None) -> None:
        """A session is away, with a text or "", or it is back (None).

        The rooms are told when that makes another thing of its user; nothing that who is muted has written.
        """
        self.know_away(session, "" if text and self.muted_as(session.user) is not None else text)

    def know_away(self, session: Session, text: str | None) -> None:
        """The same, whoever may be muted."""
        user = session.user
        was_away = user.away
        session.away = text
        self.lists.changed()
        self._tell_away(user, was_away)
        self.nodes.changed(session)

    def set_real_name(self, session: Session, text: str) -> None:
        """A session's user is called otherwise beside the nick; other IRC clients in its rooms are told."""
        self.refuse_muted(session.user)
        self.know_real_name(session, text)

    def know_real_name(self, session: Session, text: str) -> None:
        """The same, whoever may be muted."""
        session.real_name = text
        self.nodes.changed(session)
        self.tell_of(session.user, Kind.REAL_NAME, text, {session})

    def _tell_away(self, user: User, was: str | None) -> None:
        if user.away is None and was is not None:
            self.tell_of(user, Kind.BACK, "", set())
        elif user.away is not None and user.away != was:
            self.tell_of(user, Kind.AWAY, user.away, set())

    def tell_of(self, user: User, kind: Kind, text: str, told: set[Session]) -> None:
        """Something of a user is another: its rooms are told, and each session once, but those ``told``."""
        for room in self.rooms_with(user):
            room.presence(user, kind, text, told=told)

    def summary(self) -> str:
        """How many are here, in a few words."""
        members, rooms = len(self.users), sum(bool(room.members) for room in self.rooms.values())
        return f"{members:,} member{'' if members == 1 else 's'} in {rooms:,} room{'' if rooms == 1 else 's'}"

    # -- talk

    def say(self, session: Session, room: Room, text: str, kind: Kind = Kind.SAID) -> Posted:
        """A user says, does, or sets as the topic ("" clears it); told to the room at the end of the turn."""
        user = session.user
        if not (text.isascii() and text.strip()) and (text or kind is not Kind.TOPIC):
            cleaning.refuse_unseen(text)  # not for nearly each line: to look at one character costs more
        if self.moderation.mutes.by_key:
            self.refuse_muted(user)
        _refuse_talk(room)
        if self.search is not None:  # it is kept for good
            session.connection.refuse_keeping(len(text.encode()), self.clock.seconds())
        user.lines_said += 1
        self.lines_said += 1
        came = room.readers.late_joins.numbers.get(user, 0)
        return room.post(
            Event(
                kind, room.name, user.name.shown, text, self.now(), by=ref(user), origins=session.origins,
                known=user.account is not None, came=came,
            )
        )  # fmt: skip

    def say_as_admin(self, room: Room, text: str, kind: Kind = Kind.SAID) -> Posted:
        """An administrator says, does, or sets as the topic."""
        cleaning.refuse_unseen(text)
        _refuse_talk(room)
        self.lines_said += 1
        return room.post(Event(kind, room.name, names.ADMIN, text, self.now()))

    def whisper(
        self,
        session: Session,
        to: User,
        text: str,
        notice: bool = False,
        acted: bool = False,
        key: str = "",
    ) -> None:
        """A private message, shown to both, on all their connections; not to who ignores the user.

        ``key`` is what `refs` knows its line by, if it was sent with a ref.
        """
        user = session.user
        self.refuse_muted(user)
        known = user.account is not None
        private = Private(user.nick, to.nick, text, self.now(), notice, known, acted)
        self.show(private, user, to)
        self.nodes.whispered(private, session, to, key)
        for own in user.sessions:
            if own is session and own.tell_own is not None:
                own.tell_encoded(own.tell_own(private))
            else:
                own.tell(private)

    def show(self, private: Private, user: User, to: User) -> None:
        """Show a private message of a user to whom it is for."""
        if to is not user and not to.ignores_user(user):
            to.reply_to = ref(user)
            to.tell(private)

    def has_read(self, session: Session, room_text: str | None, until: int) -> None:
        """A session has read one of its rooms up to an id: the others of its user are told.

        If that is not as far as it was read elsewhere, this one is. Of guests nothing is known.
        """
        room, user = self.room_of(session, room_text), session.user
        if user.account is None:
            return
        if self.accounts.read_marks.move(
            user.account, room.key, room.log.name, min(until, room.readers.newest)
        ):
            others = tuple(other for other in user.sessions if other is not session)
        else:
            others = (session,) if until < self.read_until(user, room) else ()
        for other in others:
            other.tell_read(Read(room.name, self.read_until(user, room)))

    def read_until(self, user: User, room: Room) -> int:
        """The id up to which a user has read a room, on any device; 0 if that is not known."""
        if user.account is None:
            return 0
        return self.accounts.read_marks.of(user.account, room.key, room.log.name)

    def refuse_muted(self, user: User) -> None:
        """Raises `Refused` if the user may not talk."""
        key = self.muted_as(user)
        if key is not None:
            until = self.until_shown(self.moderation.mutes.until(key))
            raise Refused("muted", f"You are muted{until}.")

    def muted_as(self, user: User) -> str | None:
        """The key of the nick by which a user is muted, or None: its own, or one that it had then."""
        mutes = self.moderation.mutes
        for key in (user.name.key, user.muted_as):
            if key is not None and key in mutes.by_key and mutes.holds(key, self.now()):
                return key
        return None

    def until_shown(self, until: float | None) -> str:
        """When a ban or mute ends, as it ends a sentence; empty for good."""
        return "" if until is None else f" until {near_time(until, self.now())}"

    def is_operator(self, user: User) -> bool:
        """Whether a user may moderate: the nick is an operator's, and proved."""
        return user.account is not None and user.name.key in self.moderation.operators

    # -- rooms

    def tell_operators(self, notice: Notice) -> None:
        """Tell those who moderate, wherever they are."""
        for user in list(self.users.values()):
            if user.operator:
                user.tell(notice)

    def list_rooms(self) -> Rooms:
        """All rooms, the fullest first."""
        return self.registry.listed()

    def when_told(self, call: Callable[[], None]) -> None:
        """Call it when everything said until now, in every room, has been fanned out."""
        _when_told(list(self.rooms.values()), call)

    def when_told_to(self, session: Session, call: Callable[[], None]) -> None:
        """The same in the rooms of a session, and it has been given everything there."""
        _when_told(self.rooms_of(session), partial(session.call_when_live, call))


def _refuse_talk(room: Room) -> None:
    if (refused := room.log.refuses()) is not None:
        raise refused


def _when_told(rooms: Sequence[Room], call: Callable[[], None]) -> None:
    waiting = len(rooms)
    if not waiting:
        call()

    def told() -> None:
        nonlocal waiting
        waiting -= 1
        if not waiting:
            call()

    for room in rooms:
        room.when_told(told)
