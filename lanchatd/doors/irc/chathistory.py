"""CHATHISTORY: the log of a room, by ids and by times (https://ircv3.net/specs/extensions/chathistory)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

from lanchatd.chat.answers import begin
from lanchatd.chat.events import Event
from lanchatd.chat.log import Log
from lanchatd.chat.room import Room
from lanchatd.commands.history import last_before
from lanchatd.doors.irc.client import Client, session_of
from lanchatd.doors.irc.lines import Message, in_pieces
from lanchatd.doors.irc.numerics import one_word
from lanchatd.doors.irc.registration import MOST_PAST
from lanchatd.formats.irc import HOST
from lanchatd.text import cleaning
from lanchatd.text.refused import Refused
from lanchatd.text.times import from_iso, iso_time

# How many points in time each subcommand has.
_POINTS = {"LATEST": 1, "BEFORE": 1, "AFTER": 1, "AROUND": 1, "BETWEEN": 2, "TARGETS": 2}

# A line's time is known to the microsecond.
_SAME_S = 0.000_002

_WRONG = "INVALID_PARAMS"


class _Wrong(Exception):
    """What was asked makes no sense: a code and a sentence."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class _Point:
    """A place in a log: by an event's id, if it is the one of that time, or by the time (s) alone."""

    at: float
    id: int | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The events with ``after`` < id < ``before``: the ``first`` or the last ones, ``most`` at the most."""

    after: int
    before: int
    first: bool
    most: int


def chathistory(irc: Client, message: Message) -> None:
    """Tell what was said in a room, in a batch."""
    what, *rest = message.parameters
    what = what.upper()
    try:
        points_wanted = _POINTS.get(what)
        if points_wanted is None:
            raise _Wrong(_WRONG, f"There is no CHATHISTORY {cleaning.harmless(what)}.")
        if what == "TARGETS":
            points_asked = [_point(text) for text in _exactly(rest, 3)[:2]]
            begin(_targets(irc, points_asked, _most(rest[2]), irc.later()))
            return
        target, *texts, most = _exactly(rest, points_wanted + 2)
        points = [None if text == "*" and what == "LATEST" else _point(text) for text in texts]
        if not target.startswith("#"):
            _tell(irc, target, ())  # private messages are kept nowhere
            return
        room, count = irc.chat.room_of(session_of(irc), target), _most(most)
        begin(_read(irc, what, room, points, count, irc.later()))
    except _Wrong as wrong:
        irc.fail("CHATHISTORY", wrong.code, wrong.text, one_word(what))
    except Refused as refused:
        irc.fail("CHATHISTORY", "INVALID_TARGET", refused.text, what, one_word(rest[0]))


def _exactly(rest: Sequence[str], count: int) -> Sequence[str]:
    if len(rest) != count:
        raise _Wrong("NEED_MORE_PARAMS" if len(rest) < count else _WRONG, f"That takes {count} parameters.")
    return rest


def _most(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):  # noqa: PLR2004
        raise _Wrong(_WRONG, "The number of lines is a whole number.")
    return min(int(text), MOST_PAST)


def _point(text: str) -> _Point:
    kind, _, value = text.partition("=")
    try:
        if kind == "timestamp":
            return _Point(from_iso(value))
        if kind == "msgid":
            id_, _, at_us = value.partition("-")
            return _Point(int(at_us) / 1_000_000, int(id_))
    except (ValueError, OverflowError):
        pass
    raise _Wrong(_WRONG, "Say msgid=ID or timestamp=YYYY-MM-DDThh:mm:ss.sssZ.")


async def _read(
    irc: Client,
    what: str,
    room: Room,
    points: list[_Point | None],
    most: int,
    later: AbstractContextManager[None],
) -> None:
    session = session_of(irc)
    cursor = session.cursor_in(room.key)
    newest = room.readers.newest if cursor is None else cursor.given_until
    with irc.asking():
        try:
            places = [await _place(room.log, point, newest) for point in points if point is not None]
            wanted = _wanted(what, places, newest, most)
            after = wanted.after if wanted.first else max(wanted.after, wanted.before - 1 - wanted.most)
            until = min(wanted.before - 1, newest, after + wanted.most)
            events = await room.log.read(after, until, MOST_PAST * irc.limits.chunk_bytes)
        except Refused as refused:
            with later:
                irc.fail("CHATHISTORY", "MESSAGE_ERROR", refused.text, what, room.name)
        else:
            with later:
                _tell(irc, room.name, [event for event in events if not session.ignores(event)])


def _wanted(what: str, places: list[tuple[int, int]], newest: int, most: int) -> _Wanted:
    """From the places of the points: the last id before each, and the first one after it."""
    match what:
        case "BEFORE":
            return _Wanted(0, places[0][0] + 1, first=False, most=most)
        case "AFTER":
            return _Wanted(places[0][1] - 1, newest + 1, first=True, most=most)
        case "AROUND":
            before = max(0, places[0][0] - most // 2)
            return _Wanted(before, newest + 1, first=True, most=most)
        case "BETWEEN":
            one, other = places
            if one[0] <= other[0]:
                return _Wanted(one[1] - 1, other[0] + 1, first=True, most=most)
            return _Wanted(other[1] - 1, one[0] + 1, first=False, most=most)
    after = places[0][1] - 1 if places else 0
    return _Wanted(after, newest + 1, first=False, most=most)


async def _place(log: Log, point: _Point, newest: int) -> tuple[int, int]:
    """The last id before a point, and the first one after it."""
    if point.id is not None and 0 < point.id <= newest:
        events = await log.read(point.id - 1, point.id, 1)
        if events and abs(events[0].at - point.at) < _SAME_S:
            return point.id - 1, point.id + 1
        # Of another log, or gone from this one: the time still says where.
    before = await last_before(log, point.at, newest)
    # What was said at that very moment is neither before it nor after it.
    return before, await last_before(log, point.at + 0.001, newest) + 1


def _tell(irc: Client, target: str, events: Sequence[Event]) -> None:
    lines = [irc.format.render(event, now=0).decode().removesuffix("\r\n") for event in events]
    batch(irc, "chathistory", one_word(target), lines)


def batch(irc: Client, kind: str, target: str, lines: list[str]) -> None:
    """Lines as one batch, for who knows batches."""
    if "batch" not in irc.capabilities:
        irc.answer(in_pieces(lines, irc.limits.chunk_bytes // 2))
        return
    name = irc.next_batch()
    tagged = (f"@batch={name};{line[1:]}" if line[:1] == "@" else f"@batch={name} {line}" for line in lines)
    batched = f":{HOST} BATCH +{name} {kind} {target}".rstrip(), *tagged, f":{HOST} BATCH -{name}"
    irc.answer(in_pieces(batched, irc.limits.chunk_bytes // 2))


async def _targets(irc: Client, points: list[_Point], most: int, later: AbstractContextManager[None]) -> None:
    """Those of its rooms whose newest line was said between two moments."""
    session = session_of(irc)
    low, high = sorted(point.at for point in points)
    told: list[tuple[float, str]] = []
    with irc.asking():
        for room in irc.chat.rooms_of(session):
            newest = room.readers.newest
            with suppress(Refused):
                events = await room.log.read(newest - 1, newest, 1)
                if events and low < events[0].at < high:
                    told.append((events[0].at, room.name))
    lines = [f":{HOST} CHATHISTORY TARGETS {name} {iso_time(at)}" for at, name in sorted(told)[:most]]
    with later:
        batch(irc, "draft/chathistory-targets", "", lines)
