"""What was typed is done: its row is found, its arguments are read, and what the row does is called."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from lanchatd.chat.answers import Answer, begin
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import Item, Notice, Ok
from lanchatd.chat.format import Line
from lanchatd.chat.posted import Posted
from lanchatd.chat.refs import digest
from lanchatd.chat.user import Session
from lanchatd.commands import accounts, administrators, members, operators, owners
from lanchatd.commands.actor import Actor, Does
from lanchatd.commands.administrators import Administrator
from lanchatd.commands.all_commands import CONSOLE, MEMBERS, TO_SERVER
from lanchatd.commands.parsing import Commands, Row
from lanchatd.commands.speaker import Speaker
from lanchatd.text import cleaning
from lanchatd.text.refused import Refused


def _help(table: Commands, chat: Chat, actor: Actor, name: str | None) -> None:
    if name is None:
        actor.tell(Notice(table.help(actor.operator)))
    else:
        actor.tell(Notice((table.help_for(table.named(name.removeprefix("/"), actor.operator)),)))


def _help_member(chat: Chat, speaker: Speaker, name: str | None) -> None:
    _help(_table_of(speaker.session), chat, speaker, name)


def _table_of(session: Session) -> Commands:
    return TO_SERVER if session.format.like_irc else MEMBERS


MEMBERS_DO: dict[str, Does] = {
    "help": _help_member,
    **members.DOES,
    **owners.DOES,
    **operators.DOES,
}
CONSOLE_DOES: dict[str, Does] = {
    "help": partial(_help, CONSOLE),
    **operators.DOES,
    **administrators.DOES,
    **accounts.DOES,
}
"""What each row of a table does, by its name."""


def run(chat: Chat, session: Session, line: Line, answer: Callable[[Item], None]) -> None:
    """Do what was typed in a session: say it, or run the command. Then answer the line.

    With a `Refusal` if nothing happened, at once or when the log refuses it; with `Ok` if the line has a ref.
    It is no coroutine, as every line that is said passes here.
    """
    if not line.text:
        _say_nothing(chat, session, line, answer)
        return
    done: Posted | Coroutine[Answer[Any], None, None] | None
    ref = line.ref
    try:
        # Who is in none may ask for help, and register.
        room = chat.room_of(session, line.room) if line.room is not None or session.cursors else None
        text, command, rest = line.text, None, ""
        if text[0] == "/":
            text, command, rest = _parsed(text, session)
        key = ""
        if ref is not None and (command is None or command.once):
            key = digest(session.user.name.key, session.device, ref, line.room or "", line.text)
            asked = chat.refs.ask(key, ref, chat.clock.seconds(), answer)
            if asked is None:
                return
            answer = asked
        if command is None:
            done = chat.say(session, chat.room_of(session) if room is None else room, text)
        elif command.operator and not session.user.operator:
            raise Refused("not_operator", f"Only operators may /{command.name}.")
        else:
            speaker = Speaker(session, room, key)
            done = MEMBERS_DO[command.name](chat, speaker, *MEMBERS.arguments(command, rest))
    except Refused as refused:
        answer(refused.answering(ref))
        return
    if isinstance(done, Posted):
        if ref is None:
            done.if_refused = partial(_refused, answer)
        else:
            done.ref = key or None
            done.told = partial(_told, done, ref, answer)
    elif done is not None:
        begin(_run(done, line, answer))
    elif ref is not None:
        answer(Ok(ref))


def _say_nothing(chat: Chat, session: Session, line: Line, answer: Callable[[Item], None]) -> None:
    try:
        if line.read is not None:
            chat.has_read(session, line.room, line.read)
    except Refused as refused:
        answer(refused.answering(line.ref))
    else:
        if line.ref is not None:
            answer(Ok(line.ref))


def _refused(answer: Callable[[Item], None], refused: Refused) -> None:
    answer(refused.answering(None))


def _told(posted: Posted, ref: str, answer: Callable[[Item], None], refused: Refused | None) -> None:
    answer(Ok(ref, posted.event.id) if refused is None else refused.answering(ref))


async def _run(does: Coroutine[Answer[Any], None, None], line: Line, answer: Callable[[Item], None]) -> None:
    try:
        await does
    except Refused as refused:
        answer(refused.answering(line.ref))
    else:
        if line.ref is not None:
            answer(Ok(line.ref))


def administer(chat: Chat, administrator: Administrator, line: str) -> Answer[None]:
    """Do what an administrator typed, with a ``/`` before it or without; `Refused` if it was."""
    return begin(_administer(chat, administrator, line))


async def _administer(chat: Chat, administrator: Administrator, line: str) -> None:
    line = cleaning.clean(line)
    if len(line.encode()) > chat.limits.max_line_bytes:
        raise Refused("too_long", f"A line has at most {chat.limits.max_line_bytes:,} bytes.")
    name, _, rest = line.strip().removeprefix("/").partition(" ")
    command = CONSOLE.named(name, operator=True)
    arguments = CONSOLE.arguments(command, rest.strip())
    done = CONSOLE_DOES[command.name](chat, administrator, *arguments)
    if done is not None:
        await (done.answer() if isinstance(done, Posted) else done)


def _parsed(line: str, session: Session) -> tuple[str, Row | None, str]:
    """What is said by a line with a ``/`` before it, or the command and what is behind its name."""
    if line.startswith("//"):
        return line[1:], None, ""
    name, _, rest = line[1:].partition(" ")
    return "", _table_of(session).named(name, session.user.operator), rest.strip()
