"""The JSON format (README, The protocol): one object a line, both ways, for programs."""

from __future__ import annotations

import json
from typing import Any, TypeVar, assert_never

from lanchatd.chat.events import (
    Event,
    Item,
    Kind,
    Members,
    Missed,
    Notice,
    Ok,
    Past,
    Presence,
    Private,
    Rooms,
    Welcome,
)
from lanchatd.chat.format import Hello, Line, Unreadable
from lanchatd.text import cleaning
from lanchatd.text.refused import Refusal, Refused
from lanchatd.text.times import iso_time

# A ref is echoed and remembered: long enough for any kind of unique id (a UUID has 36).
LONGEST_REF = 64

_T = TypeVar("_T", int, str)


class JsonFormat:
    """Implements `lanchatd.formats.Format`."""

    name = "json"

    def read_hello(self, encoded: bytes) -> Hello:
        fields = _object(encoded)
        after = _field(fields, "after", int)
        if after is not None and after < 0:
            raise Unreadable("bad_field", '"after" is an id that you were given, or 0.')
        nick = _text(fields, "nick")
        if nick is None:
            raise Unreadable("no_nick", 'Say who you are first: {"nick": "alice"}')
        return Hello(nick, _text(fields, "room"), after, _text(fields, "log"))

    def read_line(self, encoded: bytes) -> Line:
        fields = _object(encoded)
        ref = _ref(fields)
        try:
            text = _text(fields, "line")
        except Refused as refused:
            raise Unreadable(refused.code, refused.text, ref) from None
        if text is None:
            raise Unreadable("bad_field", 'Say something: {"line": "hello"}', ref)
        return Line(text.rstrip(), ref)

    def ref_of(self, encoded: bytes) -> str | None:
        try:
            return _ref(_object(encoded))
        except Refused:
            return None

    def render(self, item: Item, now: float | None = None) -> bytes:
        shown = {
            "type": _type(item),
            **_fields(item),
            **({"past": True} if now is not None and isinstance(item, Event) else {}),
        }
        return (json.dumps(shown, ensure_ascii=False) + "\n").encode()


def _object(encoded: bytes) -> dict[str, Any]:
    text = cleaning.decode(encoded)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # the second for thousands of "["
        raise Unreadable("bad_json", "That line is not JSON.") from None
    if not isinstance(value, dict):
        raise Unreadable("bad_json", "That line is not a JSON object.")
    return value


def _field(fields: dict[str, Any], name: str, kind: type[_T]) -> _T | None:
    value = fields.get(name)
    if value is None:
        return None
    if type(value) is not kind:  # not isinstance: true is an int in Python, and not in JSON
        raise Unreadable("bad_field", f'"{name}" is not a {"text" if kind is str else "whole number"}.')
    return value


def _text(fields: dict[str, Any], name: str) -> str | None:
    text = _field(fields, name, str)
    return None if text is None else cleaning.clean(text)


def _ref(fields: dict[str, Any]) -> str | None:
    ref = _text(fields, "ref")
    if ref is not None and len(ref) > LONGEST_REF:
        raise Unreadable("bad_field", f'"ref" is longer than {LONGEST_REF} characters.')
    return ref


def _type(item: Item) -> str:
    if isinstance(item, Event | Presence):
        return item.kind.value
    return "error" if isinstance(item, Refusal) else type(item).__name__.lower()


def _fields(item: Item) -> dict[str, Any]:
    match item:
        case Event(kind=Kind.RENAMED):
            return {"room": item.room, "from": item.nick, "to": item.text, "at": iso_time(item.at)}
        case Event():
            said = {"room": item.room, "from": item.nick, "text": item.text, "at": iso_time(item.at)}
            return {"id": item.id, **said}
        case Presence():
            who = {"room": item.room, "nicks": item.nicks, "others": item.others, "here": item.here}
            return {**who, **({"reason": item.reason} if item.reason else {}), "at": iso_time(item.at)}
        case Private():
            return {"from": item.nick, "to": item.to, "text": item.text, "at": iso_time(item.at)}
        case Notice():
            return {"text": "\n".join(item.lines)} | ({"code": item.code} if item.code else {})
        case Members():
            members = [
                {"nick": member.nick}
                | ({} if member.away is None else {"away": member.away})
                | ({"operator": True} if member.operator else {})
                | ({"encrypted": True} if member.encrypted else {})
                for member in item.members
            ]
            return {"room": item.room, "here": item.here, "members": members}
        case Rooms():
            rooms = [{"room": room.room, "here": room.here, "topic": room.topic} for room in item.rooms]
            return {"rooms": rooms, "total": item.total}
        case Welcome():
            place = {"nick": item.nick, "room": item.room, "log": item.log, "last": item.last}
            server = {"topic": item.topic, "server": item.server, "version": item.version}
            return {**place, **server, **({"motd": item.motd} if item.motd else {})}
        case Missed():
            return {"room": item.room, "log": item.log, "count": item.count}
        case Past():
            return {
                "events": [{"type": _type(event), **_fields(event)} for event in item.events],
                "more": item.more,
            }
        case Ok():
            return {"ref": item.ref} | ({"id": item.id} if item.id else {})
        case Refusal():
            refused = {"code": item.code, "text": item.text}
            return refused if item.ref is None else {"ref": item.ref, **refused}
        case _:  # pragma: no cover
            assert_never(item)
