"""The chat: who is here, by nick, and the rooms. It knows nothing of sockets."""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from weakref import ref

from lanchatd import __version__
from lanchatd.chat.answers import Kept
from lanchatd.chat.events import Event, Item, Kind, Missed, Notice, Private, RoomLine, Rooms, Welcome
from lanchatd.chat.format import Hello
from lanchatd.chat.lists import Lists
from lanchatd.chat.log import Log
from lanchatd.chat.member import Member
from lanchatd.chat.moderation import Ban, Keep, Moderation, Target
from lanchatd.chat.peer import Peer
from lanchatd.chat.presence_turns import Presences
from lanchatd.chat.refs import Refs
from lanchatd.chat.replay_turns import Pulls
from lanchatd.chat.room import Room
from lanchatd.chat.searching import Search
from lanchatd.clock import Clock, call_all
from lanchatd.limits import Limits
from lanchatd.text import cleaning, lookalikes, names
from lanchatd.text.framing import quoted
from lanchatd.text.lookalikes import Looks
from lanchatd.text.names import Name
from lanchatd.text.refused import Refused
from lanchatd.text.times import near_time

# How many rooms one list shows: with the longest names and topics cut, under 32 KiB.
ROOMS_SHOWN = 100
TOPIC_SHOWN = 80

