"""What only administrators type, at the console: to see, to speak to everybody, and to run the daemon."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import Field, replace
from typing import Any, Protocol

from lanchatd import __version__
from lanchatd.chat import closing_rooms, moderating
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import Kind, Notice
from lanchatd.chat.figures import figures_of
from lanchatd.chat.posted import Posted
from lanchatd.chat.room import Room
from lanchatd.chat.user import Session, User
from lanchatd.commands.actor import Does, topic_of
from lanchatd.commands.all_commands import CONSOLE
from lanchatd.commands.report import At, Cell, Facts, Report, Span, Table
from lanchatd.limits import Limits, conflict_in, each_limit, limit_from, option_name
from lanchatd.text import names
from lanchatd.text.quoting import single_spaced
from lanchatd.text.refused import Refused

# Records of the audit log, and a topic's characters, in a list.
RECORDS = 20
TOPIC_SHOWN = 60

NOT_SURE = "not_sure"
"""The code of what is refused only because nobody has said that it is meant."""


class Daemon(Protocol):
    """What administrators ask of the daemon that is not the chat's to know."""

    most_connections: int
    """As many connections as the limit of open files allows."""

    def facts(self) -> dict[str, Cell]:
        """Its connections, its memory and the like."""
        ...

    def addresses(self) -> list[str]:
        """What others open or type to join, at each address of this machine as it is now."""
        ...

    def limits_changed(self) -> None:
        """A limit has another value."""
        ...

    def recorded(self, count: int) -> Table:
        """The last records of the audit log."""
        ...

    def shut_down_in(self, seconds: int, reason: str) -> None:
        """End; instead of when it was asked before."""
        ...


class Administrator:
    """Who types at the console. Implements `lanchatd.commands.actor.Actor`."""

    nick = names.ADMIN
    operator = True
    sign = CONSOLE.sign

    def __init__(
        self, address: str | None, daemon: Daemon, tell: Callable[[Report], None], sure: bool = False
    ) -> None:
        """``tell`` is called with each answer. ``sure``: what has to be meant is, without ``--yes``."""
        self.address = address
        self.daemon = daemon
        self.sure = sure
        self._tell = tell

    def tell(self, *items: Report) -> None:
        """Answer."""
        for item in items:
            self._tell(item)


def _who(chat: Chat, administrator: Administrator, whom: str | None) -> None:
    users = list(chat.users.values()) if whom is None else _called(chat, whom)
    columns = (
        "nick", "address", "encrypted", "room", "since", "idle", "state", "behind", "lines_said", "operator",
    )  # fmt: skip
    users.sort(key=lambda user: user.name.key)
    rows = tuple(_session_row(chat, session) for user in users for session in user.sessions)
    administrator.tell(Table("members", columns, rows, "Nobody is here."))


def _called(chat: Chat, whom: str) -> list[User]:
    """Who is in a room, or one user: a nick goes before a room that is named without its ``#``."""
    try:
        return [chat.user_named(whom)]
    except Refused as no_member:
        try:
            return list(_room_named(chat, whom).members.values())
        except Refused as no_room:
            raise (no_room if whom.startswith("#") else no_member) from None


def _room_named(chat: Chat, name: str) -> Room:
    try:
        return chat.room_named(name)
    except Refused as refused:
        if refused.code != "no_room":
            raise
        raise Refused(refused.code, refused.text.replace(" /", f" {CONSOLE.sign}")) from None


def _session_row(chat: Chat, session: Session) -> tuple[Cell, ...]:
    now, user = chat.clock.seconds(), session.user
    return (
        user.nick,
        session.peer.shown,
        session.peer.encrypted,
        ", ".join(room.name for room in chat.rooms_of(session)),
        At(chat.now() - (now - session.since)),
        Span(now - session.spoke_at),
        "elsewhere" if session.far else "live" if session.live else "lagging",
        0 if session.far else sum(cursor.left for cursor in session.cursors),
        user.lines_said,
        user.operator,
    )


def _rooms(chat: Chat, administrator: Administrator) -> None:
    rooms = sorted(chat.rooms.values(), key=lambda room: (-len(room.members), room.key))
    rows = tuple(
        (room.name, len(room.members), room.readers.newest, single_spaced(room.topic.text)[:TOPIC_SHOWN])
        for room in rooms
    )
    administrator.tell(Table("rooms", ("room", "here", "lines", "topic"), rows, "There is no room."))


