"""Talk: PRIVMSG and NOTICE, to rooms, to people and to the server itself."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial
from secrets import token_hex

from lanchatd.chat.events import Item, Kind, Notice
from lanchatd.chat.format import Line
from lanchatd.chat.user import Session
from lanchatd.commands.dispatch import run
from lanchatd.doors.irc.client import Client
from lanchatd.doors.irc.labels import NO_LABEL
from lanchatd.doors.irc.lines import Message, action_in, plain
from lanchatd.doors.irc.numerics import numeric
from lanchatd.text import cleaning, names
from lanchatd.text.refused import Refused

MOST_TARGETS = 4

_SAID = Kind.SAID  # an Enum takes a tenth of a microsecond for each look (measured)


def say(irc: Client, message: Message) -> None:
    """Say something to a room, to somebody or to the server, or to several.

    With NOTICE it is said so that no program answers it; nor does the server, with an error.
    """
    session, parameters = irc.session, message.parameters
    if session is None:
        return
    if not parameters:
        raise Refused("no_recipient", f"No recipient given ({message.command})")
    if len(parameters) == 1 or not parameters[1]:
        raise Refused("empty", "No text to send")
    target = parameters[0]
    if "," not in target:
        _say_to(irc, session, target, message)
        return
    targets = target.split(",")[:MOST_TARGETS]
    irc.costs(len(targets) - 1)
    for target in targets:
        _say_to(irc, session, target, message, alone=False)


def _say_to(irc: Client, session: Session, target: str, message: Message, alone: bool = True) -> None:
    text, notice, doing = message.parameters[1], message.command == "NOTICE", None
    try:
        if not (text.isascii() and text.isprintable()):  # nearly each is: `clean` would look again
            doing = action_in(text)
            if doing is None and text.startswith("\x01"):
                return  # programs asking each other, and files: every member would answer
            text = cleaning.clean(plain(text if doing is None else doing).replace("\x01", ""))
        text = text.rstrip()
        if target.startswith("#"):
            kind = Kind.NOTICED if notice else _SAID if doing is None else Kind.ACTED
            posted = irc.chat.say(session, irc.chat.room_of(session, target), text, kind)
            # What goes to several has several echoes: then the label comes back without one.
            later = irc.later(posted if alone else None) if message.tags else NO_LABEL
            if later is not NO_LABEL:
                posted.told = partial(_told, irc, target, notice, later)
            elif not notice:
                posted.if_refused = partial(_refused, irc, target)
        elif target.lower() == names.SERVER:
            _command(irc, session, text)
        else:
            _whisper(irc, session, target, text, notice, acted=doing is not None)
    except Refused as refused:
        if not notice:
            number = 404 if refused.code == "not_in_room" else None
            irc.refuse(refused, "PRIVMSG", target, number=number)


def _whisper(irc: Client, session: Session, target: str, text: str, notice: bool, acted: bool) -> None:
    cleaning.refuse_unseen(text)
    to = irc.chat.user_named(target)
    irc.chat.whisper(session, to, text, notice, acted)
    if to.away is not None and not notice:
        irc.send(numeric(301, to.nick, text=to.away or "away"))


def _command(irc: Client, session: Session, text: str) -> None:
    if not text.startswith("/") or text.startswith("//"):
        irc.tell(Notice(("Type a command here: /help lists them. What you say goes to a room.",)))
        return
    later = irc.later()

    def answer(item: Item) -> None:
        with later:
            irc.tell(item)

    # The ref, which no other line has, is for the answer that it is done.
    run(irc.chat, session, Line(text, token_hex()), answer)


def _told(
    irc: Client, target: str, notice: bool, later: AbstractContextManager[None], refused: Refused | None
) -> None:
    with later:
        if refused is not None and not notice:
            _refused(irc, target, refused)


def _refused(irc: Client, target: str, refused: Refused) -> None:
    irc.refuse(refused, "PRIVMSG", target)
