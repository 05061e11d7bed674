"""What a client knows across connections: who and where it is, what it has seen, what it still has to say.

It does no input or output and takes the time as an argument. Bytes of any server go in by
`ClientSession.received`, which never raises; everything that comes out of it is safe to show.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from lanchatd.client.outgoing import PACE, Outgoing, Pace, TypedLine, encode
from lanchatd.client.sanitize import clean, cleaned, is_true, number_of, parsed, rows_of, text_of, texts_of
from lanchatd.text import names

# What a newcomer is shown by the server. Who is cut off before the first of it goes on from there.
RECENT = 20

# What is kept or shown of what a server sends, so that none of them fills the memory.
LONGEST_NAME = 64  # characters, of a nick, a room or a log
_MOST_NICKS = 10_000
_MOST_ROOMS = 1_000

# Codes of errors after which coming back by itself would be rude.
_SENT_AWAY = frozenset({"kicked", "banned"})

_HISTORY = re.compile(r"/history(?: +([0-9]{1,3}))?$", re.IGNORECASE)


class State(Enum):
    """Where the session is."""

    AWAY = "no connection"
    GREETING = "said hello"
    HERE = "welcomed"


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """Something to show.

    ``event`` is what the server sent, cleaned; ``raw`` as it came, for programs only. ``past`` says that
    it happened before this connection. ``answers`` is the line of ours that it is the answer to. ``greets``:
    it is a welcome, and who the server is and what it has to say is not known yet.
    """

    event: dict[str, Any]
    raw: dict[str, Any]
    past: bool = False
    answers: TypedLine | None = None
    greets: bool = False


@dataclass(slots=True)
class Received:
    """What one line of the server means.

    ``refused`` is the code and the sentence if our hello was refused. ``stranger``: this is no lanchat.
    """

    items: list[ShownEvent] = field(default_factory=list)
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


class ClientSession:
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
        self._asked = False  # for a nick, before our hello was heard
        self.last_words = ""  # why the server closes, if it said so
        self.sent_away = False  # by a moderator
        self._outgoing = Outgoing(new_ref, pace)
        self._places: dict[str, _Place] = {}
        self._greeting: object = (
            None  # of the last connection: a server that has not changed it says nothing new
        )
        self._before = 0  # the newest id when this connection or room began
        self._history_left = 0

    @property
    def waiting(self) -> int:
        """How many lines are not acknowledged yet."""
        return len(self._outgoing)

    @property
    def connected(self) -> bool:
        """Whether what is said now is sent now."""
        return self.state is State.HERE

    # -- a connection comes and goes

    def connect(self, now: float) -> bytes:
        """A new connection is there; the encoded line that it begins with."""
        self.disconnected()
        self.state = State.GREETING
        self._asked = False
        self.last_words = ""
        self.sent_away = False
        self._outgoing.connected(now)
        return self.hello()

    def hello(self) -> bytes:
        """Who we are, and where the log goes on."""
        hello: dict[str, Any] = {"nick": self.nick}
        if self.room:
            hello["room"] = self.room
        if (place := self._places.get(self.room.casefold())) is not None:
            hello |= {"after": place.after, "log": place.log}
        return encode(hello)

    def disconnected(self) -> None:
        """The connection is gone: what was not acknowledged will be sent again."""
        self.state = State.AWAY
        self._outgoing.disconnected()
        self._history_left = 0

    # -- what is said

    def say(self, text: str) -> TypedLine:
        """Keep a typed line until it is acknowledged. Raises `Unsayable`. Then `outgoing` has it."""
        return self._outgoing.add(text)

    def goodbye(self, text: str = "") -> bytes:
        """The encoded line to leave with. It has no ref: nobody will be there to be answered."""
        return encode({"line": f"/quit {clean(text)}".rstrip()})

    def outgoing(self, now: float) -> list[bytes]:
        """The encoded lines that are to be sent now, in order; they count as sent."""
        if self.state is not State.HERE:
            return []
        due = self._outgoing.due(now)
        for line in due:
            if (history := _HISTORY.match(line.text)) is not None:
                self._history_left += int(history[1] or RECENT)
        return [line.encoded for line in due]

    def next_in(self, now: float) -> float | None:
        """In how many seconds `outgoing` will have more; None: nothing, or not before the next answer."""
        return self._outgoing.next_in(now) if self.state is State.HERE else None

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
        item = ShownEvent(event, raw)
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
        elif no_object and (text.startswith("HTTP/1.1 100 ") or (self._asked and not encoded.strip())):
            # A lanchat asks for a nick in this way if our hello took longer than 0.3 s.
            self._asked = True
        elif not (no_object and (text == "--" or text.startswith("-- "))):
            # And so it greets inside TLS.
            got.stranger = True

    def _welcome(self, item: ShownEvent, got: Received) -> None:
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
        greets = False
        if begins:
            self.been_welcomed = got.welcomed = True
            greeting = (self.server, self.version, tuple(texts_of(event, "motd")))
            greets, self._greeting = greeting != self._greeting, greeting
        got.items.append(ShownEvent(event, item.raw, greets=greets))

    def _talk(self, item: ShownEvent, got: Received) -> None:
        event = item.event
        number, place = number_of(event, "id"), self._places.get(text_of(event, "room").casefold())
        past = is_true(event, "past") or (number is not None and number <= self._before)
        if number is not None and place is not None:
            if place.seen is not None and number <= place.seen:
                if not self._history_left:
                    return  # seen already
                self._history_left -= 1
                got.items.append(ShownEvent(event, item.raw, past=True))
                return
            place.seen = number
        if event["type"] == "topic":
            self.topic = text_of(event, "text")
        if not past:
            self._know_nick(text_of(event, "from"))
        got.items.append(ShownEvent(event, item.raw, past))

    def _ok(self, item: ShownEvent, got: Received) -> None:
        line = self._outgoing.taken(text_of(item.event, "ref"))
        if line is not None:
            self._took_effect(line)
        got.items.append(ShownEvent(item.event, item.raw, answers=line))

    def _took_effect(self, line: TypedLine) -> None:
        # What the server tells about it may have been lost with a connection, and its answer not.
        if (nick := line.wanted_nick) is not None:
            with suppress(Exception):  # whatever server took it
                self.nick = names.nick(nick).shown

    def _error(self, item: ShownEvent, got: Received, now: float) -> None:
        event = item.event
        code, text, ref = (text_of(event, name) for name in ("code", "text", "ref"))
        if self.state is State.GREETING and not ref:
            got.refused = (code, text or code)
            return
        line = self._outgoing.get(ref)
        if code == "too_fast" and line is not None:
            self._outgoing.too_fast(line, now)
            return
        if code == "too_long" and not ref:
            # The server did not read as far as the ref. The longest of those on their way is too long.
            line = self._outgoing.longest_sent()
        if line is not None:
            self._outgoing.answered(line.ref)
        elif not ref and code != "too_long":
            self.last_words = text or code
            self.sent_away |= code in _SENT_AWAY
        if line is not None and line.sent_before and code in ("same_room", "same_nick"):
            self._took_effect(line)
            return  # it was done the first time
        got.items.append(ShownEvent(event, item.raw, answers=line))

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
                names = [text_of(member, "nick") for member in rows_of(event, "members")]
                if len(names) >= self.here:
                    self.nicks = set()
                for nick in names:
                    self._know_nick(nick)
            case "rooms":
                for row in rows_of(event, "rooms"):
                    self._know_room(text_of(row, "room"))
            case "notice" if text_of(event, "code") == "shutdown":
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
