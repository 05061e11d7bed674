"""The text format (docs/protocol.md): what people read in `nc` and `telnet`.

Five shapes: ``<bob> said``, ``* bob did``, ``[alice -> bob] private``, ``-- the server tells``,
``!! refused``. No nick holds a space, ``<``, ``[`` or ``!``, and nobody's text begins a line or closes the
marks that it stands in, so nothing that people write can look like another shape. Runs of spaces are one.
"""

from __future__ import annotations

from typing import assert_never

from lanchatd.chat.events import (
    Challenge,
    Event,
    Here,
    Item,
    Kind,
    Members,
    Missed,
    Nodes,
    NoEvent,
    Notice,
    Ok,
    Parted,
    Past,
    Presence,
    Private,
    Read,
    Rooms,
    Welcome,
)
from lanchatd.chat.format import Hello, Line
from lanchatd.formats.cuts import away_shown, members_shown, nicks_shown, rooms_shown, topic_shown
from lanchatd.text import cleaning
from lanchatd.text.quoting import single_spaced, with_quote
from lanchatd.text.refused import Refusal
from lanchatd.text.times import near_time

# A line of joins or leaves names everybody up to here, and the first two beyond it.
_FEW = 4

# Sets of our own, as to look a member up in an Enum takes a tenth of a microsecond (measured).
_SAID = frozenset({Kind.SAID, Kind.NOTICED})
_NOT_TOLD = frozenset({Kind.AWAY, Kind.BACK})  # who writes to those who are away is told so


class TextFormat:
    """Implements `lanchatd.chat.format.Format`."""

    name = "text"
    like_irc = False

    def read_hello(self, encoded: bytes) -> Hello:
        # No nick has a space: what is behind one is a password or a code.
        nick, _, secret = self.read_line(encoded).text.lstrip(" ").partition(" ")
        return Hello(nick, secret=secret.strip(" ") or None)

    def read_line(self, encoded: bytes) -> Line:
        return Line(cleaning.clean(cleaning.decode(encoded)).rstrip())

    def ref_of(self, encoded: bytes) -> str | None:
        return None

    def render(self, item: Item, now: float | None = None) -> bytes:
        if isinstance(item, Event):  # first, as nearly all that is told
            if item.kind in _NOT_TOLD:
                return b""
            return f"{'' if now is None else near_time(item.at, now) + ' '}{_event(item)}\n".encode()
        return "".join([line + "\n" for line in _lines(item)]).encode()


def _lines(item: NoEvent) -> list[str]:
    match item:
        case Presence():
            return ["-- " + _presence(item)]
        case Private():
            return [f"[{item.nick} -> {item.to}] {single_spaced(item.in_words)}"]
        case Notice():
            return [f"-- {line}".rstrip() for line in item.lines]
        case Members():
            return ["-- " + _members(item)]
        case Rooms():
            rooms = rooms_shown(item)
            more = item.total - len(rooms)
            lines = [
                f"{room.room} ({room.here} here) {single_spaced(topic_shown(room.topic))}".rstrip()
                for room in rooms
            ]
            return [f"-- {line}" for line in lines + ([f"and {_counted(more, 'other')}"] if more else [])]
        case Welcome():
            lines = [f"-- You are {item.nick} in {item.room}. /help lists the commands."]
            return lines + ([f"-- The topic is: {single_spaced(item.topic.text)}"] if item.topic.text else [])
        case Parted():
            return [f"-- You left {item.room}."]
        case Missed():
            if item.count is None:
                return [f"-- The server has a new log of {item.room}; this is all that it holds."]
            return [
                f"-- You missed {_counted(item.count, 'line')}, which the log of {item.room} no longer holds."
            ]
        case Past(events=()):
            return ["-- There is no such line."]
        case Past():
            lines = [_past(event, item) for event in item.events]
            return lines + (["-- There are more: /search alone shows them."] if item.more else [])
        case Ok() | Read() | Challenge() | Nodes():
            return []  # seeing your own line come back is the acknowledgement
        case Refusal():
            return ["!! " + item.text]
        case _:  # pragma: no cover
            assert_never(item)


def _event(event: Event) -> str:
    text = single_spaced(event.text)
    if event.kind in _SAID:
        return f"<{event.nick}> {text}"
    match event.kind:
        case Kind.ACTED:
            return f"* {event.nick} {text}"
        case Kind.TOPIC:
            return f"-- {event.nick} set the topic: {text}" if text else f"-- {event.nick} cleared the topic"
        case _:  # joins and leaves come as Presence, so this is a rename
            return f"-- {event.nick} is now {text}"


def _past(event: Event, past: Past) -> str:
    room = f"{event.room} " if past.in_rooms else ""
    return f"{near_time(event.at, past.now)} {room}{_event(event)}"


def _presence(presence: Presence) -> str:
    nicks, others = nicks_shown(presence)
    names = list(nicks)
    if len(names) + others > _FEW:
        others += len(names) - 2
        names = names[:2]
    who = _listed(names, others)
    reason = f" ({with_quote(presence.reason.words, presence.reason.text)})" if presence.reason else ""
    return f"{who} {presence.kind.value}{reason}"


def _members(item: Members) -> str:
    names = [_stands(member) for member in members_shown(item)]
    if not names:
        return f"Nobody is in {item.room}."
    return f"{item.here} in {item.room}: {_listed(names, item.here - len(names))}"


def _stands(member: Here) -> str:
    nick, away, operator, encrypted, known, _ = member
    if away is None and not (operator or known):  # nearly everybody; a list is made whenever somebody comes
        return nick if encrypted else f"{nick} (plain)"
    notes = ["known"] if known and not operator else []  # an operator always is
    if not encrypted:
        notes.append("plain")
    if away is not None:
        notes.append(with_quote("away", away_shown(away)))
    return ("@" if operator else "") + nick + (f" ({', '.join(notes)})" if notes else "")


def _listed(names: list[str], others: int) -> str:
    parts = names + ([_counted(others, "other")] if others else [])
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
