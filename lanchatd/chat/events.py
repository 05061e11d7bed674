"""What happened in a room, and everything else that a member can be told.

A format renders each of these; nothing here knows how it looks on the wire.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple
from weakref import ReferenceType

from lanchatd.text.hosts import address_of
from lanchatd.text.refused import Refusal


class Kind(Enum):
    """What happened. The first four are talk: logged, numbered, replayed. The rest is state: told once.

    What was ``NOTICED`` was said so that no program answers it, or two of them would talk for ever. The last
    four are told to IRC clients alone; ``OWNED``: the nick belongs to who has it now.
    """

    SAID = "said"
    NOTICED = "noticed"
    ACTED = "acted"
    TOPIC = "topic"
    JOINED = "joined"
    LEFT = "left"
    RENAMED = "renamed"
    AWAY = "away"
    BACK = "back"
    REAL_NAME = "real name"
    OWNED = "owned"
    OPERATOR = "operator"
    NO_OPERATOR = "no operator"

    # Enum's own is a call of Python for each look into a set; members are compared by identity anyway.
    __hash__ = object.__hash__


TALK = frozenset({Kind.SAID, Kind.NOTICED, Kind.ACTED, Kind.TOPIC})

TOLD_IRC = frozenset({Kind.REAL_NAME, Kind.OWNED, Kind.OPERATOR, Kind.NO_OPERATOR})

Origins = tuple[ReferenceType[Any], ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody left: the server's ``words``, and a ``text`` that a person wrote; each may be empty."""

    words: str = ""
    text: str = ""

    def __bool__(self) -> bool:
        return bool(self.words or self.text)


NO_REASON = Reason()


class Event(NamedTuple):
    """One event of one room.

    ``text`` is what was said or done, the topic, the new nick of a rename, why somebody is away, or, when
    somebody joins, their real name; ``reason`` is that of a leave, and ``gone`` says that it is one from the
    chat. ``at`` is seconds since the epoch. ``id`` is its place in the room's log, from 1; 0 until the log
    has numbered it, and for what is not talk. ``by`` is the user who did it, whatever nick it has by now:
    weakly, as it may be gone, and None if it is not known any more, from the disk. ``origins`` holds the
    session, weakly too. ``told`` is for what happens in several rooms at once: the sessions that know of it.
    ``lists`` counts how often somebody had been told who is in the room when it happened. ``known`` is
    whether who said it owned the nick. ``came`` is for `lanchatd.chat.late_joins`.

    A tuple, as one is made for each line that is said, twice: a frozen dataclass of so many fields takes five
    times as long (measured). Two are equal if they tell the same.
    """

    kind: Kind
    room: str
    nick: str
    text: str
    at: float
    id: int = 0
    by: ReferenceType[Any] | None = None
    reason: Reason = NO_REASON
    origins: Origins = ()
    told: set[Any] | None = None
    lists: int = 0
    known: bool = False
    gone: bool = False
    came: int = 0

    @property
    def size(self) -> int:
        """Bytes of its text and nick, in UTF-8: what the limits of the log count."""
        text, nick = self.text, self.nick
        return (len(text) if text.isascii() else len(text.encode())) + len(nick.encode())

    def numbered(self, id_: int) -> Event:
        """The same, with its place in the log."""
        # By name it would take half as long again (measured), for each line.
        return tuple.__new__(Event, (*self[:5], id_, *self[6:]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Event) and self._tells() == other._tells()

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._tells())

    def _tells(self) -> tuple[object, ...]:
        return (*self[:6], self.reason, self.known)


@dataclass(frozen=True, slots=True)
class Presence:
    """Joins, or leaves for the same reason, that are told together.

    ``others``: of so many more only the number is known, at the other end.
    """

    kind: Kind
    room: str
    nicks: tuple[str, ...]
    others: int
    reason: Reason
    here: int
    at: float
    id: int = 0


@dataclass(frozen=True, slots=True)
class Topic:
    """What a room is about, set ``by`` a nick, ``at`` seconds since the epoch; "" and 0 if nobody knows."""

    text: str = ""
    by: str = ""
    at: float = 0


NO_TOPIC = Topic()


@dataclass(frozen=True, slots=True)
class Private:
    """A private message, shown to both: said, or ``acted``. A ``notice`` is one that no program answers.

    ``known`` is whether the sender owns the nick.
    """

    nick: str
    to: str
    text: str
    at: float
    notice: bool = False
    known: bool = False
    acted: bool = False

    @property
    def in_words(self) -> str:
        """The text, where what somebody does does not look otherwise than what they say."""
        return f"* {self.nick} {self.text}" if self.acted else self.text


@dataclass(frozen=True, slots=True)
class Notice:
    """The server to one member: lines of text."""

    lines: tuple[str, ...]
    code: str = ""


class Here(NamedTuple):
    """One member in a list of who is here; a tuple, as there are as many as members whenever one comes.

    ``known`` is one who owns the nick.
    """

    nick: str
    away: str | None
    operator: bool
    encrypted: bool = False
    known: bool = False
    real_name: str = ""


