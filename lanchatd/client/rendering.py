"""How an event looks as text: the five shapes of the text protocol (docs/protocol.md), with the time."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

from lanchatd.chat import events
from lanchatd.chat.events import Kind
from lanchatd.client.sanitize import is_true, number_of, rows_of, text_of, texts_of, time_of
from lanchatd.client.shown_event import ShownEvent
from lanchatd.formats.text import TextFormat
from lanchatd.text.mentions import is_named
from lanchatd.text.refused import Refusal
from lanchatd.text.times import local_day, near_time


@dataclass(frozen=True, slots=True)
class Shape:
    """One event as text.

    ``kind`` is the event's type. ``nick`` is who it is about, empty for the server itself. ``lines`` are
    clean and without the time; none for what is not shown. ``at`` is the local time, ``14:03``, with the date
    if it was before this connection and on another day; empty where each line has its own.
    ``mentions`` says that somebody else named us, or wrote to us. ``past``: it was before this connection.
    ``day`` is the local day on which it was.
    """

    kind: str
    nick: str
    lines: tuple[str, ...]
    at: str
    mentions: bool = False
    past: bool = False
    day: str = ""

    @property
    def stamped(self) -> tuple[str, ...]:
        """The lines, each after its local time."""
        return tuple(f"{self.at} {line}" for line in self.lines) if self.at else self.lines


def shape(item: ShownEvent, own_nick: str, now: float, clock: str = "%H:%M") -> Shape:
    """The shape of what the server sent; ``now`` (since the epoch) is for what has no time of its own.

    ``clock`` is how the time of day is written.
    """
    event = item.event
    kind, nick, text = (text_of(event, name) for name in ("type", "from", "text"))
    mentions = False
    if kind in ("said", "acted", "private") and nick != own_nick:
        mentions = kind == "private" or is_named(text, own_nick)
    moment = time_of(event, "at")
    # What is told now is of today, also if the server's clock is not.
    at = now if moment is None else moment
    shown_at = near_time(at, now if item.past else at, clock)
    if kind == "past":
        shown_at = ""  # what was found has its own in each line
    day = local_day(now if moment is None or not item.past else moment)
    if not nick and kind in ("joined", "left"):
        nick = (texts_of(event, "nicks") or [""])[0]
    greets = _greeting(event) if item.greets else []
    return Shape(kind, nick, (*greets, *_lines(kind, event)), shown_at, mentions, item.past, day)


def greeting(shown: Shape, item: ShownEvent) -> list[Shape]:
    """Of the shape of a welcome, only what the server says of itself."""
    return [replace(shown, lines=tuple(_greeting(item.event)))]


def not_said(count: int, room: str) -> ShownEvent:
    """Of lines that were typed for a room that the server does not let us into."""
    lines = (
        "1 line that you typed for it was" if count == 1 else f"{count:,} lines that you typed for it were"
    )
    return notice(f"We are not in {room}: {lines} not said.")


def not_shown(count: int, room: str) -> ShownEvent:
    """Of what was said in a room while we were not in it."""
    lines = "1 line" if count == 1 else f"{count:,} lines"
    return notice(f"{lines} of {room} came before what is shown now: /history shows more.")


def notice(text: str) -> ShownEvent:
    """What the client itself has to say, as an item like the server's."""
    return _own("notice", text)


def refusal(code: str, text: str) -> ShownEvent:
    """What the client itself refuses, as an item like the server's."""
    return _own("error", text, code)


def _own(kind: str, text: str, code: str = "") -> ShownEvent:
    event = {"type": kind, "text": text} | ({"code": code} if code else {})
    return ShownEvent(event, event)


def _lines(kind: str, event: dict[str, Any]) -> list[str]:
    return _TEXT.render(_told(kind, event)).decode().split("\n")[:-1]


def _greeting(event: dict[str, Any]) -> list[str]:
    """What people at `nc` are told before they say who they are."""
    server, version = text_of(event, "server"), text_of(event, "version")
    of = f" (lanchatd {version})" if version else ""
    welcome = [f"Welcome to {server}{of}."] if server else []
    told = events.Notice((*welcome, *texts_of(event, "motd")))
    return _TEXT.render(told).decode().split("\n")[:-1]


_TEXT = TextFormat()
_ROOM_EVENTS = {kind.value: kind for kind in Kind}


def _told(kind: str, event: dict[str, Any]) -> events.Item:
    """What the server told, as it was before it became JSON: the text format renders it as for `nc`."""
    nick, to, text, room = (text_of(event, name) for name in ("from", "to", "text", "room"))
    match kind:
        case "said" | "acted" | "topic":
            return events.Event(_ROOM_EVENTS[kind], room, nick, text, 0)
        case "renamed":
            return events.Event(Kind.RENAMED, room, nick, to, 0)
        case "joined" | "left":
            who, others = tuple(texts_of(event, "nicks")) or ("somebody",), number_of(event, "others") or 0
            reason = events.Reason(text_of(event, "reason"), text)
            return events.Presence(_ROOM_EVENTS[kind], room, who, others, reason, 0, 0)
        case "private":
            return events.Private(nick, to, text, 0)
        case "welcome":
            topic = events.Topic(text_of(event, "topic"))
            return events.Welcome(text_of(event, "nick"), room, "", 0, topic, "", "")
        case "members":
            some = tuple(map(_member, rows_of(event, "members")))
            return events.Members(room, some, max(len(some), number_of(event, "here") or 0))
        case "rooms":
            rooms = tuple(map(_room, rows_of(event, "rooms")))
            return events.Rooms(rooms, max(len(rooms), number_of(event, "total") or 0))
        case "parted":
            return events.Parted(room)
        case "missed":
            return events.Missed(room, "", number_of(event, "count"))
        case "error":
            return Refusal("", text or text_of(event, "code"))
        case "past":
            lines = tuple(map(_line, rows_of(event, "events")))
            return events.Past(lines, is_true(event, "more"), True, time.time())
        case "ok":
            return events.Ok("")
        case _:
            return events.Notice(tuple(text.split("\n")) if text else ())


def _line(row: object) -> events.Event:
    kind = _ROOM_EVENTS.get(text_of(row, "type"), Kind.SAID)
    at = time_of(row, "at") or 0
    return events.Event(kind, text_of(row, "room"), text_of(row, "from"), text_of(row, "text"), at)


def _member(row: object) -> events.Here:
    away = row.get("away") if isinstance(row, dict) else None
    operator, encrypted = is_true(row, "operator"), is_true(row, "encrypted")
    return events.Here(text_of(row, "nick"), away if isinstance(away, str) else None, operator, encrypted)


def _room(row: object) -> events.RoomLine:
    return events.RoomLine(text_of(row, "room"), number_of(row, "here") or 0, text_of(row, "topic"))
