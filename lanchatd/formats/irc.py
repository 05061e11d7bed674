"""The IRC format: what is told as lines of IRC (docs/irc.md), once for each set of capabilities that matters.

What goes to one session alone names its user, which stands as a NUL in it (`Format.like_irc`). Where somebody
comes from is told to nobody, so behind the nick stands the same for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import assert_never

from lanchatd.chat.events import (
    Challenge,
    Event,
    Item,
    Kind,
    Members,
    Missed,
    Nodes,
    Notice,
    Ok,
    Parted,
    Past,
    Piece,
    Presence,
    Private,
    Read,
    RoomLine,
    Rooms,
    Topic,
    Welcome,
)
from lanchatd.formats.cuts import NAMED, ROOMS_SHOWN, members_shown, rooms_shown, topic_shown
from lanchatd.limits import Limits
from lanchatd.text.names import SERVER
from lanchatd.text.quoting import single_spaced
from lanchatd.text.refused import Refusal
from lanchatd.text.times import iso_time, near_time

HOST = "irc.lan"
"""What the server is called as a source: it has a dot, by which clients know servers."""

# What stands behind each nick: short, as it is in each line.
USER, HOME = "u", "lan"
WHERE = f"{USER}@{HOME}"

ME = "\0"

_SAID = Kind.SAID  # an Enum takes a tenth of a microsecond for each look (measured)

# The capabilities that change what is told.
RENDERED = frozenset(
    {
        "account-notify",
        "account-tag",
        "away-notify",
        "extended-join",
        "message-tags",
        "server-time",
        "setname",
        "userhost-in-names",
    }
)

# A line of a list stays within what the oldest clients read (RFC 1459, 2.3).
LIST_BYTES = 400


def room_line(room: RoomLine) -> str:
    """A room in a list of rooms."""
    topic = topic_shown(single_spaced(room.topic))
    return f":{HOST} 322 {ME} {room.room} {room.here} :{topic}"


def source(nick: str) -> str:
    """Who did it, as the beginning of a line names it."""
    return f"{nick}!{WHERE}"


def msgid(event: Event) -> str:
    """What a line of the log is known by, in any room: its id there, and its time in microseconds."""
    return f"{event.id}-{round(event.at * 1_000_000)}"


class IrcFormat:
    """Implements `lanchatd.chat.format.Format`."""

    name = "irc"
    like_irc = True

    def __init__(self, capabilities: frozenset[str], limits: Limits) -> None:
        """Of the capabilities those in `RENDERED` count."""
        self._limits = limits
        self._surely_short = limits.irc_line_bytes // 4  # characters: one has four bytes at the most
        self._with_time = "server-time" in capabilities
        self._with_tags = "message-tags" in capabilities
        self._with_accounts = "account-tag" in capabilities
        self._with_owners = "account-notify" in capabilities
        self._has_tags = not capabilities.isdisjoint(("account-tag", "message-tags", "server-time"))
        self._with_names = "extended-join" in capabilities
        self._with_hosts = "userhost-in-names" in capabilities
        self._with_away = "away-notify" in capabilities
        self._with_new_names = "setname" in capabilities

    def render(self, item: Item, now: float | None = None) -> bytes:
        if isinstance(item, Event) and item.kind is _SAID:  # nearly all that is rendered: a shorter way
            tags = self._tags(item) if self._has_tags else ""
            text = item.text if len(item.text) <= self._surely_short else self._cut(item.text)
            return f"{tags}:{item.nick}!{WHERE} PRIVMSG {item.room} :{text}\r\n".encode()
        return "".join(line + "\r\n" for line in self._lines(item, now is not None)).encode()

    def _lines(self, item: Item, past: bool) -> Iterable[str]:
        match item:
            case Event():
                line = self._past(item) if past else self._event(item)
                return [self._tags(item) + line] if line else []
            case Presence():
                return []  # it is told each who comes and goes, and not some together
            case Private():
                command = "NOTICE" if item.notice else "PRIVMSG"
                text = _acted(self._cut(item.text)) if item.acted else self._cut(item.text)
                return [f"{self._tags(item)}:{source(item.nick)} {command} {item.to} :{text}"]
            case Notice():
                return from_server(item.lines)
            case Refusal():
                return from_server((item.text,))
            case Members():
                return self._members(item)
            case Rooms():
                return self._rooms(item)
            case Welcome():
                account = ME if item.by else "*"
                lines = [f":{source(ME)} JOIN {item.room}{f' {account} :{ME}' if self._with_names else ''}"]
                return [*lines, *topic_lines(item.room, replace(item.topic, text=self._cut(item.topic.text)))]
            case Parted():
                return [f":{source(ME)} PART {item.room}"]
            case Missed():
                return [f":{HOST} NOTICE {item.room} :{_missed(item)}"]
            case Past():
                return self._past_lines(item)
            case Ok() | Read() | Challenge() | Nodes():
                return []
            case _:  # pragma: no cover
                assert_never(item)

    def _tags(self, item: Event | Private) -> str:
        tags = f";time={_time(item.at)}" if self._with_time else ""
        if self._with_tags and isinstance(item, Event) and item.id:
            tags += f";msgid={msgid(item)}"
        if self._with_accounts and item.known:  # an account is called as its nick
            tags += f";account={item.nick}"
        return f"@{tags[1:]} " if tags else ""

    def _event(self, event: Event) -> str:
        by, text = f":{source(event.nick)}", event.text
        match event.kind:
            case Kind.TOPIC:
                return f"{by} TOPIC {event.room} :{self._cut(text)}"
            case Kind.JOINED:
                account = event.nick if event.known else "*"
                return f"{by} JOIN {event.room}{f' {account} :{text}' if self._with_names else ''}"
            case Kind.LEFT:
                reason = event.reason
                why = f" :{': '.join(filter(None, (reason.words, reason.text)))}" if reason else ""
                # Bots that are made with Python's `irc` end at a QUIT without a text.
                return f"{by} QUIT{why or ' :'}" if event.gone else f"{by} PART {event.room}{why}"
            case Kind.RENAMED:
                return f"{by} NICK {text}"
            case Kind.AWAY:
                return f"{by} AWAY :{self._cut(text) or 'away'}" if self._with_away else ""
            case Kind.BACK:
                return f"{by} AWAY" if self._with_away else ""
            case Kind.OWNED:
                return f"{by} ACCOUNT {event.nick}" if self._with_owners else ""
            case Kind.OPERATOR | Kind.NO_OPERATOR:
                sign = "+" if event.kind is Kind.OPERATOR else "-"
                return f":{HOST} MODE {event.room} {sign}o {event.nick}"
            case Kind.REAL_NAME:
                return f"{by} SETNAME :{text}" if self._with_new_names else ""
            case _:
                return self._past(event)

    def _past(self, event: Event) -> str:
        """What was said, without tags; an old topic would be taken for the topic, and is told in words."""
        if event.kind is Kind.TOPIC:
            did = f"set the topic: {self._cut(event.text)}" if event.text else "cleared the topic"
            return f":{HOST} NOTICE {event.room} :{event.nick} {did}"
        command = "NOTICE" if event.kind is Kind.NOTICED else "PRIVMSG"
        text = self._cut(event.text)
        if event.kind is Kind.ACTED:
            text = _acted(text)
        return f":{source(event.nick)} {command} {event.room} :{text}"

    def _members(self, members: Members) -> Iterator[str]:
        whole = members.piece is None
        nicks = (
            f"{'@' if here.operator else ''}{source(here.nick) if self._with_hosts else here.nick}"
            for here in (members_shown(members) if whole else members.members)
        )
        for line in in_lines(nicks):
            yield f":{HOST} 353 {ME} = {members.room} :{line}"
        if members.piece is not Piece.SOME:
            yield f":{HOST} 366 {ME} {members.room} :End of /NAMES list"
        if whole and (others := members.here - NAMED) > 0:
            yield from from_server((f"And {others:,} others; /names {members.room} names all.",))

    def _rooms(self, rooms: Rooms) -> Iterator[str]:
        yield f":{HOST} 321 {ME} Channel :Users  Name"
        for room in rooms_shown(rooms):
            yield room_line(room)
        yield f":{HOST} 323 {ME} :End of /LIST"
        if (others := rooms.total - ROOMS_SHOWN) > 0:
            yield from from_server((f"And {others:,} others; /list lists all.",))

    def _past_lines(self, past: Past) -> Iterable[str]:
        lines = [
            f"{near_time(event.at, past.now)} {event.room} <{event.nick}> {single_spaced(event.text)}"
            for event in past.events
        ]
        more = ["There are more: /search alone shows them."] if past.more else []
        return from_server(map(self._cut, lines + more or ["There is no such line."]))

    def _cut(self, text: str) -> str:
        most = self._limits.irc_line_bytes
        if len(text) <= self._surely_short:
            return text
        encoded = text.encode()
        return text if len(encoded) <= most else encoded[:most].decode(errors="ignore")


class IrcFormats:
    """One format for all who have asked for the same capabilities, as far as it makes a difference."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._formats: dict[frozenset[str], IrcFormat] = {}

    def format_for(self, capabilities: frozenset[str]) -> IrcFormat:
        """The same one for the same."""
        rendered = capabilities & RENDERED
        if rendered not in self._formats:
            self._formats[rendered] = IrcFormat(rendered, self._limits)
        return self._formats[rendered]


