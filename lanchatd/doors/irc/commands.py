"""The commands of IRC: a row for each, with how many parameters it needs at least."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lanchatd.doors.irc import asking, connecting, people, proving, rooms, saying
from lanchatd.doors.irc.chathistory import chathistory
from lanchatd.doors.irc.client import Client
from lanchatd.doors.irc.lines import Message
from lanchatd.doors.irc.markread import markread
from lanchatd.text.refused import Refused


@dataclass(frozen=True, slots=True)
class Row:
    """``run`` does what the message says; it may raise `Refused`, about the parameter ``about``.

    ``early``: it may come before the nick.
    """

    run: Callable[[Client, Message], None]
    least: int = 0
    early: bool = False
    about: int = 0


ROWS = {
    "CAP": Row(connecting.cap, 1, early=True),
    "PASS": Row(proving.pass_, early=True),
    "AUTHENTICATE": Row(proving.authenticate, 1, early=True),
    "NICK": Row(connecting.nick, early=True),
    "USER": Row(connecting.user, 4, early=True),
    "SETNAME": Row(connecting.setname, 1),
    "PING": Row(connecting.ping, early=True),
    "QUIT": Row(connecting.quit_, early=True),
    "PRIVMSG": Row(saying.say),
    "NOTICE": Row(saying.say, early=True),
    "TAGMSG": Row(connecting.ignored),
    "JOIN": Row(rooms.join, 1),
    "PART": Row(rooms.part, 1),
    "TOPIC": Row(rooms.topic, 1),
    "KICK": Row(rooms.kick, 2, about=1),
    "INVITE": Row(rooms.invite, 2),
    "NAMES": Row(rooms.names_of),
    "LIST": Row(rooms.list_),
    "MODE": Row(rooms.mode, 1),
    "WHO": Row(people.who),
    "WHOIS": Row(people.whois),
    "WHOWAS": Row(people.whowas),
    "AWAY": Row(people.away),
    "ISON": Row(people.ison, 1),
    "USERHOST": Row(people.userhost, 1),
    "MOTD": Row(asking.motd),
    "VERSION": Row(asking.version),
    "TIME": Row(asking.time),
    "LUSERS": Row(asking.lusers),
    "HELP": Row(asking.help_),
    "CHATHISTORY": Row(chathistory, 1),
    "MARKREAD": Row(markread),
}


def run(irc: Client, message: Message) -> None:
    """Do what a message says, or answer why not. A NOTICE is never answered."""
    command = message.command
    row = ROWS.get(command)
    try:
        if irc.session is None and (row is None or not row.early):
            raise Refused("not_registered", "You have not registered")
        if row is None:
            raise Refused("unknown_command", "Unknown command; /quote HELP lists what there is")
        if len(message.parameters) < row.least:
            raise Refused("usage", "Not enough parameters")
        row.run(irc, message)
    except Refused as refused:
        if command != "NOTICE":
            named = row is not None and row.about < len(message.parameters)
            irc.refuse(refused, command, message.parameters[row.about] if row and named else "")
