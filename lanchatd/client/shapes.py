"""How an event looks as text: the five shapes of the text protocol (README, The protocol), with the time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lanchatd.client.session import Item
from lanchatd.client.untrusted import number_of, text_of, texts_of

# A line of joins or leaves names everybody up to here, and the first two beyond it.
_FEW = 4


@dataclass(frozen=True, slots=True)
class Shape:
    """One event as text.

    ``kind`` is the event's type. ``nick`` is who it is about, empty for the server itself. ``lines`` are
    clean and without the time; none for what is not shown. ``at`` is the local time of day, ``14:03``.
    ``mentions`` says that somebody else named us, or wrote to us. ``past``: it was before this connection.
    """

    kind: str
    nick: str
    lines: tuple[str, ...]
    at: str
    mentions: bool = False
    past: bool = False

    @property
    def stamped(self) -> tuple[str, ...]:
        """The lines, each after its local time."""
        return tuple(f"{self.at} {line}" for line in self.lines)


def shape(item: Item, own_nick: str, now: float) -> Shape:
    """The shape of what the server sent; ``now`` (since the epoch) is for what has no time of its own."""
    event = item.event
    kind, nick, text = (text_of(event, name) for name in ("type", "from", "text"))
    mentions = False
    if kind in ("said", "acted", "private") and nick != own_nick:
        mentions = kind == "private" or names(text, own_nick)
    at = _time_of_day(text_of(event, "at"), now)
    if not nick and kind in ("joined", "left"):
        nick = (texts_of(event, "nicks") or [""])[0]
    return Shape(kind, nick, tuple(_lines(kind, event)), at, mentions, item.past)


def names(text: str, nick: str) -> bool:
    """Whether a text holds a nick as a word of its own."""
    return bool(nick) and name_pattern(nick).search(text) is not None


def name_pattern(nick: str) -> re.Pattern[str]:
    """Finds a nick as a word of its own, in whatever case."""
    return re.compile(rf"(?<![\w.-]){re.escape(nick)}(?![\w-])", re.IGNORECASE)


def notice(text: str) -> Item:
    """What the client itself has to say, as an item like the server's."""
    return _own("notice", text)


def refusal(code: str, text: str) -> Item:
    """What the client itself refuses, as an item like the server's."""
    return _own("error", text, code)


def _own(kind: str, text: str, code: str = "") -> Item:
    event = {"type": kind, "text": text} | ({"code": code} if code else {})
    return Item(event, event)


def _time_of_day(at: str, now: float) -> str:
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone().strftime("%H:%M")
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(now).astimezone().strftime("%H:%M")


def _lines(kind: str, event: dict[str, Any]) -> list[str]:
    nick, text, room = (text_of(event, name) for name in ("from", "text", "room"))
    match kind:
        case "said":
            return [f"<{nick}> {text}"]
        case "acted":
            return [f"* {nick} {text}"]
        case "private":
            return [f"[{nick} -> {text_of(event, 'to')}] {text}"]
        case "topic":
            return [f"-- {nick} set the topic: {text}"]
        case "renamed":
            return [f"-- {nick} is now {text_of(event, 'to')}"]
        case "joined" | "left":
            return [f"-- {_presence(kind, event)}"]
        case "welcome":
            topic = text_of(event, "topic")
            welcome = f"-- You are {text_of(event, 'nick')} in {room}. /help lists the commands."
            return [welcome] + ([f"-- The topic is: {topic}"] if topic else [])
        case "members":
            return [f"-- {_members(event)}"]
        case "rooms":
            return _rooms(event)
        case "missed":
            return [f"-- {_missed(event)}"]
        case "error":
            return [f"!! {text or text_of(event, 'code')}"]
        case "ok":
            return []  # seeing your own line come back is the acknowledgement
        case _:
            return [f"-- {line}".rstrip() for line in text.split("\n")] if text else []


def _presence(kind: str, event: dict[str, Any]) -> str:
    some, others = texts_of(event, "nicks"), number_of(event, "others") or 0
    if len(some) + others > _FEW:
        others += max(0, len(some) - 2)
        some = some[:2]
    reason = text_of(event, "reason")
    return f"{_listed(some, others)} {kind}{f' ({reason})' if reason else ''}"


def _members(event: dict[str, Any]) -> str:
    members, here, room = event.get("members"), number_of(event, "here") or 0, text_of(event, "room")
    some = [_member(member) for member in members] if isinstance(members, list) else []
    if not some:
        return f"Nobody is in {room}."
    return f"{here} in {room}: {_listed(some, max(0, here - len(some)))}"


def _member(member: object) -> str:
    away = member.get("away") if isinstance(member, dict) else None
    operator = isinstance(member, dict) and member.get("operator") is True
    shown = ("@" if operator else "") + text_of(member, "nick")
    if not isinstance(away, str):
        return shown
    return f"{shown} (away{': ' if away else ''}{away})"


def _rooms(event: dict[str, Any]) -> list[str]:
    rooms = event.get("rooms")
    rows = rooms if isinstance(rooms, list) else []
    lines = [
        f"-- {text_of(row, 'room')} ({number_of(row, 'here') or 0} here) {text_of(row, 'topic')}".rstrip()
        for row in rows
    ]
    more = (number_of(event, "total") or 0) - len(rows)
    return lines + ([f"-- and {_counted(more, 'other')}"] if more > 0 else [])


def _missed(event: dict[str, Any]) -> str:
    room, missed = text_of(event, "room"), number_of(event, "count")
    if missed is None:
        return f"The server has a new log of {room}; this is all that it holds."
    return f"You missed {_counted(missed, 'line')}, which the log of {room} no longer holds."


def _listed(some: list[str], others: int) -> str:
    parts = some + ([_counted(others, "other")] if others else [])
    if not parts:
        return "nobody"
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
