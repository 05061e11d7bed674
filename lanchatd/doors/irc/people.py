"""People: WHO, WHOIS, WHOWAS, AWAY, ISON and USERHOST."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from lanchatd.chat.events import Here
from lanchatd.chat.rolls import Reading, Roll
from lanchatd.chat.user import User
from lanchatd.doors.irc.client import Client, session_of
from lanchatd.doors.irc.lines import Message, plain
from lanchatd.doors.irc.numerics import numeric, one_word
from lanchatd.formats.irc import HOME, HOST, USER, WHERE, in_lines
from lanchatd.text import cleaning, names
from lanchatd.text.refused import Refused

# The fields of WHOX, in the order in which they are told (https://ircv3.net/specs/extensions/whox).
_WHOX = "tcuihsnfdlaor"
_TOKEN = re.compile(r"\d{1,3}", re.ASCII)
MOST_ASKED = 32

# With the longest names a piece of WHO has 58 KiB; usually 8.
USERS_A_PIECE = 100


def who(irc: Client, message: Message) -> None:
    """Who is in a room, or one user, in pieces if there are many."""
    mask = message.parameters[0] if message.parameters else "*"
    wanted = next((each for each in message.parameters[1:] if "%" in each), None)
    room, members = _found(irc, mask)
    irc.answer(_who_pieces(room, Reading(members), wanted, one_word(mask)))


def _found(irc: Client, mask: str) -> tuple[str, Roll[User]]:
    found: Roll[User] = Roll()
    with suppress(Refused):
        if mask.startswith("#"):
            room = irc.chat.room_named(mask)
            return room.name, room.members
        user = irc.chat.user_named(mask)
        found[user.name.key] = user
    return "*", found


def _who_pieces(room: str, reading: Reading[User], wanted: str | None, mask: str) -> Iterator[str]:
    while users := reading.take(USERS_A_PIECE):
        yield "".join(_who_line(room, user.here, wanted) + "\r\n" for user in users)
    yield numeric(315, mask, text="End of /WHO list") + "\r\n"


def _who_line(room: str, here: Here, wanted: str | None) -> str:
    flags = ("H" if here.away is None else "G") + ("@" if here.operator else "")
    if wanted is None:
        return numeric(352, room, USER, HOME, HOST, here.nick, flags, text=f"0 {here.real_name}")
    return _whox(room, here, flags, wanted)


def _whox(room: str, here: Here, flags: str, wanted: str) -> str:
    fields, _, token = wanted.partition("%")[2].partition(",")
    token = token if _TOKEN.fullmatch(token) else "0"
    known = {
        "t": token, "c": room, "u": USER, "i": "255.255.255.255", "h": HOME, "s": HOST,
        "n": here.nick, "f": flags, "d": "0", "l": "0", "a": here.nick if here.known else "0", "o": "n/a",
    }  # fmt: skip
    told = [known[field] for field in _WHOX if field in fields and field in known]
    return numeric(354, *told, text=here.real_name if "r" in fields else None)


def whois(irc: Client, message: Message) -> None:
    """What is known of somebody; not where they are."""
    if not message.parameters or not message.parameters[-1]:
        raise Refused("no_nick", "No nickname given")
    asked = message.parameters[-1].split(",")[0]
    try:
        irc.send(*_whois_lines(irc, irc.chat.user_named(asked)))
    except Refused as refused:
        irc.refuse(refused, "WHOIS", asked)
    irc.send(numeric(318, one_word(asked), text="End of /WHOIS list"))


def _whois_lines(irc: Client, user: User) -> Iterator[str]:
    here = user.here
    yield numeric(311, here.nick, USER, HOME, "*", text=here.real_name)
    rooms = {room.key: room.name for session in user.sessions for room in irc.chat.rooms_of(session)}
    for line in in_lines(rooms.values()):
        yield numeric(319, here.nick, text=line)
    yield numeric(312, here.nick, HOST, text=irc.chat.name)
    if here.away is not None:
        yield numeric(301, here.nick, text=here.away or "away")
    if here.operator:
        yield numeric(313, here.nick, text="is an operator")
    if here.known:
        yield numeric(330, here.nick, here.nick, text="is logged in as")
    if here.encrypted:
        yield numeric(671, here.nick, text="is using a secure connection")
    now = irc.chat.clock.seconds()
    idle_s = now - max(session.spoke_at for session in user.sessions)
    came_at = irc.chat.now() - (now - min(session.since for session in user.sessions))
    yield numeric(317, here.nick, str(int(idle_s)), str(int(came_at)), text="seconds idle, signon time")


def whowas(irc: Client, message: Message) -> None:
    """It is not kept who was here."""
    if not message.parameters:
        raise Refused("no_nick", "No nickname given")
    asked = one_word(message.parameters[0])
    irc.send(
        numeric(406, asked, text="There was no such nickname"), numeric(369, asked, text="End of WHOWAS")
    )


def away(irc: Client, message: Message) -> None:
    """Away with a text, and back without one."""
    session = session_of(irc)
    text = cleaning.clean(plain(message.parameters[0])).strip() if message.parameters else ""
    irc.chat.set_away(session, text or None)
    if text:
        irc.send(numeric(306, text="You have been marked as being away"))
    else:
        irc.send(numeric(305, text="You are no longer marked as being away"))


def ison(irc: Client, message: Message) -> None:
    """Which of these are here."""
    asked = [nick for each in message.parameters for nick in each.split()][:MOST_ASKED]
    irc.send(numeric(303, text=" ".join(user.nick for user in _those_here(irc, asked))))


def userhost(irc: Client, message: Message) -> None:
    """The same, with whether they are away and operators."""
    told = (
        f"{user.nick}{'*' if user.operator else ''}={'+' if user.away is None else '-'}{WHERE}"
        for user in _those_here(irc, message.parameters)
    )
    irc.send(numeric(302, text=" ".join(told)))


def _those_here(irc: Client, nicks: Iterable[str]) -> Iterator[User]:
    for nick in nicks:
        try:
            key = names.nick(nick).key
        except Refused:
            continue
        if key in irc.chat.users:
            yield irc.chat.users[key]
