"""Talk: PRIVMSG and NOTICE, to rooms, to people and to the server itself."""

from __future__ import annotations

from functools import partial

from lanchatd.chat.events import Kind
from lanchatd.chat.format import Line
from lanchatd.chat.user import Session
from lanchatd.commands.dispatch import run
from lanchatd.doors.irc.client import Client
from lanchatd.doors.irc.lines import Message, action_in, plain
from lanchatd.doors.irc.numerics import numeric
from lanchatd.text import cleaning, names
from lanchatd.text.refused import Refused

MOST_TARGETS = 4


def privmsg(irc: Client, message: Message) -> None:
    """Say something."""
    _say(irc, message, notice=False)


def notice(irc: Client, message: Message) -> None:
    """The same, so that no program answers it; nor does the server, with an error."""
    _say(irc, message, notice=True)


def _say(irc: Client, message: Message, notice: bool) -> None:
    if irc.session is None:
        return
    if not message.parameters:
        irc.send(*(() if notice else (numeric(411, text=f"No recipient given ({message.command})"),)))
        return
    text = message.parameters[1] if len(message.parameters) > 1 else ""
    if not text:
        irc.send(*(() if notice else (numeric(412, text="No text to send"),)))
        return
    targets = message.parameters[0].split(",")[:MOST_TARGETS]
    irc.costs(len(targets) - 1)
    for target in targets:
        try:
            _say_to(irc, irc.session, target, text, notice)
        except Refused as refused:
            if notice:
                continue
            irc.refuse(refused, message.command, target, 404 if refused.code == "not_in_room" else None)


def _say_to(irc: Client, session: Session, target: str, text: str, notice: bool) -> None:
    doing = action_in(text)
    if doing is None and text.startswith("\x01"):
        return  # programs asking each other, and files: every member would answer
    text = cleaning.clean(plain(text if doing is None else doing).replace("\x01", "")).rstrip()
    if target.startswith("#"):
        kind = Kind.NOTICED if notice else Kind.SAID if doing is None else Kind.ACTED
        room = irc.chat.room_of(session, target)
        irc.chat.say(session, room, text, kind).told = partial(_told, irc, target, notice)
    elif target.lower() == names.SERVER:
        run(irc.chat, session, Line(text), irc.tell)
    else:
        cleaning.refuse_unseen(text)
        to = irc.chat.user_named(target)
        irc.chat.whisper(session, to, text if doing is None else f"* {session.user.nick} {text}", notice)
        if to.away is not None and not notice:
            irc.send(numeric(301, to.nick, text=to.away or "away"))


def _told(irc: Client, target: str, notice: bool, refused: Refused | None) -> None:
    if refused is not None and not notice:
        irc.refuse(refused, "PRIVMSG", cleaning.harmless(target))
