"""What is asked about the server: MOTD, VERSION, TIME, LUSERS and HELP."""

from __future__ import annotations

from lanchatd.doors.irc.client import Client
from lanchatd.doors.irc.lines import Message
from lanchatd.doors.irc.numerics import numeric
from lanchatd.doors.irc.registration import VERSION, message_of_the_day
from lanchatd.formats.irc import HOST
from lanchatd.text.names import SERVER
from lanchatd.text.times import full_time

_HELP = (
    "This is lanchatd: the people here use IRC clients, a browser, nc, and a client of its own.",
    f"What IRC has no word for is typed to {SERVER}: /msg {SERVER} /help lists it,",
    f"/msg {SERVER} /search WORDS searches, /msg {SERVER} /ignore NICK hides somebody.",
    "Nobody sees where you are; private messages are kept nowhere.",
)


def motd(irc: Client, message: Message) -> None:
    """The message of the day."""
    irc.send(*message_of_the_day(irc.chat))


def version(irc: Client, message: Message) -> None:
    """What runs here."""
    irc.send(numeric(351, VERSION, HOST, text="one list of rooms, one log, several ways in"))


def time(irc: Client, message: Message) -> None:
    """The time of the server."""
    irc.send(numeric(391, HOST, text=full_time(irc.chat.now())))


def lusers(irc: Client, message: Message) -> None:
    """How many are here."""
    users = len(irc.chat.users)
    rooms = len(irc.chat.rooms)
    operators = sum(key in irc.chat.users for key in irc.chat.moderation.operators)
    irc.send(
        numeric(251, text=f"There are {users} users and 0 invisible on 1 servers"),
        numeric(252, str(operators), text="operator(s) online"),
        numeric(254, str(rooms), text="channels formed"),
        numeric(255, text=f"I have {users} clients and 0 servers"),
        numeric(265, str(users), str(irc.limits.max_connections), text=f"Current local users {users}"),
        numeric(266, str(users), str(irc.limits.max_connections), text=f"Current global users {users}"),
    )


def help_(irc: Client, message: Message) -> None:
    """What to type."""
    first, *middle, last = _HELP
    irc.send(
        numeric(704, "index", text=first),
        *(numeric(705, "index", text=line) for line in middle),
        numeric(706, "index", text=last),
    )
