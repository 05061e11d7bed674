"""What a client is told when it has a nick: where it is, and what this server keeps to."""

from __future__ import annotations

from collections.abc import Iterator

from lanchatd import __version__
from lanchatd.chat.chat import Chat
from lanchatd.doors.irc.client import Client
from lanchatd.doors.irc.connecting import LONGEST_REAL_NAME
from lanchatd.doors.irc.lines import MOST_PARAMETERS
from lanchatd.doors.irc.numerics import numeric
from lanchatd.formats.irc import HOST, ME, source
from lanchatd.limits import Limits
from lanchatd.text import names

VERSION = f"lanchatd-{__version__}"

MOST_PAST = 100
"""Lines that CHATHISTORY tells at once."""

_TOKENS_A_LINE = MOST_PARAMETERS - 2


def burst(irc: Client) -> Iterator[str]:
    """The numbers from 001 on, and the message of the day."""
    chat = irc.chat
    yield numeric(1, text=f"Welcome to {chat.name}, {source(ME)}")
    yield numeric(2, text=f"Your host is {HOST}, running {VERSION}")
    yield numeric(3, text="/list shows the rooms, /join #lobby goes into one")
    yield numeric(4, HOST, VERSION, "o", "bno")
    tokens = tuple(_tokens(chat, irc.limits))
    for at in range(0, len(tokens), _TOKENS_A_LINE):
        yield numeric(5, *tokens[at : at + _TOKENS_A_LINE], text="are supported by this server")
    yield from message_of_the_day(chat)


def message_of_the_day(chat: Chat) -> Iterator[str]:
    """It may be none."""
    if not chat.motd:
        yield numeric(422, text="There is no message of the day")
        return
    yield numeric(375, text=f"- {HOST} Message of the day -")
    for line in chat.motd:
        yield numeric(372, text=f"- {line}")
    yield numeric(376, text="End of /MOTD command")


def _tokens(chat: Chat, limits: Limits) -> Iterator[str]:
    yield f"NETWORK={chat.name.replace(' ', '_')}"
    # Clients fold no more than ASCII, whatever they are told: so a nick is always written in one way.
    yield "CASEMAPPING=ascii"
    yield "UTF8ONLY"
    yield "CHANTYPES=#"
    yield "PREFIX=(o)@"
    yield "CHANMODES=b,,,n"
    yield f"CHANLIMIT=#:{limits.max_rooms_per_session}"
    yield f"NICKLEN={names.LONGEST}"
    yield f"NAMELEN={LONGEST_REAL_NAME}"
    yield f"CHANNELLEN={names.LONGEST + 1}"
    yield f"TOPICLEN={limits.max_line_bytes}"
    yield f"KICKLEN={limits.max_line_bytes}"
    yield f"AWAYLEN={limits.max_line_bytes}"
    yield f"LINELEN={limits.max_line_bytes}"
    yield "MODES=1"
    yield "ELIST=M"
    yield "TARGMAX=JOIN:,PART:,KICK:1,NAMES:1,WHOIS:1,PRIVMSG:4,NOTICE:4"
    yield "WHOX"
    yield f"CHATHISTORY={MOST_PAST}"
    yield "MSGREFTYPES=msgid,timestamp"
