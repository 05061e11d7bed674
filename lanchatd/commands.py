"""The commands: a table of rows, and how a typed line finds its row."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from lanchatd import nicks
from lanchatd.chat import Chat
from lanchatd.events import Event, Item, Kind, Notice, Ok, Refused
from lanchatd.formats import Line
from lanchatd.member import Member
from lanchatd.moderation import Ban, Target, network_from

LONGEST_HISTORY = 100  # lines; what is past it is read with JSON's "after"
LONGEST_BAN = 10 * 365 * 24 * 60  # minutes: ten years
REASON_SHOWN = 80  # characters, of the reason of a ban in a list
MOST_IGNORED = 100  # nicks, by one member


@dataclass(frozen=True, slots=True)
class Command:
    """A row of the table.

    ``arguments`` is what follows the name, as the help shows it and as it is parsed: MINUTES and N are a
    whole number, TEXT and REASON the rest of the line, anything else a word; one in brackets may be missing.
    ``run`` gets the chat, the member, and the arguments in order, None for a missing one; it returns the
    event if it posted one. ``once`` is for what others notice: sent again with its ref, it is
    answered and not done again; what only sets up the connection is done on the new one too.
    """

    name: str
    arguments: str
    help: str
    run: Callable[..., Event | None]
    operator: bool = False
    once: bool = False

    @property
    def usage(self) -> str:
        """How to type it."""
        return f"/{self.name} {self.arguments}".rstrip()


def run(chat: Chat, member: Member, line: Line, answer: Callable[[Item], None]) -> None:
    """Do what was typed: say it, or run the command. Then answer the line.

    With a `Refusal` if nothing happened, at once or when the log refuses it; with `Ok` if the line has a ref.
    """
    if not line.text:
        if line.ref is not None:
            answer(Ok(line.ref))
        return
    try:
        text, command, rest = _parsed(line.text)
        if line.ref is not None and (command is None or command.once):
            asked = chat.refs.ask(member.name.key, line.ref, line.text, chat.clock.seconds(), answer)
            if asked is None:
                return
            answer = asked
        event: Event | None
        if command is None:
            event = chat.say(member, text)
        elif command.operator and not member.operator:
            raise Refused("not_operator", f"Only operators may /{command.name}.")
        else:
            event = command.run(chat, member, *_arguments(command, rest))
    except Refused as refused:
        answer(refused.answering(line.ref))
        return
    if event is not None:
        event.told = partial(_told, event, line.ref, answer)
    elif line.ref is not None:
        answer(Ok(line.ref))


def _told(event: Event, ref: str | None, answer: Callable[[Item], None], refused: Refused | None) -> None:
    if refused is not None:
        answer(refused.answering(ref))
    elif ref is not None:
        answer(Ok(ref, event.id))


def _parsed(line: str) -> tuple[str, Command | None, str]:
    if not line.startswith("/"):
        return line, None, ""
    if line.startswith("//"):
        return line[1:], None, ""
    name, _, rest = line[1:].partition(" ")
    return "", _named(name), rest.strip()


def _named(name: str) -> Command:
    name = name.lower()
    if name in COMMANDS:
        return COMMANDS[name]
    near = difflib.get_close_matches(name, COMMANDS, 1, cutoff=0) if name else ["help"]
    raise Refused("unknown_command", f"There is no /{name}. Did you mean /{near[0]}? //{name} says it.")


def _arguments(command: Command, rest: str) -> list[Any]:
    usage = Refused("usage", f"Usage: {command.usage}")
    values: list[Any] = []
    wanted = command.arguments.split()
    for place, spec in enumerate(wanted):
        name = spec.strip("[]")
        if not rest:
            if name == spec:
                raise usage
            values.append(None)
        elif name in ("TEXT", "REASON"):
            values.append(rest)
            rest = ""
        else:
            word, _, after = rest.partition(" ")
            if name in ("MINUTES", "N"):
                if not (word.isascii() and word.isdigit()) and place + 1 < len(wanted):
                    values.append(None)  # it is left out, and the word is the next one's
                    continue
                values.append(_number(name, word, usage))
            else:
                values.append(word)
            rest = after.lstrip()
    if rest:
        raise usage
    return values


def _number(name: str, word: str, usage: Refused) -> int:
    most = LONGEST_BAN if name == "MINUTES" else LONGEST_HISTORY
    # The length first: turning a very long row of digits into a number takes long, and Python refuses it.
    if not (word.isascii() and word.isdigit() and len(word) <= len(str(most)) and 1 <= int(word) <= most):
        raise Refused(usage.code, f"{usage.text} ({name} is from 1 to {most:,})")
    return int(word)


# -- what the rows do, in the order of the table


def _help(chat: Chat, member: Member, name: str | None) -> None:
    if name is not None:
        command = _named(name.lstrip("/"))
        member.tell(Notice((f"{command.usage}: {command.help}",)))
        return
    rows = [command for command in COMMANDS.values() if member.operator or not command.operator]
    width = max(len(command.usage) for command in rows)
    lines = [f"{command.usage:{width}}  {command.help}" for command in rows]
    member.tell(Notice(("Anything else is said to the room; //x says /x.", *lines)))


def _nick(chat: Chat, member: Member, nick: str) -> None:
    chat.rename(member, nick)


def _me(chat: Chat, member: Member, text: str) -> Event:
    return chat.say(member, text, Kind.ACTED)


def _msg(chat: Chat, member: Member, nick: str, text: str) -> None:
    _whisper(chat, member, chat.member_named(nick), text)


def _whisper(chat: Chat, member: Member, to: Member, text: str) -> None:
    chat.whisper(member, to, text)
    if to.away is not None:
        member.tell(Notice((f"{to.nick} is away{': ' + to.away if to.away else ''}.",)))


def _reply(chat: Chat, member: Member, text: str) -> None:
    if member.reply_to is None:
        raise Refused("no_member", "Nobody has written to you.")
    to = member.reply_to()
    if to is None or to.readers is None:
        raise Refused("no_member", "Who wrote to you last is gone.")
    _whisper(chat, member, to, text)


def _who(chat: Chat, member: Member, room: str | None) -> None:
    member.tell((chat.room_of(member) if room is None else chat.room_named(room)).who())


def _rooms(chat: Chat, member: Member) -> None:
    member.tell(chat.list_rooms())


def _join(chat: Chat, member: Member, room: str) -> None:
    chat.move(member, room)


def _topic(chat: Chat, member: Member, text: str | None) -> Event | None:
    if text is not None:
        return chat.say(member, text, Kind.TOPIC)
    room = chat.room_of(member)
    member.tell(Notice((f"The topic is: {room.topic}" if room.topic else f"{room.name} has no topic.",)))
    return None


def _history(chat: Chat, member: Member, lines: int | None) -> None:
    chat.room_of(member).readers.history(member, lines or 20)


def _ignore(chat: Chat, member: Member, nick: str) -> None:
    name = nicks.nick(nick)
    if name.key == member.name.key:
        raise Refused("yourself", "You can't ignore yourself.")
    if len(member.ignored) >= MOST_IGNORED:
        raise Refused("too_many", f"You ignore {MOST_IGNORED} nicks, which is the limit.")
    _set_ignored(chat, member, member.ignored | {name.key})
    member.tell(Notice((f"You ignore {name.shown} now.",)))


def _unignore(chat: Chat, member: Member, nick: str) -> None:
    name = nicks.nick(nick)
    if name.key not in member.ignored:
        raise Refused("not_ignored", f"You don't ignore {name.shown}.")
    _set_ignored(chat, member, member.ignored - {name.key})
    member.tell(Notice((f"You don't ignore {name.shown} any more.",)))


def _set_ignored(chat: Chat, member: Member, ignored: frozenset[str]) -> None:
    member.ignored = ignored
    chat.room_of(member).readers.ignores_changed(member)


def _away(chat: Chat, member: Member, text: str | None) -> None:
    member.away = text or ""
    member.tell(Notice(("You are away.",)))


def _back(chat: Chat, member: Member) -> None:
    if member.away is None:
        raise Refused("not_away", "You are not away.")
    member.away = None
    member.tell(Notice(("You are back.",)))


def _quit(chat: Chat, member: Member, text: str | None) -> None:
    # Who is muted says nothing on the way out either.
    member.connection.quit(text if text is not None and chat.muted_as(member) is None else "")


def _kick(chat: Chat, member: Member, nick: str, reason: str | None) -> None:
    kicked = chat.member_named(nick)
    chat.kick(kicked, member.nick, reason or "")
    member.tell(Notice((f"{kicked.nick} was kicked.",)))


def _ban(chat: Chat, member: Member, target: str, minutes: int | None, reason: str | None) -> None:
    found, shown = _target(target)
    if found == member.name.key:
        raise Refused("yourself", "You can't ban yourself.")
    network = network_from(target)
    address = None if member.peer.address is None else network_from(member.peer.address)
    if network and address and network.version == address.version and network.overlaps(address):
        raise Refused("yourself", f"Your own address, {member.peer.address}, is in {shown}.")
    ban = Ban(shown, _end(chat, minutes), member.nick, reason or "")
    chat.ban(found, ban)
    member.tell(Notice((f"{_ban_shown(chat, ban)}.",)))


def _unban(chat: Chat, member: Member, target: str) -> None:
    found, shown = _target(target)
    if not chat.bans.remove(found, chat.now()):
        raise Refused("not_banned", f"There is no ban on {shown}. /bans lists what there is.")
    member.tell(Notice((f"{shown} is not banned any more.",)))


def _bans(chat: Chat, member: Member) -> None:
    lines = [_ban_shown(chat, ban) for ban in chat.bans.all(chat.now())]
    shown = lines[:LONGEST_HISTORY]
    if len(lines) > len(shown):
        shown.append(f"and {len(lines) - len(shown):,} others")
    member.tell(Notice(tuple(shown) or ("Nobody is banned.",)))


def _mute(chat: Chat, member: Member, nick: str, minutes: int | None) -> None:
    muted, until = chat.member_named(nick), _end(chat, minutes)
    chat.mutes.add(muted.name.key, until)
    text = chat.until_shown(until)
    muted.tell(Notice((f"You are muted{text}.",)))
    member.tell(Notice((f"{muted.nick} is muted{text}.",)))


def _unmute(chat: Chat, member: Member, nick: str) -> None:
    name = nicks.nick(nick)
    muted = chat.members.get(name.key)
    key = name.key if muted is None else chat.muted_as(muted)
    if key is None or not chat.mutes.remove(key, chat.now()):
        raise Refused("not_muted", f"{name.shown} is not muted.")
    if muted is not None:
        muted.tell(Notice(("You may talk again.",)))
    member.tell(Notice((f"{name.shown} may talk again.",)))


def _target(text: str) -> tuple[Target, str]:
    """What a ban is on: an address or network if it reads like one, else a nick."""
    if (network := network_from(text)) is not None:
        shown = network.network_address if network.num_addresses == 1 else network
        return network, str(shown)
    try:
        name = nicks.nick(text)
    except Refused:
        raise Refused("bad_target", f"{text} is no nick, no address and no network.") from None
    return name.key, name.shown


def _end(chat: Chat, minutes: int | None) -> float | None:
    return None if minutes is None else chat.now() + 60 * minutes


def _ban_shown(chat: Chat, ban: Ban) -> str:
    reason = f": {ban.reason[:REASON_SHOWN]}" if ban.reason else ""
    return f"{ban.shown} is banned{chat.until_shown(ban.until)} by {ban.by}{reason}"


COMMANDS = {
    command.name: command
    for command in (
        Command("help", "[COMMAND]", "what there is to type", _help),
        Command("nick", "NICK", "take another nick", _nick),
        Command("me", "TEXT", "say what you do", _me, once=True),
        Command("msg", "NICK TEXT", "say something to one member only", _msg, once=True),
        Command("reply", "TEXT", "answer the last private message", _reply, once=True),
        Command("who", "[ROOM]", "who is in this room, or in another", _who),
        Command("rooms", "", "the rooms there are", _rooms),
        Command("join", "ROOM", "go to another room; made if there is none", _join),
        Command("topic", "[TEXT]", "what this room is about; with a text, set it", _topic, once=True),
        Command("history", "[N]", "the last 20, or N, lines of this room", _history),
        Command("ignore", "NICK", "hide what a nick says and sends to you", _ignore),
        Command("unignore", "NICK", "show it again", _unignore),
        Command("away", "[TEXT]", "tell who writes to you that you are away", _away),
        Command("back", "", "you are here again", _back),
        Command("quit", "[TEXT]", "leave", _quit),
        Command("kick", "NICK [REASON]", "close a member's connection", _kick, operator=True, once=True),
        Command(
            "ban", "NICK|ADDRESS|NETWORK [MINUTES] [REASON]", "keep somebody out", _ban,
            operator=True, once=True,
        ),
        Command("unban", "NICK|ADDRESS|NETWORK", "let somebody in again", _unban, operator=True, once=True),
        Command("bans", "", "who is kept out", _bans, operator=True),
        Command("mute", "NICK [MINUTES]", "let somebody only read", _mute, operator=True, once=True),
        Command("unmute", "NICK", "let somebody talk again", _unmute, operator=True, once=True),
    )
}  # fmt: skip
"""The table, by name, in the order of the help."""
