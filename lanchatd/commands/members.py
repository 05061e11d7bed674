"""What members type: talk, rooms, and how they are seen."""

from __future__ import annotations

import re
from collections.abc import Coroutine
from typing import Any

from lanchatd.chat import entering, renaming
from lanchatd.chat.answers import Answer
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import NO_REASON, Kind, Notice, Reason
from lanchatd.chat.ignored import Ignored
from lanchatd.chat.posted import Posted
from lanchatd.chat.user import User
from lanchatd.commands import history
from lanchatd.commands.actor import Does, topic_of
from lanchatd.commands.speaker import Speaker, wait_for
from lanchatd.text import names
from lanchatd.text.quoting import with_quote
from lanchatd.text.refused import Refused
from lanchatd.text.times import moment_from

# A line of the room, for programs, which know them by their ids.
_BY_ID = re.compile(r"id ([0-9]{1,15})")

MOST_IGNORED = 100  # nicks, by one member


def _nick(chat: Chat, speaker: Speaker, nick: str) -> Coroutine[Answer[Any], None, None]:
    return wait_for(speaker, renaming.rename(chat, speaker.user, nick))


def _me(chat: Chat, speaker: Speaker, text: str) -> Posted:
    return chat.say(speaker.session, speaker.room, text, Kind.ACTED)


def _msg(chat: Chat, speaker: Speaker, nick: str, text: str) -> None:
    _whisper(chat, speaker, chat.user_named(nick), text)


def _whisper(chat: Chat, speaker: Speaker, to: User, text: str) -> None:
    chat.whisper(speaker.session, to, text, key=speaker.key)
    if to.away is not None:
        speaker.tell(Notice((f"{with_quote(f'{to.nick} is away', to.away)}.",)))


def _reply(chat: Chat, speaker: Speaker, text: str) -> None:
    if speaker.user.reply_to is None:
        raise Refused("no_member", "Nobody has written to you.")
    to = speaker.user.reply_to()
    if to is None or not to.is_here:
        raise Refused("no_member", "Who wrote to you last is gone.")
    _whisper(chat, speaker, to, text)


def _who(chat: Chat, speaker: Speaker, room: str | None) -> None:
    which = speaker.room if room is None else chat.room_named(room)
    speaker.session.tell_encoded(which.who_encoded(speaker.session.format))


def _rooms(chat: Chat, speaker: Speaker) -> None:
    speaker.session.tell_encoded(chat.lists.encoded(speaker.session.format, chat.list_rooms))


def _join(chat: Chat, speaker: Speaker, room: str) -> None:
    entering.enter(chat, speaker.session, room)


def _part(chat: Chat, speaker: Speaker, room: str | None, text: str | None) -> None:
    if room is not None and not room.startswith("#") and not _is_in(speaker, room):
        room, text = None, room if text is None else f"{room} {text}"
    left = speaker.room if room is None else chat.room_of(speaker.session, room)
    entering.part(chat, speaker.session, left, _goodbye(chat, speaker, text))


def _goodbye(chat: Chat, speaker: Speaker, text: str | None) -> Reason:
    """Who is muted says nothing on the way out either."""
    return NO_REASON if text is None or chat.muted_as(speaker.user) is not None else Reason(text=text)


def _is_in(speaker: Speaker, room: str) -> bool:
    try:
        return speaker.session.cursor_in(names.room(room).key) is not None
    except Refused:
        return False


def _topic(chat: Chat, speaker: Speaker, text: str | None) -> Posted | None:
    if text is not None:
        return chat.say(speaker.session, speaker.room, "" if text == "-" else text, Kind.TOPIC)
    speaker.tell(topic_of(speaker.room))
    return None


def _history(chat: Chat, speaker: Speaker, lines: int | None, time: str | None) -> None:
    if time is None:
        history.show(chat, speaker, lines or 20)
        return
    if (by_id := _BY_ID.fullmatch(time)) is not None:
        history.show_before_id(chat, speaker, int(by_id[1]), lines or 20)
        return
    try:
        at = moment_from(time, chat.now())
    except (ValueError, OverflowError):
        raise Refused("usage", "A time is like 14:03, 2026-11-22 or 2026-11-22 14:03.") from None
    history.show_before(chat, speaker, at, lines or 20)


def _search(chat: Chat, speaker: Speaker, words: str | None) -> None:
    history.search(chat, speaker, words)


def _ignore(chat: Chat, speaker: Speaker, nick: str) -> None:
    name, user = names.nick(nick), speaker.user
    if name.key == user.name.key:
        raise Refused("yourself", "You can't ignore yourself.")
    if name.key == names.ADMIN:
        raise Refused("not_ignorable", "What administrators say can't be ignored.")
    ignored = user.ignored or Ignored()
    if len(ignored) >= MOST_IGNORED:
        raise Refused("too_many", f"You ignore {MOST_IGNORED} nicks, which is the limit.")
    ignored.add(name.key, chat.users.get(name.key))
    _set_ignored(user, ignored)
    speaker.tell(Notice((f"You ignore {name.shown} now.",)))


def _unignore(chat: Chat, speaker: Speaker, nick: str) -> None:
    name, user = names.nick(nick), speaker.user
    ignored = user.ignored or Ignored()
    if not ignored.remove(name.key, chat.users.get(name.key)):
        raise Refused("not_ignored", f"You don't ignore {name.shown}.")
    _set_ignored(user, ignored)
    speaker.tell(Notice((f"You don't ignore {name.shown} any more.",)))


def _set_ignored(user: User, ignored: Ignored) -> None:
    user.ignored = ignored if len(ignored) else None
    for session in user.sessions:
        session.ignores_others_now()


def _away(chat: Chat, speaker: Speaker, text: str | None) -> None:
    chat.set_away(speaker.session, text or "")
    speaker.tell(Notice(("You are away.",)))


def _back(chat: Chat, speaker: Speaker) -> None:
    if speaker.session.away is None:
        raise Refused("not_away", "You are not away.")
    chat.set_away(speaker.session, None)
    speaker.tell(Notice(("You are back.",)))


def _quit(chat: Chat, speaker: Speaker, text: str | None) -> None:
    speaker.session.connection.quit(_goodbye(chat, speaker, text))


DOES: dict[str, Does] = {
    "nick": _nick,
    "me": _me,
    "msg": _msg,
    "reply": _reply,
    "who": _who,
    "rooms": _rooms,
    "join": _join,
    "part": _part,
    "topic": _topic,
    "history": _history,
    "search": _search,
    "ignore": _ignore,
    "unignore": _unignore,
    "away": _away,
    "back": _back,
    "quit": _quit,
}
"""What each row of `rows.TALKING` does, by its name."""
