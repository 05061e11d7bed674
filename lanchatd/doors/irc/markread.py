"""MARKREAD: how far a user has read (https://ircv3.net/specs/extensions/read-marker).

Clients name a line by its time, and the rules by its id. Of owners it is known on all their devices, and
kept. How far a guest has read, and private messages, which no log has, is known as long as this connection is
open.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from lanchatd.chat.accounts.read_marks import MOST_OF_ONE
from lanchatd.chat.answers import begin
from lanchatd.chat.events import Read
from lanchatd.chat.room import Room
from lanchatd.chat.user import Session
from lanchatd.commands.history import last_before
from lanchatd.doors.irc.client import Client, session_of
from lanchatd.doors.irc.lines import Message
from lanchatd.doors.irc.numerics import one_word
from lanchatd.formats.irc import HOST
from lanchatd.text import names
from lanchatd.text.refused import Refused
from lanchatd.text.times import from_iso, iso_time

READ_MARKER = "draft/read-marker"

# Times have a millisecond: what was said in it was read.
_MILLISECOND_S = 0.001

_UNKNOWN = "*"


def markread(irc: Client, message: Message) -> None:
    """Say, or ask, how far a room or private messages were read."""
    if READ_MARKER not in irc.capabilities:
        raise Refused("unknown_command", f"Ask for {READ_MARKER} first")
    target, *rest = message.parameters or ("",)
    if not target:
        irc.fail("MARKREAD", "NEED_MORE_PARAMS", "Missing parameters")
        return
    try:
        at = _time_in(rest[0]) if rest else None
        if target.startswith("#"):
            room = irc.chat.room_of(session_of(irc), target)
            begin(_mark(irc, room, at, irc.later()))
        else:
            _mark_private(irc, target, at)
    except Refused as refused:
        irc.fail("MARKREAD", "INVALID_PARAMS", refused.text, one_word(target))


def _time_in(text: str) -> float:
    kind, _, value = text.partition("=")
    try:
        if kind == "timestamp":
            return from_iso(value)
    except (ValueError, OverflowError):
        pass
    raise Refused("usage", "Say timestamp=YYYY-MM-DDThh:mm:ss.sssZ.")


def _mark_private(irc: Client, target: str, at: float | None) -> None:
    key = names.nick(target).key
    if at is not None:
        _keep_here(irc, key, max(at, irc.read_here.get(key, at)))
    _tell(irc, one_word(target), irc.read_here.get(key))


async def _mark(irc: Client, room: Room, at: float | None, later: AbstractContextManager[None]) -> None:
    session = session_of(irc)
    with irc.asking():
        try:
            if at is not None:
                until = await last_before(room.log, at + _MILLISECOND_S, room.readers.newest)
                _move(irc, session, room, until)
            read_at = await _read_at(irc, session, room)
        except Refused as refused:  # the log can't be read, or it left the room meanwhile
            with later:
                irc.fail("MARKREAD", "INTERNAL_ERROR", refused.text, room.name)
        else:
            with later:
                _tell(irc, room.name, read_at)


def _move(irc: Client, session: Session, room: Room, until: int) -> None:
    if until <= _read_until(irc, session, room):
        return
    if session.user.account is None:
        _keep_here(irc, room.key, until)
    else:
        irc.chat.has_read(session, room.name, until)


def _read_until(irc: Client, session: Session, room: Room) -> int:
    if session.user.account is None:
        return int(irc.read_here.get(room.key, 0))
    return irc.chat.read_until(session.user, room)


def _keep_here(irc: Client, key: str, value: float) -> None:
    irc.read_here.pop(key, None)
    irc.read_here[key] = value
    if len(irc.read_here) > MOST_OF_ONE:
        del irc.read_here[next(iter(irc.read_here))]


async def _read_at(irc: Client, session: Session, room: Room) -> float | None:
    """When the last line was said that it has read; None if there is none, or the log does not hold it."""
    until = _read_until(irc, session, room)
    events = await room.log.read(until - 1, until, 1) if until else ()
    return events[0].at if events else None


def _tell(irc: Client, target: str, read_at: float | None) -> None:
    shown = _UNKNOWN if read_at is None else f"timestamp={iso_time(read_at)}"
    irc.send(f":{HOST} MARKREAD {target} {shown}")


async def told_with_join(irc: Client, session: Session, room_text: str) -> float | None:
    """How far it has read a room that it is about to join: the time, None for not at all."""
    try:
        room = irc.chat.rooms.get(names.room(room_text).key)
        return None if room is None else await _read_at(irc, session, room)
    except Refused:
        return None


def tell_joined(irc: Client, room: Room, read_at: float | None) -> None:
    """It has joined a room: tell it how far it has read there, before it is told who is in it."""
    _tell(irc, room.name, read_at)


def read_elsewhere(irc: Client, read: Read) -> None:
    """Its user has read on by another connection: tell it."""
    room = irc.chat.rooms.get(names.room(read.room).key)
    if READ_MARKER in irc.capabilities and irc.session is not None and room is not None:
        begin(_tell_elsewhere(irc, irc.session, room))


async def _tell_elsewhere(irc: Client, session: Session, room: Room) -> None:
    try:
        read_at = await _read_at(irc, session, room)
    except Refused:
        return  # it is told when it reads on
    if irc.session is session:
        _tell(irc, room.name, read_at)
