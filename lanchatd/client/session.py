"""What a client knows across connections: who and where it is, what it has seen, what it still has to say.

It does no input or output and takes the time as an argument. Bytes of any server go in by `Session.received`,
which never raises; everything that comes out of it is safe to show.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from typing import Any

from lanchatd import nicks
from lanchatd.client.untrusted import clean, cleaned, number_of, parsed, text_of, texts_of
from lanchatd.limits import Limits

# What a line may have, in bytes, with its JSON around it: the server counts both.
LONGEST_LINE = Limits.max_line_bytes

# What a newcomer is shown by the server. Who is cut off before the first of it goes on from there.
RECENT = 20

# Lines that are on their way at once: what waits beyond is kept here, where it is in order.
IN_FLIGHT = 64

# After a line that came too fast for the server: until it is sent again, at first and at most.
TOO_FAST_S = 1.0
TOO_FAST_MOST_S = 10.0
SLOWEST_PER_S = 0.2

# What is kept or shown of what a server sends, so that none of them fills the memory.
LONGEST_NAME = 64  # characters, of a nick, a room or a log
_MOST_NICKS = 10_000
_MOST_ROOMS = 1_000

# Codes of errors after which coming back by itself would be rude.
_SENT_AWAY = frozenset({"kicked", "banned"})

# Lines that change what the next ones mean: sent when nothing is on its way, and waited for.
_TURNS = re.compile(r"/(nick|join)(?: +(.*))?$", re.IGNORECASE)
_HISTORY = re.compile(r"/history(?: +([0-9]{1,3}))?$", re.IGNORECASE)


def counted_refs(prefix: str) -> Callable[[], str]:
    """Refs that are unique over runs, if the prefix is random."""
    numbers = count(1)
    return lambda: f"{prefix}-{next(numbers)}"


class Unsayable(Exception):
    """A line that no server would take: the code and the sentence that the server would have had for it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class State(Enum):
    """Where the session is."""

    AWAY = "no connection"
    GREETING = "said hello"
    HERE = "welcomed"


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast lines are sent: below what the server takes (README, Limits), as a network bunches them."""

    burst_lines: float = 15
    lines_per_s: float = 4.5


PACE = Pace()


@dataclass(slots=True)
class Line:
    """A line that was typed, until it is acknowledged."""

    ref: str
    text: str
    encoded: bytes
    sent: bool = False
    sent_before: bool = False
    turns: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """Something to show.

    ``event`` is what the server sent, cleaned; ``raw`` as it came, for programs only. ``past`` says that
    it happened before this connection. ``answers`` is the line of ours that it is the answer to.
    """

    event: dict[str, Any]
    raw: dict[str, Any]
    past: bool = False
    answers: Line | None = None


@dataclass(slots=True)
class Received:
    """What one line of the server means.

    ``refused`` is the code and the sentence if our hello was refused. ``stranger``: this is no lanchat.
    """

    items: list[Item] = field(default_factory=list)
    welcomed: bool = False
    refused: tuple[str, str] | None = None
    stranger: bool = False


@dataclass(slots=True)
class _Place:
    """How far one log was read: up to ``seen``; with nothing seen yet, it goes on after ``floor``."""

    log: str
    floor: int
    seen: int | None = None

    @property
    def after(self) -> int:
        return self.floor if self.seen is None else self.seen


class Session:
    """One person's or program's stay in a chat, over all of its connections.

    ``nick``, ``room``, ``topic``, ``here`` (how many), ``nicks`` (who, as far as known), ``rooms`` (known by
    name), ``server``, ``version`` and ``state`` are to be read by whoever shows them.
    """

    def __init__(self, nick: str, room: str, new_ref: Callable[[], str], pace: Pace = PACE) -> None:
        """``room`` is empty for the server's own first room."""
        self.nick = nick
        self.room = room
        self.topic = ""
        self.here = 0
        self.nicks: set[str] = set()
        self.rooms: set[str] = set()
        self.server = ""
        self.version = ""
        self.state = State.AWAY
        self.been_welcomed = False
        self.last_words = ""  # why the server closes, if it said so
        self.sent_away = False  # by a moderator
        self._new_ref = new_ref
        self._pace = pace
        self._per_s = pace.lines_per_s
        self._level = pace.burst_lines
        self._filled_at = 0.0
        self._paused_until = 0.0
        self._pause_s = TOO_FAST_S
        self._one_by_one = False
        self._lines: dict[str, Line] = {}
        self._in_flight = 0
        self._turn_in_flight = False
        self._places: dict[str, _Place] = {}
        self._before = 0  # the newest id when this connection or room began
        self._history_left = 0

    @property
    def waiting(self) -> int:
        """How many lines are not acknowledged yet."""
        return len(self._lines)

    @property
    def connected(self) -> bool:
        """Whether what is said now is sent now."""
        return self.state is State.HERE

    # -- a connection comes and goes

    def connect(self, now: float) -> bytes:
        """A new connection is there; the encoded line that it begins with."""
        self.disconnected()
        self.state = State.GREETING
        self.last_words = ""
        self.sent_away = False
        # The server counts anew for each connection.
        self._level, self._filled_at, self._paused_until = self._pace.burst_lines, now, 0.0
        return self.hello()

    def hello(self) -> bytes:
        """Who we are, and where the log goes on."""
        hello: dict[str, Any] = {"nick": self.nick}
        if self.room:
            hello["room"] = self.room
        if (place := self._places.get(self.room.casefold())) is not None:
            hello |= {"after": place.after, "log": place.log}
        return _encoded(hello)

    def disconnected(self) -> None:
        """The connection is gone: what was not acknowledged will be sent again."""
        self.state = State.AWAY
        for line in self._lines.values():
            line.sent_before |= line.sent
            line.sent = False
        self._in_flight = 0
        self._turn_in_flight = False
        self._history_left = 0

    # -- what is said

    def say(self, text: str) -> Line:
        """Keep a typed line until it is acknowledged. Raises `Unsayable`. Then `outgoing` has it."""
        text = text.encode(errors="replace").decode()
        line = Line(self._new_ref(), text, b"", turns=_TURNS.match(text) is not None)
        line.encoded = _encoded({"line": text, "ref": line.ref})
        if len(line.encoded) - 1 > LONGEST_LINE:
            raise Unsayable("too_long", f"A line has at most about {LONGEST_LINE - 64:,} bytes.")
        self._lines[line.ref] = line
        return line

    def goodbye(self, text: str = "") -> bytes:
        """The encoded line to leave with. It has no ref: nobody will be there to be answered."""
        return _encoded({"line": f"/quit {clean(text)}".rstrip()})

    def outgoing(self, now: float) -> list[bytes]:
        """The encoded lines that are to be sent now, in order; they count as sent."""
        if self.state is not State.HERE or now < self._paused_until:
            return []
        pace = self._pace.burst_lines
        self._level = min(pace, self._level + (now - self._filled_at) * self._per_s)
        self._filled_at = now
        sending: list[bytes] = []
        for line in self._lines.values():
            if line.sent:
                continue
            alone = line.turns or self._one_by_one or self._turn_in_flight
            if self._level < 1 or self._in_flight >= (1 if alone else IN_FLIGHT):
                break
            self._level -= 1
            line.sent = True
            self._in_flight += 1
            self._turn_in_flight |= line.turns
            if (history := _HISTORY.match(line.text)) is not None:
                self._history_left += int(history[1] or RECENT)
            sending.append(line.encoded)
        return sending

    def next_in(self, now: float) -> float | None:
        """In how many seconds `outgoing` will have more; None: nothing, or not before the next answer."""
        if self.state is not State.HERE or self._in_flight >= len(self._lines):
            return None
        if now < self._paused_until:
            return self._paused_until - now
        if self._level < 1:
            return max(0.01, (1 - self._level) / self._per_s)  # never too little to add up
        return None

    # -- what the server sends

    def received(self, encoded: bytes, now: float) -> Received:
        """One line of the server, without its end: anything at all."""
        got = Received()
        raw = parsed(encoded)
        event = None if raw is None else cleaned(raw)
        kind = "" if event is None else text_of(event, "type")
        if raw is None or event is None or not kind:
            if self.state is State.GREETING:
                self._not_json(encoded, raw is None, got)
            return got
        item = Item(event, raw)
        match kind:
            case "welcome":
                self._welcome(item, got)
            case "error":
                self._error(item, got, now)
            case "ok":
                self._ok(item, got)
            case "said" | "acted" | "topic":
                self._talk(item, got)
            case "missed":
                if event.get("count") is None and (place := self._places.get(self.room.casefold())):
                    # Everything follows from the beginning.
                    place.seen, place.floor = None, 0
                got.items.append(item)
            case _:
                self._state(kind, event)
                got.items.append(item)
        return got

    def _not_json(self, encoded: bytes, no_object: bool, got: Received) -> None:
        text = clean(encoded.decode(errors="replace")).rstrip()
        if no_object and text.startswith("!! "):
            # Turned away before the server knew that we speak JSON: full, or banned.
            got.refused = ("turned_away", text.removeprefix("!! "))
        elif not (no_object and (text == "--" or text.startswith("-- "))):
            # The greeting of a lanchat comes as text if our hello took longer than 0.3 s.
            got.stranger = True

    def _welcome(self, item: Item, got: Received) -> None:
        event = item.event
        nick, room, log = (text_of(event, name) for name in ("nick", "room", "log"))
        if not (nick and room) or max(len(nick), len(room), len(log)) > LONGEST_NAME:
            got.stranger = self.state is State.GREETING
            return
        last = number_of(event, "last") or 0
        begins = self.state is State.GREETING
        key = room.casefold()
        place = self._places.get(key)
        if place is None or place.log != log:
            # If we named another log, all that this one holds follows.
            floor = 0 if begins and place is not None else max(0, last - RECENT)
            while len(self._places) >= _MOST_ROOMS:
                del self._places[next(iter(self._places))]
            self._places[key] = _Place(log, floor)
        if room != self.room or begins:
            self.nicks = set()
            self.here = 0
        self.nick, self.room = nick, room
        self.topic, self.server = text_of(event, "topic"), text_of(event, "server")
        self.version = text_of(event, "version")
        self._know_room(room)
        self._before = last
        self._history_left = 0
        self.state = State.HERE
        if begins:
            self.been_welcomed = got.welcomed = True
        got.items.append(item)

    def _talk(self, item: Item, got: Received) -> None:
        event = item.event
        number, place = number_of(event, "id"), self._places.get(text_of(event, "room").casefold())
        past = event.get("past") is True or (number is not None and number <= self._before)
        if number is not None and place is not None:
            if place.seen is not None and number <= place.seen:
                if not self._history_left:
                    return  # seen already
                self._history_left -= 1
                got.items.append(Item(event, item.raw, past=True))
                return
            place.seen = number
        if event["type"] == "topic":
            self.topic = text_of(event, "text")
        if not past:
            self._know_nick(text_of(event, "from"))
        got.items.append(Item(event, item.raw, past))

    def _ok(self, item: Item, got: Received) -> None:
        line = self._answered(text_of(item.event, "ref"))
        if line is not None:
            self._pause_s = TOO_FAST_S
            self._took_turn(line)
        got.items.append(Item(item.event, item.raw, answers=line))

    def _took_turn(self, line: Line) -> None:
        # What the server tells about it may have been lost with a connection, and its answer not.
        turn = _TURNS.match(line.text)
        if turn is None or turn[1].lower() != "nick":
            return
        with suppress(Exception):  # whatever server took it
            self.nick = nicks.nick(turn[2] or "").shown

    def _error(self, item: Item, got: Received, now: float) -> None:
        event = item.event
        code, text, ref = (text_of(event, name) for name in ("code", "text", "ref"))
        if self.state is State.GREETING and not ref:
            got.refused = (code, text or code)
            return
        line = self._lines.get(ref)
        if code == "too_fast" and line is not None:
            self._slow_down(line, now)
            return
        if line is not None:
            self._answered(ref)
        elif code == "too_long" and not ref:
            # The server did not read as far as the ref. The longest of those on their way is too long.
            in_flight = [line for line in self._lines.values() if line.sent]
            if in_flight:
                line = max(in_flight, key=lambda line: len(line.encoded))
                self._answered(line.ref)
        elif not ref:
            self.last_words = text or code
            self.sent_away |= code in _SENT_AWAY
        if line is not None and line.sent_before and code in ("same_room", "same_nick"):
            self._took_turn(line)
            return  # it was done the first time
        got.items.append(Item(event, item.raw, answers=line))

    def _slow_down(self, line: Line, now: float) -> None:
        """Dropped by the server: sent again a little later, and from then on one by one, so in order."""
        if not line.sent:
            return
        line.sent = False
        self._in_flight -= 1
        self._turn_in_flight &= not line.turns
        self._one_by_one = True
        if now < self._paused_until:
            return  # one of those that were on their way with the first
        self._per_s = max(SLOWEST_PER_S, self._per_s / 2)
        self._paused_until = now + self._pause_s
        self._pause_s = min(TOO_FAST_MOST_S, self._pause_s * 2)
        self._level = min(self._level, 1)

    def _answered(self, ref: str) -> Line | None:
        line = self._lines.pop(ref, None)
        if line is not None and line.sent:
            self._in_flight -= 1
            self._turn_in_flight &= not line.turns
        return line

    def _state(self, kind: str, event: dict[str, Any]) -> None:
        match kind:
            case "joined" | "left" if self._is_here(event):
                self.here = number_of(event, "here") or 0
                for nick in texts_of(event, "nicks"):
                    if kind == "joined":
                        self._know_nick(nick)
                    else:
                        self.nicks.discard(nick)
            case "renamed":
                old, new = text_of(event, "from"), text_of(event, "to")
                if old == self.nick and new:
                    self.nick = new
                if self._is_here(event):
                    self.nicks.discard(old)
                    self._know_nick(new)
            case "members" if self._is_here(event):
                self.here = number_of(event, "here") or 0
                members = event.get("members")
                names = [text_of(member, "nick") for member in members] if isinstance(members, list) else []
                if len(names) >= self.here:
                    self.nicks = set()
                for nick in names:
                    self._know_nick(nick)
            case "rooms":
                rooms = event.get("rooms")
                for row in rooms if isinstance(rooms, list) else []:
                    self._know_room(text_of(row, "room"))
            case "notice" if event.get("code") == "shutdown":
                self.last_words = text_of(event, "text")
            case _:
                pass

    def _is_here(self, event: dict[str, Any]) -> bool:
        return text_of(event, "room") == self.room

    def _know_nick(self, nick: str) -> None:
        if 0 < len(nick) <= LONGEST_NAME and len(self.nicks) < _MOST_NICKS:
            self.nicks.add(nick)

    def _know_room(self, room: str) -> None:
        if 0 < len(room) <= LONGEST_NAME and len(self.rooms) < _MOST_ROOMS:
            self.rooms.add(room)


def _encoded(fields: dict[str, Any]) -> bytes:
    return (json.dumps(fields, ensure_ascii=False) + "\n").encode(errors="replace")