async def _room(
    chat: Chat, administrator: Administrator, what: str, name: str, meant: bool, reason: str | None
) -> None:
    room = _room_named(chat, name)
    if room.key == names.LOBBY:
        raise Refused("lobby", f"Everybody begins in {room.name}: it can't be closed or removed.")
    here, lines = len(room.members), room.readers.newest
    if what == "close":
        how = closing_rooms.CLOSED
        await closing_rooms.close(chat, room, administrator.nick, reason or "")
    elif meant or administrator.sure or not lines:
        how = closing_rooms.REMOVED
        await closing_rooms.remove(chat, room, administrator.nick, reason or "")
    else:
        would = f"What was said in {room.name}, {lines:,} line{'' if lines == 1 else 's'}, would go for good"
        raise Refused(NOT_SURE, f"{would}: room remove {room.name} --yes says that it is meant.")
    administrator.tell(Notice((f"{room.name} was {how}; {here:,} {'was' if here == 1 else 'were'} in it.",)))


def _bans(chat: Chat, administrator: Administrator) -> None:
    now = chat.now()
    rows: list[tuple[Cell, ...]] = [
        (ban.shown, "banned", _end(ban.until), ban.by, ban.reason) for ban in chat.moderation.bans.all(now)
    ]
    rows += [(mute.shown, "muted", _end(mute.until), "", "") for mute in chat.moderation.mutes.all(now)]
    columns = ("who", "is", "until", "by", "reason")
    administrator.tell(Table("bans", columns, tuple(rows), "Nobody is banned or muted."))


def _end(until: float | None) -> At | None:
    return None if until is None else At(until)


async def _op(chat: Chat, administrator: Administrator, nick: str | None) -> None:
    operators = chat.moderation.operators
    if nick is None:
        rows = tuple((shown, key in chat.users) for key, shown in operators.items())
        administrator.tell(Table("operators", ("nick", "here"), rows, "Nobody is an operator."))
        return
    name = names.nick(nick)
    account = chat.accounts.named(name.key)
    if account is None:
        text = f"{name.shown} belongs to nobody: first they /register it, or account add {name.shown} does."
        raise Refused("no_account", text)
    if name.key in operators:
        raise Refused("operator", f"{account.name.shown} is an operator already.")
    kept = moderating.make_operator(chat, account.name)
    if (user := chat.users.get(name.key)) is not None:
        user.tell(Notice(("You are an operator now. /help lists what you may do.",)))
    await kept
    administrator.tell(Notice((f"{account.name.shown} is an operator now.",)))


async def _deop(chat: Chat, administrator: Administrator, nick: str) -> None:
    name = names.nick(nick)
    if name.key not in chat.moderation.operators:
        raise Refused("no_operator", f"{name.shown} is no operator.")
    kept = moderating.unmake_operator(chat, name)
    if (user := chat.users.get(name.key)) is not None:
        user.tell(Notice(("You are no operator any more.",)))
    await kept
    administrator.tell(Notice((f"{name.shown} is no operator any more.",)))


def _say(chat: Chat, administrator: Administrator, room: str, text: str) -> Posted:
    return chat.say_as_admin(_room_named(chat, room), text)


def _topic(chat: Chat, administrator: Administrator, name: str, text: str | None) -> Posted | None:
    room = _room_named(chat, name)
    if text is not None:
        return chat.say_as_admin(room, text, Kind.TOPIC)
    administrator.tell(topic_of(room))
    return None


async def _announce(chat: Chat, administrator: Administrator, text: str) -> None:
    rooms = [room for room in chat.rooms.values() if room.members]
    told = Notice((f"Told to {chat.summary()}.",))
    await _say_in(chat, rooms, text)
    administrator.tell(told)


async def _say_in(chat: Chat, rooms: list[Room], text: str) -> None:
    """Say something in many rooms at once; `Refused` as the first of them, when all have been told."""
    told = [chat.say_as_admin(room, f"announces: {text}", Kind.ACTED).answer() for room in rooms]
    for one in told:
        with suppress(Refused):
            await one
    for one in told:
        one.result()