_HOUR_S = 3_600


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
    ) -> None:
        """``new_log`` gives the log for a room, by the room's key; ``now`` tells seconds since the epoch.

        ``keep`` keeps the bans, mutes and operators.
        """
        self.name = name
        self.motd = motd
        self.limits = limits
        self.clock = clock
        self.now = now
        self.members: dict[str, Member] = {}
        self.moderation = Moderation(now, keep)
        self.lines_said = 0
        self.refs = Refs(limits)
        self.lists = Lists(clock)
        self.search: Search | None = None  # if there is something to search in
        self._new_log = new_log
        self._nicks_seen = Looks()
        self._nicks_seen.add(names.nick(names.ADMIN))
        self._rooms_seen = Looks()
        # The rooms with somebody in them, and when rooms were made in the last hour, by who made them.
        self._inhabited: set[str] = set()
        self._made: dict[str, list[float]] = {}
        self._pulls = Pulls(clock)
        self._presences = Presences(clock)
        self.rooms: dict[str, Room] = {}
        self._lobby = self._add_room(names.room(names.LOBBY))

    # -- coming and going

    def name_for(self, text: str, owner: Member | None = None) -> Name:
        """The nick that was typed, if its ``owner`` (None: a newcomer) may take it."""
        name = names.nick(text)
        if self.members.get(name.key, owner) is not owner or name.key == names.ADMIN:
            raise Refused("nick_taken", "That nick is taken.")
        if (ban := self.moderation.bans.on_nick(name.key, self.now())) is not None:
            why = f": {quoted(ban.reason)}" if ban.reason else ""
            raise Refused("banned", f"That nick is banned{self.until_shown(ban.until)}{why}.")
        lookalikes.refuse_mixed(name)
        other = self._nicks_seen.like(name, but=None if owner is None else owner.name)
        if other is not None:
            raise Refused("nick_taken", f"That nick looks like {other.shown}.")
        return name

    def join(self, hello: Hello, peer: Peer, make_member: Callable[[Name], Member]) -> None:
        """Somebody comes in. ``make_member`` is called when nothing can be refused any more."""
        if self.moderation.bans.on_address(peer.address, self.now()) is not None:
            raise Refused("banned", "Your address is banned.")
        name = self.name_for(hello.nick)
        room = self._lobby if hello.room is None else self._room_for(names.room(hello.room), peer, name)
        member = make_member(name)
        self.members[name.key] = member
        self._nicks_seen.add(name)
        member.operator = name.key in self.moderation.operators
        self._enter(member, room, hello.after, hello.log, motd=self.motd)

    def leave(self, member: Member, reason: str = "") -> None:
        """A member goes; the nick is free at once. ``reason`` is what the room is told."""
        room = self.room_of(member)
        del self.members[member.name.key]
        self._nicks_seen.remove(member.name)
        room.leave(member, reason)
        self._was_left(room)

    def room_of(self, member: Member) -> Room:
        """The room that a member is in."""
        return self.rooms[member.room_key]

    def member_named(self, text: str) -> Member:
        """The member with the nick that was typed."""
        member = self.members.get(names.nick(text).key)
        if member is None:
            raise Refused("no_member", f"There is no {text} here.")
        return member

    def room_named(self, text: str) -> Room:
        """The room with the name that was typed."""
        name = names.room(text)
        room = self.rooms.get(name.key)
        if room is None:
            raise Refused("no_room", f"There is no {name.shown}. /rooms lists what there is.")
        return room

    def move(self, member: Member, room_text: str) -> None:
        """A member goes into another room, which is made if there is none."""
        old, name = self.room_of(member), names.room(room_text)
        if name.key == old.key:
            raise Refused("same_room", f"You are in {old.name} already.")
        old.tell_now()  # who says a line and goes sees it come back, from a log that is in memory
        if member.readers is None:
            return
        new = self._room_for(name, member.peer, member.name)
        unread = old.readers.unread(member)
        old.leave(member, f"went to {new.name}")
        unsent = Notice((f"{unread:,} lines of {old.name} had not been sent to you yet.",))
        self._enter(member, new, first=(unsent,) if unread else ())
        self._was_left(old)

    def rename(self, member: Member, text: str) -> None:
        """A member takes another nick."""
        name = self.name_for(text, member)
        if name == member.name:
            raise Refused("same_nick", f"You are {member.nick} already.")
        for other in self.members.values():
            if other.ignored is not None:
                other.ignored.follow(member)
        del self.members[member.name.key]
        self._nicks_seen.remove(member.name)
        self.members[name.key] = member
        self._nicks_seen.add(name)
        # A mute holds for the nick, and goes along with who had it.
        member.muted_as = self.muted_as(member)
        member.operator = name.key in self.moderation.operators
        self.room_of(member).rename(member, name)

    def summary(self) -> str:
        """How many are here, in a few words."""
        members, rooms = len(self.members), sum(bool(room.members) for room in self.rooms.values())
        return f"{members:,} member{'' if members == 1 else 's'} in {rooms:,} room{'' if rooms == 1 else 's'}"

    # -- talk

    def say(self, member: Member, text: str, kind: Kind = Kind.SAID) -> Event:
        """A member says, does, or sets as the topic; told to the room at the end of the turn."""
        cleaning.refuse_unseen(text)
        self.refuse_muted(member)
        room = self.room_of(member)
        room.refuse_talk()
        member.lines_said += 1
        self.lines_said += 1
        event = room.post(kind, member.nick, text)
        event.by = ref(member)
        return event

    def say_as_admin(self, room: Room, text: str, kind: Kind = Kind.SAID) -> Event:
        """An administrator says, does, or sets as the topic."""
        cleaning.refuse_unseen(text)
        room.refuse_talk()
        self.lines_said += 1
        return room.post(kind, names.ADMIN, text)

    def whisper(self, member: Member, to: Member, text: str) -> None:
        """A private message, shown to both; who ignores the member is not shown it."""
        self.refuse_muted(member)
        private = Private(member.nick, to.nick, text, self.now())
        if to is not member and not to.ignores_member(member):
            to.reply_to = ref(member)
            to.tell(private)
        member.tell(private)

    def refuse_muted(self, member: Member) -> None:
        """Raises `Refused` if the member may not talk."""
        key = self.muted_as(member)
        if key is not None:
            until = self.until_shown(self.moderation.mutes.until(key))
            raise Refused("muted", f"You are muted{until}.")

    def muted_as(self, member: Member) -> str | None:
        """The key of the nick by which a member is muted, or None: its own, or one that it had then."""
        for key in (member.name.key, member.muted_as):
            if key is not None and self.moderation.mutes.holds(key, self.now()):
                return key
        return None

    def until_shown(self, until: float | None) -> str:
        """When a ban or mute ends, as it ends a sentence; empty for good."""
        return "" if until is None else f" until {near_time(until, self.now())}"

    # -- moderation

    def kick(self, member: Member, by: str, reason: str, code: str = "kicked") -> None:
        """Close a member's connection; the nick is free at once, whatever its socket does."""
        why = f"{code} by {by}{': ' + quoted(reason) if reason else ''}"
        member.connection.dismiss(code, f"You were {why}.", why)

    def ban(self, target: Target, ban: Ban) -> Kept:
        """Keep a nick, an address or a network out, and close whom it holds for."""
        self.moderation.refuse_full(self.moderation.bans, "bans")
        self.moderation.bans.add(target, ban)
        for member in list(self.members.values()):
            if _is_on(target, member):
                self.kick(member, ban.by, ban.reason, "banned")
        return self.moderation.changed()

    def mute(self, name: Name, until: float | None) -> Kept:
        """Let a nick only read; None is for good."""
        self.moderation.refuse_full(self.moderation.mutes, "mutes")
        self.moderation.mutes.add(name, until)
        return self.moderation.changed()

    def make_operator(self, name: Name) -> Kept:
        """Let whoever has this nick moderate."""
        self.moderation.refuse_full(self.moderation.operators, "operators")
        self.moderation.operators[name.key] = name.shown
        self._know_the_operators()
        return self.moderation.changed()

    def unmake_operator(self, name: Name) -> Kept:
        """Let whoever has this nick not moderate any more."""
        del self.moderation.operators[name.key]
        self._know_the_operators()
        return self.moderation.changed()

    def load_moderation(self, document: bytes) -> None:
        """Take bans, mutes and operators from what was kept. Raises ValueError, and changes nothing then."""
        self.moderation.load(document)
        self._know_the_operators()
        self._close_the_banned()

    def _close_the_banned(self) -> None:
        bans, now = self.moderation.bans, self.now()
        for member in list(self.members.values()):
            ban = bans.on_nick(member.name.key, now) or bans.on_address(member.address, now)
            if ban is not None:
                self.kick(member, ban.by, ban.reason, "banned")

    def _know_the_operators(self) -> None:
        for member in self.members.values():
            member.operator = member.name.key in self.moderation.operators
        self.lists.changed()

    # -- rooms

    def restore(self, rooms: Iterable[tuple[str, str, float]]) -> None:
        """Take the rooms that were kept before anybody comes, each with its topic and when it was used last.

        That is in seconds since the epoch.
        """
        self.rooms = {}
        self._rooms_seen = Looks()
        for shown, topic, used_at in rooms:
            room = self._add_room(names.room(shown), topic, used_at)
            if room.key != names.LOBBY and used_at < self.now() - self.limits.ref_memory_s:
                room.log.put_away()  # nobody is on the way back to it
        lobby = names.room(names.LOBBY)
        self._lobby = self.rooms.get(lobby.key) or self._add_room(lobby)

    def tell_operators(self, notice: Notice) -> None:
        """Tell those who moderate, wherever they are."""
        for member in list(self.members.values()):
            if member.operator:
                member.tell(notice)

    def list_rooms(self) -> Rooms:
        """The fullest rooms, and then those that were used last."""
        fullest = sorted(
            self.rooms.values(),
            key=lambda room: (-len(room.members), 0 if room.members else -room.used_at, room.key),
        )
        return Rooms(
            tuple(
                RoomLine(room.name, len(room.members), room.topic[:TOPIC_SHOWN])
                for room in fullest[:ROOMS_SHOWN]
            ),
            len(fullest),
        )

    def log_hangs(self) -> None:
        """The logs refuse from now on."""
        call_all(self.clock, deque(room.log_hangs for room in self.rooms.values()))

    def when_told(self, call: Callable[[], None]) -> None:
        """Call it when everything said until now, in every room, has been fanned out."""
        waiting = len(self.rooms)

        def told() -> None:
            nonlocal waiting
            waiting -= 1
            if not waiting:
                call()

        for room in list(self.rooms.values()):
            room.when_told(told)

    def _enter(
        self,
        member: Member,
        room: Room,
        after: int | None = None,
        log: str | None = None,
        first: tuple[Item, ...] = (),
        motd: tuple[str, ...] = (),
    ) -> None:
        known = room.enter(member, after, log)
        self._inhabited.add(room.key)
        place = (member.nick, room.name, room.log.name, room.readers.newest, room.topic)
        told = (*first, Welcome(*place, server=self.name, version=__version__, motd=motd))
        # Last of all, as it may find that the member reads nothing, and close it.
        member.tell(*told, *(() if known else (Missed(room.name, room.log.name, None),)))

    def _room_for(self, name: Name, peer: Peer, who: Name) -> Room:
        """The room that somebody enters, which is made if there is none."""
        room = self.rooms.get(name.key)
        if room is self._lobby or (room is not None and room.members):
            return room
        if len(self._inhabited) >= self.limits.max_rooms:
            full = f"There are {len(self._inhabited):,} rooms with somebody in them, which is the limit."
            raise Refused("too_many_rooms", full)
        return room or self._make_room(name, peer.address or who.key)

    def _make_room(self, name: Name, maker: str) -> Room:
        if (other := self._rooms_seen.like(name)) is not None:
            raise Refused("bad_room", f"That room looks like {other.shown}, which is there.")
        now, most = self.clock.seconds(), self.limits.rooms_per_h
        self._made = {who: times for who, times in self._made.items() if now - times[-1] < _HOUR_S}
        times = [at for at in self._made.get(maker, ()) if now - at < _HOUR_S]
        if len(times) >= most:
            raise Refused("too_many_rooms", f"{most:,} rooms were made from your address within an hour.")
        self._made[maker] = [*times, now]
        return self._add_room(name)

    def _add_room(self, name: Name, topic: str = "", used_at: float = 0) -> Room:
        log = self._new_log(name.key)
        shared = self._pulls, self._presences, self.lists
        room = Room(name, log, self.clock, self.now, self.limits, *shared, topic)
        room.used_at = used_at
        self.rooms[name.key] = room
        self._rooms_seen.add(name)
        return room

    def _was_left(self, room: Room) -> None:
        """A room that is empty is put away: it can be entered again as it was, and counts for no limit."""
        if not room.members:
            self._inhabited.discard(room.key)
            room.used_at = self.now()
            room.when_told(partial(self._put_away, room))

    def _put_away(self, room: Room) -> None:
        if room.members or room is self._lobby or self.rooms.get(room.key) is not room:
            return
        if room.is_empty():
            self._drop(room)
        elif not room.log.put_away() and len(self.rooms) - len(self._inhabited) > self.limits.max_rooms:
            empty = [room for room in self.rooms.values() if room is not self._lobby and not room.members]
            self._drop(min(empty, key=lambda room: room.used_at))

    def _drop(self, room: Room) -> None:
        del self.rooms[room.key]
        self._rooms_seen.remove(Name(room.name, room.key))


def _is_on(target: Target, member: Member) -> bool:
    if isinstance(target, str):
        return target == member.name.key
    return member.address is not None and ipaddress.ip_address(member.address) in target
