"""Rooms: JOIN, PART, TOPIC, KICK, INVITE, NAMES, LIST and MODE."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from functools import partial

from lanchatd.chat import entering, moderating
from lanchatd.chat.answers import begin
from lanchatd.chat.events import Kind, Notice, RoomLine
from lanchatd.chat.rolls import Reading, Roll
from lanchatd.chat.room import Room
from lanchatd.chat.user import Session, User
from lanchatd.doors.irc.client import Client, session_of
from lanchatd.doors.irc.connecting import reason_in
from lanchatd.doors.irc.lines import Message, in_pieces, plain
from lanchatd.doors.irc.markread import READ_MARKER, tell_joined, told_with_join
from lanchatd.doors.irc.masks import fitting, is_mask
from lanchatd.doors.irc.numerics import numeric, one_word
from lanchatd.formats.irc import ME, room_line, source, topic_lines
from lanchatd.text import cleaning, names
from lanchatd.text.refused import Refused

# With the longest names and topics, cut, a piece of LIST has 60 KiB; usually 5.
ROOMS_A_PIECE = 100

# Clients set "+i" by themselves. None of these makes a difference, and "o" tells who is an operator.
_USER_MODES = frozenset("+-iosw")

_BY_ADMINISTRATORS = "Operators are made by administrators of the server"


def _each(irc: Client, message: Message) -> list[str]:
    """The rooms in the first parameter, no more than one may be in; each costs what a line does."""
    rooms = message.parameters[0].split(",")[: irc.limits.max_rooms_per_session]
    irc.costs(len(rooms) - 1)
    return rooms


def join(irc: Client, message: Message) -> None:
    """Go into rooms, which are made if there are none; "0" leaves all."""
    session = session_of(irc)
    if message.parameters[0] == "0":
        irc.costs(len(session.cursors))
        for room in irc.chat.rooms_of(session):
            _part_from(irc, session, room, "")
        return
    wanted = _each(irc, message)
    if READ_MARKER in irc.capabilities:
        begin(_enter_told_how_far_read(irc, session, wanted, irc.later()))
        return
    for text in wanted:
        _enter(irc, session, text)


def _enter(irc: Client, session: Session, text: str) -> Room | None:
    """Go into one room. Returns it, or None if it was refused or was in it already."""
    already = False
    try:
        entering.enter(irc.chat, session, text, irc.place_in(text))
    except Refused as refused:
        already = refused.code == "same_room"
        if not already:
            irc.refuse(refused, "JOIN", text)
            return None
    if not session.cursors:
        return None
    room = irc.chat.room_of(session, text)
    _tell_spelling(irc, text, room.name)
    return None if already else room


def _tell_spelling(irc: Client, text: str, name: str) -> None:
    """A client that asks for #BÜRO and is let into #büro waits for ever: it folds no more than ASCII."""
    asked = "#" + text.removeprefix("#")
    if asked.encode().lower() != name.encode().lower():
        irc.send(numeric(470, one_word(asked), name, text="is how that room is written"))


async def _enter_told_how_far_read(
    irc: Client, session: Session, wanted: list[str], later: AbstractContextManager[None]
) -> None:
    with irc.asking():
        read = [await told_with_join(irc, session, text) for text in wanted]
        with later:
            for text, read_at in zip(wanted, read, strict=True):
                if session not in session.user.sessions:
                    break  # it went away while the log was reading
                if (room := _enter(irc, session, text)) is not None:
                    tell_joined(irc, room, read_at)


def part(irc: Client, message: Message) -> None:
    """Leave rooms, with a text."""
    session = session_of(irc)
    text = message.parameters[1] if len(message.parameters) > 1 else ""
    for name in _each(irc, message):
        try:
            _part_from(irc, session, _room_here(irc, name), text)
        except Refused as refused:
            irc.refuse(refused, "PART", name)


def _part_from(irc: Client, session: Session, room: Room, text: str) -> None:
    entering.part(irc.chat, session, room, reason_in(irc, text))


def _room_here(irc: Client, text: str) -> Room:
    return irc.chat.room_of(session_of(irc), text)


def topic(irc: Client, message: Message) -> None:
    """Tell what a room is about, or set it."""
    if len(message.parameters) == 1:
        room = irc.chat.room_named(message.parameters[0])
        no_topic = [numeric(331, room.name, text="No topic is set")]
        irc.send(*(topic_lines(room.name, room.topic) or no_topic))
        return
    room = _room_here(irc, message.parameters[0])
    text = cleaning.clean(plain(message.parameters[1])).rstrip()

    posted = irc.chat.say(session_of(irc), room, text, Kind.TOPIC)
    posted.told = partial(_topic_told, irc, room.name, irc.later(posted))


def _topic_told(irc: Client, room: str, later: AbstractContextManager[None], refused: Refused | None) -> None:
    with later:
        if refused is not None:
            irc.refuse(refused, "TOPIC", room)


def kick(irc: Client, message: Message) -> None:
    """Close somebody's connections: who is kicked from one room here is out of all."""
    session = session_of(irc)
    text = message.parameters[2] if len(message.parameters) > 2 else ""  # noqa: PLR2004
    try:
        room = _room_here(irc, message.parameters[0])
    except Refused as refused:
        irc.refuse(refused, "KICK", message.parameters[0])
        return
    if not session.user.operator:
        irc.refuse(Refused("not_operator", "Only operators may kick."), "KICK", room.name)
        return
    kicked = irc.chat.user_named(message.parameters[1].split(",")[0])
    moderating.kick(kicked, session.user.nick, cleaning.harmless(plain(text)))