def _stats(chat: Chat, administrator: Administrator) -> None:
    figures = figures_of(chat)
    doors = sorted({door for door, _ in figures.sessions})
    by_door = [(door, figures.sessions[door, False] + figures.sessions[door, True]) for door in doors]
    facts: dict[str, Cell] = {
        "server": chat.name,
        "version": __version__,
        "members": figures.users,
        "sessions": ", ".join(f"{count:,} {door}" for door, count in by_door) or None,
        "encrypted": sum(count for (_, encrypted), count in figures.sessions.items() if encrypted),
        "lagging": figures.lagging,
        "behind_lines": figures.behind_lines,
        "direct_bytes": figures.direct_bytes,
        "rooms": figures.rooms,
        "lines_said": figures.lines_said,
        "deliveries": chat.counts.deliveries.total(),
        "refused": chat.counts.refused.total(),
        "turned_away": chat.counts.turned_away.total(),
        "floods": chat.counts.floods,
        "bans": figures.bans,
        "mutes": figures.mutes,
        "operators": figures.operators,
    }
    administrator.tell(Facts("stats", facts | administrator.daemon.facts()))


def _address(chat: Chat, administrator: Administrator) -> None:
    rows: tuple[tuple[Cell, ...], ...] = tuple((way,) for way in administrator.daemon.addresses())
    administrator.tell(Table("address", ("join_with",), rows, "Nobody can join: it listens on no address."))


def _limits(chat: Chat, administrator: Administrator, name: str | None, value: str | None) -> None:
    if name is None:
        _tell_limits(chat, administrator, list(each_limit()))
        return
    option = name.removeprefix("--").replace("_", "-")
    limit = next((limit for limit in each_limit() if option_name(limit) == option), None)
    if limit is None:
        raise Refused("no_limit", f"There is no limit {option}. limits lists what there is.")
    if value is not None:
        _set_limit(chat, administrator, limit, value)
    _tell_limits(chat, administrator, [limit])


def _set_limit(chat: Chat, administrator: Administrator, limit: Field[Any], value: str) -> None:
    try:
        number = limit_from(limit, value)
    except ValueError as error:
        raise Refused("bad_limit", f"{error}.") from None
    changed = replace(chat.limits)
    setattr(changed, limit.name, number)
    if conflict := conflict_in(changed):
        raise Refused("bad_limit", f"{conflict}.")
    most = administrator.daemon.most_connections
    if limit.name == "max_connections" and number > most:
        raise Refused("bad_limit", f"The limit of open files allows {most:,} connections.")
    setattr(chat.limits, limit.name, number)
    administrator.daemon.limits_changed()


def _tell_limits(chat: Chat, administrator: Administrator, limits: list[Field[Any]]) -> None:
    rows = tuple(_limit_row(chat, limit) for limit in limits)
    administrator.tell(Table("limits", ("limit", "value", "default", "unit", "what"), rows, ""))


def _limit_row(chat: Chat, limit: Field[Any]) -> tuple[Cell, ...]:
    known = limit.metadata
    value: float = getattr(chat.limits, limit.name)
    default: float = getattr(Limits, limit.name)
    return option_name(limit), value, default, known["unit"], known["what"]


def _log(chat: Chat, administrator: Administrator, count: int | None) -> None:
    administrator.tell(administrator.daemon.recorded(count or RECORDS))


async def _shutdown(
    chat: Chat, administrator: Administrator, meant: bool, seconds: int | None, reason: str | None
) -> None:
    if not (meant or administrator.sure):
        when = f" {seconds}" if seconds else ""
        would = f"The daemon would end, with {chat.summary()}"
        raise Refused(NOT_SURE, f"{would}: shutdown --yes{when} says that it is meant.")
    administrator.daemon.shut_down_in(seconds or 0, reason or "")
    if not seconds:
        administrator.tell(Notice(("The server is shutting down.",)))
        return
    why = f": {reason}" if reason else ""
    at = chat.until_shown(chat.now() + seconds).removeprefix(" until ")
    told = Notice((f"The server shuts down in {seconds:,} s. Another shutdown takes the place of this one.",))
    rooms = [room for room in chat.rooms.values() if room.members]
    text = f"the server shuts down at {at}, in {seconds:,} s{why}"
    await _say_in(chat, rooms, text)
    administrator.tell(told)


DOES: dict[str, Does] = {
    "who": _who,
    "rooms": _rooms,
    "room": _room,
    "say": _say,
    "announce": _announce,
    "topic": _topic,
    "bans": _bans,
    "op": _op,
    "deop": _deop,
    "stats": _stats,
    "address": _address,
    "limits": _limits,
    "log": _log,
    "shutdown": _shutdown,
}
"""What each row of `rows.ADMINISTERING` does, by its name."""
