"""Coming, going, and staying in touch: CAP, NICK, USER, PING and QUIT."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from lanchatd.chat import renaming
from lanchatd.chat.answers import begin
from lanchatd.chat.events import NO_REASON, Event, Reason
from lanchatd.chat.user import User
from lanchatd.doors.irc.capabilities import offered
from lanchatd.doors.irc.client import Client, session_of
from lanchatd.doors.irc.labels import NO_LABEL
from lanchatd.doors.irc.lines import Message, plain
from lanchatd.doors.irc.proving import mechanisms, refuse_nick
from lanchatd.formats.irc import HOST, ME, source
from lanchatd.text import cleaning
from lanchatd.text.refused import Refused

# From this version of the negotiation on capabilities have values.
WITH_VALUES, MOST_DIGITS = 302, 9

LONGEST_USER_NAME = 64
LONGEST_REAL_NAME = 100


def cap(irc: Client, message: Message) -> None:
    """LS lists what there is, REQ asks for some, LIST tells which are held, END goes on with registration."""
    what, *rest = message.parameters
    capabilities = irc.capabilities
    before = irc.session is None
    match what.upper():
        case "LS":
            capabilities.open |= before
            with_values = _version(rest) >= WITH_VALUES
            _tell_cap(irc, "LS", " ".join(offered(mechanisms(irc.peer), with_values)))
        case "LIST":
            _tell_cap(irc, "LIST", " ".join(sorted(capabilities.held)))
        case "REQ":
            capabilities.open |= before
            wanted = " ".join(rest)
            agreed = capabilities.ask(wanted)
            _tell_cap(irc, "ACK" if agreed else "NAK", wanted)
            if agreed:
                irc.capabilities_changed()
        case "END":
            capabilities.open = False
            irc.register()
        case _:
            raise Refused("bad_cap", "Invalid CAP command")


def _version(rest: Sequence[str]) -> int:
    """Which version of the negotiation a client knows; 0 if that is no number, or it said none."""
    text = rest[0] if rest else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else 0


def _tell_cap(irc: Client, what: str, names: str) -> None:
    irc.send(f":{HOST} CAP {ME} {what} :{cleaning.harmless(names)}")


def nick(irc: Client, message: Message) -> None:
    """The first one, or another one."""
    wanted = message.parameters[0] if message.parameters else ""
    if not wanted:
        raise Refused("no_nick", "No nickname given")
    if irc.session is None:
        irc.nick = wanted
        irc.register()
        return

    irc.renames = irc.later()
    begin(_rename(irc, irc.session.user, wanted))


async def _rename(irc: Client, user: User, wanted: str) -> None:
    refused: Refused | None = None
    with irc.asking():
        try:
            await renaming.rename(irc.chat, user, wanted)
        except Refused as why:
            refused = why
    with _renamed(irc):
        if refused is not None and refused.code != "same_nick":
            refuse_nick(irc, refused, wanted)


def told_nick(irc: Client, event: Event) -> None:
    """Its user has another nick, perhaps as it has asked for: then that is the answer."""
    with _renamed(irc):
        session_of(irc).tell(event)


def _renamed(irc: Client) -> AbstractContextManager[None]:
    within, irc.renames = irc.renames, NO_LABEL
    return within


def user(irc: Client, message: Message) -> None:
    """What the client calls itself, and its user.

    The first is shown to nobody, and it is known again by it and the nick; the real name is shown.
    """
    if irc.session is not None or irc.user_name:
        raise Refused("registered", "You may not reregister")
    irc.user_name = cleaning.harmless(message.parameters[0])[:LONGEST_USER_NAME] or "?"
    irc.real_name = real_name_in(message.parameters[3])[:LONGEST_REAL_NAME]
    irc.register()


def setname(irc: Client, message: Message) -> None:
    """Another real name (https://ircv3.net/specs/extensions/setname)."""
    text = real_name_in(message.parameters[0])
    if not text or len(text) > LONGEST_REAL_NAME:
        refused = f"A real name has 1 to {LONGEST_REAL_NAME} characters."
        irc.fail("SETNAME", "INVALID_REALNAME", refused)
        return
    irc.chat.set_real_name(session_of(irc), text)
    if "setname" in irc.capabilities:
        irc.send(f":{source(ME)} SETNAME :{text}")


def real_name_in(text: str) -> str:
    """A real name, as it may be shown."""
    return cleaning.harmless(plain(text)).strip()


def ping(irc: Client, message: Message) -> None:
    """Answer what was sent."""
    if not message.parameters:
        raise Refused("no_origin", "No origin specified")
    irc.send(f":{HOST} PONG {HOST} :{cleaning.harmless(message.parameters[0])}")


def quit_(irc: Client, message: Message) -> None:
    """The rooms are told the text."""
    if irc.session is None:
        irc.say_goodbye()
        return
    irc.quit(reason_in(irc, message.parameters[0] if message.parameters else ""))


def reason_in(irc: Client, text: str) -> Reason:
    """Why somebody goes, as a text; who is muted says nothing on the way out either."""
    if irc.session is None or not text or irc.chat.muted_as(irc.session.user) is not None:
        return NO_REASON
    return Reason(text=cleaning.harmless(plain(text)))


def ignored(irc: Client, message: Message) -> None:
    """It means nothing here."""
