"""What is said in a room, as a message of the stream: a batch of lines, with the id of the first one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from lanchatd.broker.packing import as_json
from lanchatd.broker.stream import Message
from lanchatd.chat.events import TALK, Kind
from lanchatd.chat.posted import Posted
from lanchatd.text import names
from lanchatd.text.refused import Refused

FIRST, REMOVED, PRUNED = "Lanchat-First", "Lanchat-Removed", "Lanchat-Pruned"
"""Headers of a message: the id of its first line; that the room is removed; up to which id none is kept."""

_TALK = {kind.value: kind for kind in TALK}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a batch; ``ref`` is what it is known by if it is sent again, ``known`` of an owner.

    ``at`` is when it was said, if that is not when the broker was told.
    """

    kind: Kind
    nick: str
    text: str
    ref: str | None
    known: bool
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """A message of a room: ``name`` as it is shown; no lines, and no name, if it removes the room.

    No lines either if it says up to which id nothing is kept (``pruned``).
    """

    first: int = 0
    name: str = ""
    lines: Sequence[Line] = ()
    removes: bool = False
    pruned: int = 0


def encoded(posted: Sequence[Posted]) -> bytes:
    """The body of a message with these lines, and at least one."""
    rows = [(one.event.kind.value, *one.event[2:4], one.ref, int(one.event.known)) for one in posted]
    return as_json({"room": posted[0].event.room, "lines": rows})


def pruned(room: str) -> bytes:
    """The body of a message that says up to where nothing is kept of a room."""
    return as_json({"room": room})


def line_of(kind: str, nick: str, text: str, ref: str | None, known: bool, at: float | None) -> Line:
    """A line by the name of its kind. Raises KeyError."""
    return Line(_TALK[kind], nick, text, ref, known, at)


def imported(room: str, lines: Sequence[Line]) -> bytes:
    """The body of a message with lines that were said before there was a broker, at times of their own."""
    rows = [(line.kind.value, line.nick, line.text, line.ref, int(line.known), line.at) for line in lines]
    return as_json({"room": room, "lines": rows})


def batch_in(key: str, message: Message) -> Batch:
    """What a message of a room says, which has this key. ValueError if it is none that lanchatd wrote."""
    headers = message.headers
    if REMOVED in headers:
        return Batch(removes=True)
    try:
        document = json.loads(message.body)
        name = document["room"]
        if names.room(name).key != key:
            raise ValueError(name)
        if PRUNED in headers:
            return Batch(name=name, pruned=int(headers[PRUNED]))
        rows = document["lines"]
        lines = [
            line_of(kind, nick, text, ref, bool(known), float(at[0]) if at else None)
            for kind, nick, text, ref, known, *at in rows
        ]
        first = int(headers[FIRST])
    except (KeyError, TypeError, Refused) as error:
        raise ValueError(str(error)) from None
    if not lines or first < 1:
        raise ValueError("no lines")
    return Batch(first, name, lines)
