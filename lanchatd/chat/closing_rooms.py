"""Closing a room, as an administrator does: everybody in it is told why, and goes back to the lobby.

Who is in other rooms too just leaves it. A room that is closed is as one that everybody left: it can be
entered again. One that is removed loses what was said in it too, for good; who enters it makes another one.
"""

from __future__ import annotations

from functools import partial

from lanchatd.chat import entering
from lanchatd.chat.answers import Answer
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import Notice, Parted, Reason
from lanchatd.chat.room import Room
from lanchatd.text import names
from lanchatd.text.quoting import with_quote

CLOSED, REMOVED = "closed", "removed"


async def close(chat: Chat, room: Room, by: str, text: str) -> None:
    """Close a room other than the lobby, when everything said until now has been told.

    ``text`` is why, as somebody wrote it.
    """
    told: Answer[None] = Answer()
    room.tell_now()
    room.when_told(partial(told.settle, None))
    await told
    _send_all_out(chat, room, CLOSED, by, text)


async def remove(chat: Chat, room: Room, by: str, text: str) -> None:
    """Remove a room other than the lobby: throw its log away, and close it when that is done.

    Until then it takes no talk.
    """
    room.tell_now()
    await room.log.throw_away()
    _send_all_out(chat, room, REMOVED, by, text)
    chat.registry.remove(room)


def is_removed(chat: Chat, room: Room) -> None:
    """A room was removed at another daemon of the chat: its log is gone."""
    send_out(chat, room, REMOVED, Reason(f"{room.name} was {REMOVED}"))
    chat.registry.remove(room)


def _send_all_out(chat: Chat, room: Room, how: str, by: str, text: str) -> None:
    """From here, and from the other daemons of the chat."""
    why = Reason(f"{room.name} was {how} by {by}", text)
    send_out(chat, room, how, why)
    chat.nodes.closed(room, how, why)


def send_out(chat: Chat, room: Room, how: str, why: Reason) -> None:
    """Everybody leaves a room and is told why."""
    told = Notice((f"{with_quote(why.words, why.text)}.",), f"room_{how}")
    sessions = [session for user in room.members.values() for session in user.sessions]
    for session in sessions:
        if session.cursor_in(room.key) is None:
            continue  # its user is here on another connection
        if session.far:
            entering.take_out(chat, session, room, why)  # its node tells it
        elif len(session.cursors) > 1 or not session.needs_room:
            entering.take_out(chat, session, room, why, told)
        else:
            parted = (Parted(room.name),) if session.several else ()
            entering.move(chat, session, room, chat.rooms[names.LOBBY], why, told, *parted)