def invite(irc: Client, message: Message) -> None:
    """Tell somebody of a room; nobody needs to be invited."""
    session = session_of(irc)
    to = irc.chat.user_named(message.parameters[0])
    try:
        room = _room_here(irc, message.parameters[1])
    except Refused as refused:
        irc.refuse(refused, "INVITE", message.parameters[1])
        return
    if to.is_in(room.key):
        irc.refuse(Refused("in_room", "is in that room already"), "INVITE", to.nick, room.name)
        return
    irc.chat.refuse_muted(session.user)
    if not to.ignores_user(session.user):
        _tell_invited(session.user, to, room.name)
    irc.send(numeric(341, to.nick, room.name))


def _tell_invited(by: User, to: User, room: str) -> None:
    invites = Notice((f"{by.nick} invites you to {room}. /join {room} goes there.",))
    for session in to.sessions:
        if session.format.like_irc:
            session.tell_encoded(f":{source(by.nick)} INVITE {ME} {room}\r\n".encode())
        else:
            session.tell(invites)


def names_of(irc: Client, message: Message) -> None:
    """Who is in rooms, in pieces if there are many."""
    if not message.parameters:
        irc.send(numeric(366, "*", text="End of /NAMES list"))
        return
    irc.answer(_named(irc, _each(irc, message)))


def _named(irc: Client, wanted: list[str]) -> Iterator[str]:
    for text in wanted:
        try:
            room = irc.chat.room_named(text)
        except Refused:
            yield numeric(366, one_word(text), text="End of /NAMES list") + "\r\n"
            continue
        reading = Reading(room.members)
        while True:
            if (cursor := session_of(irc).cursor_in(room.key)) is not None:
                cursor.names_at = room.readers.late_joins.came
            yield room.names(irc.format, reading).decode()
            if reading.is_over:
                break


def list_(irc: Client, message: Message) -> None:
    """The rooms there are, in pieces if there are many; or those that are named, or fit a mask."""
    irc.answer(_listed(irc, _each(irc, message) if message.parameters else None))


def _listed(irc: Client, wanted: list[str] | None) -> Iterator[str]:
    yield numeric(321, "Channel", text="Users  Name") + "\r\n"
    fits = fitting(wanted) if wanted and any(map(is_mask, wanted)) else None
    reading = Reading(irc.chat.rooms if wanted is None or fits else _those(irc, wanted))
    while rooms := reading.take(ROOMS_A_PIECE):
        told = (room for room in rooms if fits is None or fits(room.key))
        lines = (room_line(RoomLine(room.name, len(room.members), room.topic.text)) for room in told)
        yield "".join(line + "\r\n" for line in lines)
    yield numeric(323, text="End of /LIST") + "\r\n"


def _those(irc: Client, wanted: list[str]) -> Roll[Room]:
    rooms: Roll[Room] = Roll()
    for text in wanted:
        with suppress(Refused):
            room = irc.chat.room_named(text)
            rooms[room.key] = room
    return rooms


def mode(irc: Client, message: Message) -> None:
    """What there is of modes: who is an operator, and what is banned from the server."""
    about, *rest = message.parameters
    if about.startswith("#"):
        _mode_of_room(irc, irc.chat.room_named(about), rest)
    else:
        _mode_of_user(irc, about, "".join(rest[:1]))


def _mode_of_room(irc: Client, room: Room, rest: list[str]) -> None:
    if not rest:
        irc.send(numeric(324, room.name, "+n"))
    elif rest[0].strip("+-") == "b" and len(rest) == 1:
        _tell_bans(irc, room)
    elif set(rest[0]) - set("+-bno"):
        (unknown, *_) = sorted(set(rest[0]) - set("+-bno"))
        irc.refuse(Refused("unknown_mode", "is unknown mode char to me"), "MODE", unknown)
    else:
        text = f"{_BY_ADMINISTRATORS}; they ban by /msg {names.SERVER} /ban NICK"
        irc.refuse(Refused("not_operator", text), "MODE", room.name)


def _tell_bans(irc: Client, room: Room) -> None:
    lines: list[str] = []
    if session_of(irc).user.operator:
        bans = irc.chat.moderation.bans.all(irc.chat.now())
        masks = (f"*!*@{ban.shown}" if set(ban.shown) & set(":/") else f"{ban.shown}!*@*" for ban in bans)
        lines = [numeric(367, room.name, mask) for mask in masks]
    end = numeric(368, room.name, text="End of list of bans, which are the server's")
    irc.answer(in_pieces((*lines, end), irc.limits.chunk_bytes // 2))


def _mode_of_user(irc: Client, about: str, letters: str) -> None:
    user = session_of(irc).user
    if irc.chat.user_named(about) is not user:
        raise Refused("not_yours", "Cannot see or change modes for other users")
    if set(letters) - _USER_MODES:
        irc.refuse(Refused("unknown_user_mode", "Unknown mode"), "MODE")
    else:
        irc.send(numeric(221, "+o" if user.operator else "+"))