def from_server(lines: Iterable[str]) -> list[str]:
    """What the server says in words, to one session."""
    return [f":{source(SERVER)} NOTICE {ME} :{line or ' '}" for line in lines]


def topic_lines(room: str, topic: Topic) -> list[str]:
    """What a room is about, who set it and when; nothing if it has no topic."""
    if not topic.text:
        return []
    who = [f":{HOST} 333 {ME} {room} {topic.by} {int(topic.at)}"] if topic.by else []
    return [f":{HOST} 332 {ME} {room} :{topic.text}", *who]


def _acted(text: str) -> str:
    return f"\x01ACTION {text}\x01"


def in_lines(words: Iterable[str]) -> Iterator[str]:
    """Words with spaces between them, in lines of up to `LIST_BYTES`."""
    line: list[str] = []
    size = 0
    for word in words:
        more = len(word.encode()) + 1
        if size + more > LIST_BYTES and line:
            yield " ".join(line)
            line, size = [], 0
        line.append(word)
        size += more
    if line:
        yield " ".join(line)


def _time(at: float) -> str:
    milliseconds = int(at * 1_000)
    return f"{_second(milliseconds // 1_000)}.{milliseconds % 1_000:03d}Z"


@lru_cache(maxsize=64)  # to render the second is most of rendering a line (measured)
def _second(seconds: int) -> str:
    return iso_time(seconds)[:19]


def _missed(missed: Missed) -> str:
    if missed.count is None:
        return f"The server has a new log of {missed.room}; this is all that it holds."
    lines = "1 line" if missed.count == 1 else f"{missed.count:,} lines"
    return f"You missed {lines}, which the log of {missed.room} no longer holds."
