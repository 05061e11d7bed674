"""The JSON format (docs/protocol.md): one object a line, both ways, for programs."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any, TypeVar, assert_never

from lanchatd.chat.events import (
    Challenge,
    Event,
    Item,
    Kind,
    Members,
    Missed,
    Node,
    Nodes,
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
from lanchatd.chat.format import Hello, Line, Place, Unreadable
from lanchatd.formats.cuts import away_shown, members_shown, nicks_shown, rooms_shown, topic_shown
from lanchatd.text import cleaning
from lanchatd.text.refused import Refusal, Refused
from lanchatd.text.times import iso_time

# A ref is echoed and remembered: long enough for any kind of unique id (a UUID has 36).
LONGEST_REF = 64
LONGEST_DEVICE = 64

_T = TypeVar("_T", int, str)


class JsonFormat:
    """Implements `lanchatd.chat.format.Format`."""

    name = "json"
    like_irc = False

    def read_hello(self, encoded: bytes) -> Hello:
        fields = _object(encoded)
        rooms = fields.get("rooms")
        if rooms is None:
            places: tuple[Place, ...] = (_place(fields),)
        elif any(fields.get(name) is not None for name in ("room", "after", "log")):
            raise Unreadable(
                "bad_field", '"room", "after" and "log" stand in each of "rooms", or "rooms" is not there.'
            )
        elif not isinstance(rooms, list) or not rooms or not all(isinstance(room, dict) for room in rooms):
            raise Unreadable("bad_field", '"rooms" is a list of objects: [{"room": "#lobby"}]')
        else:
            places = tuple(map(_place, rooms))
        nick = _text(fields, "nick")
        if nick is None:
            raise Unreadable("no_nick", 'Say who you are first: {"nick": "alice"}')
        device = _text(fields, "device") or ""
        if len(device) > LONGEST_DEVICE:
            raise Unreadable("bad_field", f'"device" is longer than {LONGEST_DEVICE} characters.')
        secret, key, proof = _text(fields, "secret"), _bytes(fields, "key"), _bytes(fields, "proof")
        return Hello(nick, places, rooms is not None, device, secret, key, proof)

    def read_line(self, encoded: bytes) -> Line:
        fields = _object(encoded)
        ref = _ref(fields)
        try:
            text, room = _text(fields, "line"), _text(fields, "room")
        except Refused as refused:
            raise Unreadable(refused.code, refused.text, ref) from None
        if text is None and "read" in fields:
            return _read(fields["read"], ref)
        if text is None:
            raise Unreadable("bad_field", 'Say something: {"line": "hello"}', ref)
        return Line(text.rstrip(), ref, room)

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


def _place(fields: dict[str, Any]) -> Place:
    after = _field(fields, "after", int)
    if after is not None and after < 0:
        raise Unreadable("bad_field", '"after" is an id that you were given, or 0.')
    return Place(_text(fields, "room"), after, _text(fields, "log"))


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


def _bytes(fields: dict[str, Any], name: str) -> bytes | None:
    text = _field(fields, name, str)
    try:
        return None if text is None else base64.b64decode(text, validate=True)
    except ValueError:
        raise Unreadable("bad_field", f'"{name}" is not in base64.') from None


def _read(read: Any, ref: str | None) -> Line:
    try:
        room, until = _text(read, "room"), _field(read, "id", int)
    except (AttributeError, Refused):
        room = until = None
    if room is None or until is None or until < 0:
        raise Unreadable("bad_field", 'Say what was read: {"read": {"room": "#lobby", "id": 4712}}', ref)
    return Line("", ref, room, until)


def _ref(fields: dict[str, Any]) -> str | None:
    ref = _text(fields, "ref")
    if ref is not None and len(ref) > LONGEST_REF:
        raise Unreadable("bad_field", f'"ref" is longer than {LONGEST_REF} characters.')
    return ref


def _type(item: Item) -> str:
    if isinstance(item, Event | Presence):
        return Kind.SAID.value if item.kind is Kind.NOTICED else item.kind.value
    return "error" if isinstance(item, Refusal) else type(item).__name__.lower()


def _fields(item: Item) -> dict[str, Any]:
    match item:
        case Event(kind=Kind.RENAMED):
            return {"room": item.room, "from": item.nick, "to": item.text, "at": iso_time(item.at)}
        case Event(kind=Kind.AWAY):
            return {
                "room": item.room, "from": item.nick, "away": away_shown(item.text), "at": iso_time(item.at)
            }  # fmt: skip
        case Event(kind=Kind.BACK):
            return {"room": item.room, "from": item.nick, "at": iso_time(item.at)}
        case Event():
            said = {"room": item.room, "from": item.nick, "text": item.text, "at": iso_time(item.at)}
            notice = {"notice": True} if item.kind is Kind.NOTICED else {}
            return {"id": item.id, **said, **notice, **({"known": True} if item.known else {})}
        case Presence():
            nicks, others = nicks_shown(item)
            who = {"room": item.room, "nicks": nicks, "others": others, "here": item.here}
            reason = {"reason": item.reason.words, "text": item.reason.text}
            return {
                **who,
                **{name: said for name, said in reason.items() if said},
                "at": iso_time(item.at),
            }
        case Private():
            sent = {"from": item.nick, "to": item.to, "text": item.in_words, "at": iso_time(item.at)}
            notice = {"notice": True} if item.notice else {}
            return {**sent, **notice, **({"known": True} if item.known else {})}
        case Notice():
            return {"text": "\n".join(item.lines)} | ({"code": item.code} if item.code else {})
        case Members():
            members = [
                {"nick": member.nick}
                | ({} if member.away is None else {"away": away_shown(member.away)})
                | ({"operator": True} if member.operator else {})
                | ({"encrypted": True} if member.encrypted else {})
                | ({"known": True} if member.known else {})
                for member in members_shown(item)
            ]
            return {"room": item.room, "here": item.here, "members": members}
        case Rooms():
            rooms = [
                {"room": room.room, "here": room.here, "topic": topic_shown(room.topic), "last": room.last}
                for room in rooms_shown(item)
            ]
            return {"rooms": rooms, "total": item.total}
        case Welcome():
            place = {"nick": item.nick, "room": item.room, "log": item.log, "last": item.last}
            server = {"topic": item.topic.text, "server": item.server, "version": item.version}
            owner = {"account": True, "by": item.by} if item.by else {}
            more = {
                name: value for name, value in (("motd", item.motd), ("nodes", _nodes(item.nodes))) if value
            }
            return {**place, **server, **owner, **more}
        case Nodes():
            return {"nodes": _nodes(item.nodes)}
        case Parted():
            return {"room": item.room}
        case Read():
            return {"room": item.room, "id": item.id}
        case Challenge():
            return {"challenge": item.challenge, "server": item.server}
        case Missed():
            return {"room": item.room, "log": item.log, "count": item.count}
        case Past():
            return {
                "events": [{"type": _type(event), **_fields(event)} for event in item.events],
                "more": item.more,
                **({"first": item.first} if item.first else {}),
            }
        case Ok():
            return {"ref": item.ref} | ({"id": item.id} if item.id else {})
        case Refusal():
            refused = {"code": item.code, "text": item.text}
            return refused if item.ref is None else {"ref": item.ref, **refused}
        case _:  # pragma: no cover
            assert_never(item)


def _nodes(nodes: Sequence[Node]) -> list[dict[str, Any]]:
    return [{"host": node.host, "port": node.port, "key": node.key} for node in nodes]