class Piece(Enum):
    """A part of a list."""

    SOME = "more come behind it"
    LAST = "it ends the list"


@dataclass(frozen=True, slots=True)
class Members:
    """Who is in a room, those who came first at the beginning, and how many in all.

    ``members`` are asked for as they are read, so they are to be read at once. ``piece`` says which part of
    a list that is told in pieces they are; None is all of it.
    """

    room: str
    members: Iterable[Here]
    here: int
    piece: Piece | None = None


@dataclass(frozen=True, slots=True)
class RoomLine:
    """One room in the list of rooms; ``last`` is the newest id of its log."""

    room: str
    here: int
    topic: str
    last: int = 0


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms, the fullest first, and how many there are in all."""

    rooms: tuple[RoomLine, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Node:
    """Another daemon of this chat: where one joins it, and the fingerprint of its TLS key."""

    host: str
    port: int
    key: str

    @property
    def address(self) -> str:
        """Host and port, in a word."""
        return address_of(self.host, self.port)


@dataclass(frozen=True, slots=True)
class Welcome:
    """You are in a room now, under this nick; ``log`` names its log and ``last`` is the newest id.

    ``motd`` is told once, in the first room: the lines that people have read in the greeting. ``by`` is what
    proved that one owns the nick, empty for guests. ``nodes`` are the other daemons of the chat.
    """

    nick: str
    room: str
    log: str
    last: int
    topic: Topic
    server: str
    version: str
    motd: tuple[str, ...] = ()
    by: str = ""
    nodes: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Nodes:
    """The other daemons of the chat that are there from now on."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Parted:
    """You are not in a room any more, and in others still."""

    room: str


@dataclass(frozen=True, slots=True)
class Read:
    """You have read a room up to this id, by another of your connections or devices."""

    room: str
    id: int


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a key is to sign, in base64, to be proved; and the print of the server's TLS key."""

    challenge: str
    server: str


@dataclass(frozen=True, slots=True)
class Missed:
    """Events the log no longer holds: how many, or None where nobody can know (it is another log)."""

    room: str
    log: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Past:
    """Lines of the past that were asked for, in the order in which they are shown.

    ``more`` says that there are more of them. ``in_rooms``: they are of many rooms. ``now`` is seconds since
    the epoch. ``first``: of one room, the id of the first line that was looked at; that may be one that who
    asked is not shown. 0 if none is kept.
    """

    events: tuple[Event, ...]
    more: bool
    in_rooms: bool
    now: float
    first: int = 0


@dataclass(frozen=True, slots=True)
class Ok:
    """The line with this ref was done; ``id`` is its place in the log, 0 if it is not talk."""

    ref: str
    id: int = 0


Moment = Event | Presence
NoEvent = (
    Presence | Private | Notice | Members | Rooms | Welcome | Nodes | Parted | Read | Missed | Past
    | Challenge | Ok | Refusal
)  # fmt: skip
Item = Event | NoEvent


def told_together(events: Iterable[Event], here: int) -> list[Moment]:
    """The events of one batch, in order, with neighbouring joins and leaves as one line each.

    ``here`` is how many are in the room after the batch. Between two lines of talk, who went and came again
    is not mentioned, as nothing changed for anybody, unless somebody was told meanwhile who is here; who came
    and went is mentioned in any case.
    """
    moments: list[Moment] = []
    run: list[Event] = []
    for event in events:
        if event.kind in (Kind.JOINED, Kind.LEFT):
            run.append(event)
            continue
        if event.kind in TOLD_IRC:
            continue
        moments += _presences(run, here)
        run = []
        moments.append(event)
    return moments + _presences(run, here)


# Leaves with reasons of their own (`/quit see you`) get a line each only up to here; a thousand that say
# goodbye in the same turn become one line without them.
_REASONS = 5


def _presences(run: list[Event], here: int) -> list[Moment]:
    if not run:
        return []
    first: dict[str, Event] = {}
    last: dict[str, Event] = {}
    for event in run:
        first.setdefault(event.nick, event)
        last[event.nick] = event
    went, came, passed = [], [], []
    for nick, end in last.items():
        begin = first[nick]
        if begin.kind is Kind.JOINED:
            came.append(begin)
            if end.kind is Kind.LEFT:
                passed.append(end)
        elif end.kind is Kind.LEFT:
            went.append(end)
        elif begin.lists != end.lists:
            went.append(begin)
            came.append(end)
    with_reasons = len({event.reason for event in (*went, *passed) if event.reason}) <= _REASONS
    moments: list[Moment] = []
    for changes in (went, came, passed):
        groups: dict[Reason, list[Event]] = {}
        for event in changes:
            groups.setdefault(event.reason if with_reasons else NO_REASON, []).append(event)
        for reason, group in groups.items():
            nicks = tuple(event.nick for event in group)
            kind, room, at = group[-1].kind, group[-1].room, group[-1].at
            moments.append(Presence(kind, room, nicks, 0, reason, here, at))
    return moments
