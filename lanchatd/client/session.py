"""What a client knows across connections: who and where it is, what it has seen, what it still has to say.

It does no input or output and takes the time as an argument. Bytes of any server go in by
`ClientSession.received`, which never raises; everything that comes out of it is safe to show.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import Enum
from typing import Any

from lanchatd.client.outgoing import PACE, Outgoing, Pace, TypedLine, encode
from lanchatd.client.reading import Reading
from lanchatd.client.rendering import not_said, not_shown
from lanchatd.client.room import LONGEST_NAME, RECENT, Room, room_key
from lanchatd.client.rooms import MOST_ROOMS, Rooms
from lanchatd.client.sanitize import (
    clean,
    cleaned,
    is_true,
    nodes_in,
    number_of,
    parsed,
    rows_of,
    text_of,
    texts_of,
)
from lanchatd.client.shown_event import Received, ShownEvent
from lanchatd.commands.all_commands import command_in
from lanchatd.text import names

# Codes of errors after which coming back by itself would be rude.
_SENT_AWAY = frozenset({"kicked", "banned"})

# What a command is refused with that was done the first time, when it is sent again.
_DONE_BEFORE = {"same_room": ("join", "part"), "same_nick": ("nick",), "not_in_room": ("part",)}

# No room is called so.
NO_ROOM = "#"

_HISTORY = re.compile(r"/history(?: +([0-9]{1,3}))?$", re.IGNORECASE)


class State(Enum):
    """Where the session is."""

    AWAY = "no connection"
    GREETING = "said hello"
    HERE = "welcomed"


class ClientSession:
    """One person's or program's stay in a chat, over all of its connections.

    ``nick``, ``away``, ``operator``, ``rooms`` (known by name), ``server``, ``version`` and ``state`` are to
    be read by whoever shows them, and where it is: ``places``.
    """

    def __init__(
        self,
        nick: str,
        room: str,
        new_ref: Callable[[], str],
        pace: Pace = PACE,
        several: Iterable[Room] | None = None,
        device: str = "",
    ) -> None:
        """``room`` is where it begins, empty for the server's own first room. ``device`` is what the server
        calls this one, if the nick comes to belong to it.

        With ``several`` it is in all of these as well, and ``/join`` adds to them.
        """
        self.nick = nick
        self.secret = ""  # what proves that the nick is ours, if no key does
        self.away = False
        self.operator = False
        self.rooms: set[str] = set()
        self.server = ""
        self.version = ""
        self.state = State.AWAY
        self.been_welcomed = False
        self.last_words = ""  # why the server closes, if it said so
        self.sent_away = False  # by a moderator
        self.elsewhere = False  # whether there are other daemons that might keep what this one can't
        self.places = Rooms(room, several)
        self._reading = Reading(self.places)
        self._asked = False  # for a nick, before our hello was heard
        self._device = device
        self._outgoing = Outgoing(new_ref, pace)
        self._greeting: object = (
            None  # of the last connection: a server that has not changed it says nothing new
        )

    @property
    def room(self) -> str:
        """The name of the room that it is in, or of several the one that is shown."""
        return self.places.current.name

    @property
    def waiting(self) -> int:
        """How many lines are not acknowledged yet."""
        return len(self._outgoing)

    @property
    def waiting_lines(self) -> tuple[TypedLine, ...]:
        """The lines that are not acknowledged yet, the oldest first."""
        return tuple(self._outgoing)

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
        """Who we are, and where each log goes on."""
        proof = {"secret": self.secret} if self.secret else {}
        device = {"device": self._device} if self._device else {}
        return encode({"nick": self.nick, **proof, **device, **self.places.hello()})

    def question(self) -> bytes:
        """A hello that asks whether we would be let in: only its room is wrong, as none can be called so."""
        proof = {"secret": self.secret} if self.secret else {}
        return encode({"nick": self.nick, **proof, "room": NO_ROOM})

    def disconnected(self) -> None:
        """The connection is gone: what was not acknowledged will be sent again."""
        self.state = State.AWAY
        self._outgoing.disconnected()
        self.places.no_more_history()

    # -- what is said

    def say(self, text: str, room: str = "") -> TypedLine:
        """Keep a typed line until it is acknowledged. Raises `Unsayable`. Then `outgoing` has it.

        Of several rooms it is for this one; without, for the one that was joined last.
        """
        return self._outgoing.add(text, room if self.places.several else "", late=not self.connected)

    def goodbye(self, text: str = "") -> bytes:
        """The encoded line to leave with. It has no ref: nobody will be there to be answered."""
        return self._reading.last() + encode({"line": f"/quit {clean(text)}".rstrip()})

    def outgoing(self, now: float) -> list[bytes]:
        """The encoded lines that are to be sent now, in order; they count as sent."""
        if self.state is not State.HERE:
            return []
        due = self._outgoing.due(now)
        for line in due:
            if (history := _HISTORY.match(line.text)) is not None:
                (self.places.named(line.room) or self.places.current).history_left += int(
                    history[1] or RECENT
                )
            if command_in(line.text) == "join":
                self.places.asks_for(line.text.partition(" ")[2].strip())
        return [line.encoded for line in due] + self._reading.due(now)

    def next_in(self, now: float) -> float | None:
        """In how many seconds `outgoing` will have more; None: nothing, or not before the next answer."""
        if self.state is not State.HERE:
            return None
        return min(
            (at for at in (self._outgoing.next_in(now), self._reading.next_in(now)) if at is not None),
            default=None,
        )

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
                if event.get("count") is None and (place := self.places.named(text_of(event, "room"))):
                    place.all_follows()
                got.items.append(item)
            case "members" if (place := self.places.named(text_of(event, "room"))) is not None:
                got.items.append(ShownEvent(event, raw, entering=place.entering))
                self._members(place, event)
            case "read":
                got.items.append(ShownEvent(event, raw, new=self._reading.elsewhere(event)))
            case "nodes":
                if self.state is State.HERE:
                    got.nodes = nodes_in(event)
                got.items.append(item)
            case "parted":
                if self.places.parted(text_of(event, "room")):
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
            # A lanchat asks for a nick in this way if our hello took longer than 0.5 s.
            self._asked = True
        elif not (no_object and (text == "--" or text.startswith("-- "))):
            # And so it greets inside TLS.
            got.stranger = True

    def _welcome(self, item: ShownEvent, got: Received) -> None:
        event = item.event
        nick, room, log = (text_of(event, name) for name in ("nick", "room", "log"))
        begins = self.state is State.GREETING
        # With a space in it, a name could look like another part of the row of status.
        if not all(map(_is_name, (nick, room))) or len(log) > LONGEST_NAME:
            got.stranger = begins
            return
        if not self.places.welcomed(event):
            return
        self.nick = nick
        self.server, self.version = text_of(event, "server"), text_of(event, "version")
        got.nodes = nodes_in(event)
        self._know_room(room)
        self.state = State.HERE
        greets = False
        if begins:
            self.away = self.operator = False
            self.been_welcomed = got.welcomed = True
            self._reading.known = is_true(event, "account")
            if text_of(event, "by") != "password":
                self.secret = ""  # a code is good once, and by then the key of this device is known
            greeting = (self.server, self.version, tuple(texts_of(event, "motd")))
            greets, self._greeting = greeting != self._greeting, greeting
            self._outgoing.add_first([f"/join {name}" for name in self.places.to_rejoin()], room)
        place = self.places.named(room)
        new = 0 if place is None else place.new
        got.items.append(ShownEvent(event, item.raw, greets=greets, entering=True, new=new))
        if place is not None and place.gap:
            got.items.append(not_shown(place.gap, place.name))

    def _talk(self, item: ShownEvent, got: Received) -> None:
        event = item.event
        number, place = number_of(event, "id"), self.places.named(text_of(event, "room"))
        if place is None:
            if not self.places.several:
                got.items.append(item)
            return
        past = is_true(event, "past") or (number is not None and number <= place.last)
        takes = place.takes(number)
        if takes is None:
            got.items.append(ShownEvent(event, item.raw, past=True, again=True))
        elif takes:
            if event["type"] == "topic":
                place.topic = text_of(event, "text")
            if not past:
                place.talks(text_of(event, "from"))
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
        command = command_in(line.text)
        if command == "register":
            self._reading.known = True
        if command in ("away", "back"):
            self.away = command == "away"

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
        if code == "log_failed" and line is not None and self.elsewhere:
            got.not_kept = True
            if self._outgoing.not_kept(line, now):
                got.warning = f"{text or code} It is sent again until it is."
            return
        if code == "too_long" and not ref:
            # The server did not read as far as the ref. The longest of those on their way is too long.
            line = self._outgoing.longest_sent()
        if line is not None:
            self._outgoing.answered(line.ref)
        elif not ref and code != "too_long":
            self.last_words = text or code
            self.sent_away |= code in _SENT_AWAY
        if line is not None and line.sent_before and command_in(line.text) in _DONE_BEFORE.get(code, ()):
            self._took_effect(line)
            return
        got.items.append(ShownEvent(event, item.raw, answers=line))
        if line is not None and command_in(line.text) == "join" and code != "same_room":
            self._not_joined(line.text.partition(" ")[2].strip(), got)

    def _not_joined(self, room: str, got: Received) -> None:
        """What was typed for a room that we may not enter is said nowhere."""
        key = room_key(room)
        if self.places.several and self.places.named(room) is None:
            dropped = self._outgoing.drop(lambda line: bool(line.room) and room_key(line.room) == key)
            got.items += [not_said(dropped, clean(room))] if dropped else []

    def _members(self, place: Room, event: dict[str, Any]) -> None:
        place.members(event)
        for row in rows_of(event, "members"):
            if text_of(row, "nick") == self.nick and isinstance(row, dict):
                self.operator, self.away = is_true(row, "operator"), "away" in row

    def _state(self, kind: str, event: dict[str, Any]) -> None:
        place = self.places.named(text_of(event, "room"))
        match kind:
            case "joined" | "left" if place is not None:
                place.came_or_went(kind, event)
            case "renamed":
                old, new = text_of(event, "from"), text_of(event, "to")
                if old == self.nick and _is_name(new):
                    self.nick = new
                if place is not None:
                    place.renamed(old, new)
            case "rooms":
                for row in rows_of(event, "rooms"):
                    self._know_room(text_of(row, "room"))
            case "notice" if text_of(event, "code") == "shutdown":
                self.last_words = text_of(event, "text")
            case _:
                pass

    def _know_room(self, room: str) -> None:
        if _is_name(room) and len(self.rooms) < MOST_ROOMS:
            self.rooms.add(room)


def _is_name(text: str) -> bool:
    """Whether it can be a nick or a room, of whatever server."""
    return 0 < len(text) <= LONGEST_NAME and len(text.split()) == 1
