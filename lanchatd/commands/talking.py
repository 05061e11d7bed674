"""What members type: talk, rooms, and how they are seen."""

from __future__ import annotations

from lanchatd.chat.chat import Chat
from lanchatd.chat.events import Event, Kind, Notice
from lanchatd.chat.ignored import Ignored
from lanchatd.chat.member import Member
from lanchatd.commands import history
from lanchatd.commands.command import Command, topic_of
from lanchatd.text import names
from lanchatd.text.framing import quoted
from lanchatd.text.refused import Refused
from lanchatd.text.times import moment_from

MOST_IGNORED = 100  # nicks, by one member


def _nick(chat: Chat, member: Member, nick: str) -> None:
    chat.rename(member, nick)


def _me(chat: Chat, member: Member, text: str) -> Event:
    return chat.say(member, text, Kind.ACTED)


def _msg(chat: Chat, member: Member, nick: str, text: str) -> None:
    _whisper(chat, member, chat.member_named(nick), text)


def _whisper(chat: Chat, member: Member, to: Member, text: str) -> None:
    chat.whisper(member, to, text)
    if to.away is not None:
        member.tell(Notice((f"{to.nick} is away{': ' + quoted(to.away) if to.away else ''}.",)))


def _reply(chat: Chat, member: Member, text: str) -> None:
    if member.reply_to is None:
        raise Refused("no_member", "Nobody has written to you.")
    to = member.reply_to()
    if to is None or to.readers is None:
        raise Refused("no_member", "Who wrote to you last is gone.")
    _whisper(chat, member, to, text)


def _who(chat: Chat, member: Member, room: str | None) -> None:
    which = chat.room_of(member) if room is None else chat.room_named(room)
    member.tell_encoded(which.who_encoded(member.format))


def _rooms(chat: Chat, member: Member) -> None:
    member.tell_encoded(chat.lists.encoded(member.format, chat.list_rooms))


def _join(chat: Chat, member: Member, room: str) -> None:
    chat.move(member, room)


def _part(chat: Chat, member: Member) -> None:
    if member.room_key == names.LOBBY:
        raise Refused("same_room", "You are in the lobby, where everybody begins. /quit leaves the chat.")
    chat.move(member, names.LOBBY)


def _topic(chat: Chat, member: Member, text: str | None) -> Event | None:
    if text is not None:
        return chat.say(member, text, Kind.TOPIC)
    member.tell(topic_of(chat.room_of(member)))
    return None


def _history(chat: Chat, member: Member, lines: int | None, time: str | None) -> None:
    if time is None:
        chat.room_of(member).readers.history(member, lines or 20)
        return
    try:
        at = moment_from(time, chat.now())
    except (ValueError, OverflowError):
        raise Refused("usage", "A time is like 14:03, 2026-11-22 or 2026-11-22 14:03.") from None
    history.show_before(chat, member, at, lines or 20)


def _search(chat: Chat, member: Member, words: str | None) -> None:
    history.search(chat, member, words)


def _ignore(chat: Chat, member: Member, nick: str) -> None:
    name = names.nick(nick)
    if name.key == member.name.key:
        raise Refused("yourself", "You can't ignore yourself.")
    if name.key == names.ADMIN:
        raise Refused("not_ignorable", "What administrators say can't be ignored.")
    ignored = member.ignored or Ignored()
    if len(ignored) >= MOST_IGNORED:
        raise Refused("too_many", f"You ignore {MOST_IGNORED} nicks, which is the limit.")
    ignored.add(name.key, chat.members.get(name.key))
    _set_ignored(chat, member, ignored)
    member.tell(Notice((f"You ignore {name.shown} now.",)))


def _unignore(chat: Chat, member: Member, nick: str) -> None:
    name = names.nick(nick)
    ignored = member.ignored or Ignored()
    if not ignored.remove(name.key, chat.members.get(name.key)):
        raise Refused("not_ignored", f"You don't ignore {name.shown}.")
    _set_ignored(chat, member, ignored)
    member.tell(Notice((f"You don't ignore {name.shown} any more.",)))


def _set_ignored(chat: Chat, member: Member, ignored: Ignored) -> None:
    member.ignored = ignored if len(ignored) else None
    chat.room_of(member).readers.ignores_changed(member)


def _away(chat: Chat, member: Member, text: str | None) -> None:
    member.away = text or ""
    chat.lists.changed()
    member.tell(Notice(("You are away.",)))


def _back(chat: Chat, member: Member) -> None:
    if member.away is None:
        raise Refused("not_away", "You are not away.")
    member.away = None
    chat.lists.changed()
    member.tell(Notice(("You are back.",)))


def _quit(chat: Chat, member: Member, text: str | None) -> None:
    # Who is muted says nothing on the way out either.
    member.connection.quit(quoted(text) if text is not None and chat.muted_as(member) is None else "")


TALKING = (
    Command("nick", "NICK", "take another nick", _nick),
    Command("me", "TEXT", "say what you do", _me, once=True),
    Command("msg", "NICK TEXT", "say something to one member only", _msg, once=True,
            aliases=("m", "dm", "pm", "query", "w"), private=True),
    Command("reply", "TEXT", "answer the last private message", _reply, once=True, private=True),
    Command("who", "[ROOM]", "who is in this room, or in another", _who, aliases=("names",)),
    Command("rooms", "", "the fullest rooms, and those used last", _rooms, aliases=("list",)),
    Command("join", "ROOM", "go to another room; made if there is none", _join, aliases=("j",)),
    Command("part", "", "go back to #lobby", _part, aliases=("leave",)),
    Command("topic", "[TEXT]", "what this room is about; with a text, set it", _topic, once=True),
    Command("history", "[N] [before TIME]", "the last 20, or N, lines of this room", _history),
    Command("search", "[TEXT]", "the lines with these words, in all rooms; alone, the next 50", _search),
    Command("ignore", "NICK", "hide what somebody says and sends to you, under any nick", _ignore),
    Command("unignore", "NICK", "show it again", _unignore),
    Command("away", "[TEXT]", "tell who writes to you that you are away", _away),
    Command("back", "", "you are here again", _back),
    Command("quit", "[TEXT]", "leave", _quit, aliases=("q", "exit")),
)  # fmt: skip
