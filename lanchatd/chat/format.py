"""A format: how a door reads what is typed, and renders what is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from lanchatd.chat.events import Item
from lanchatd.text.refused import Refused


@dataclass(frozen=True, slots=True)
class Place:
    """Where to begin in a room, by its name (None: the lobby). ``after`` and ``log`` go on where one was."""

    room: str | None = None
    after: int | None = None
    log: str | None = None


@dataclass(frozen=True, slots=True)
class Hello:
    """The first line: the nick, and where to begin.

    With ``several`` more rooms can be joined besides; else another room is instead of the one before.
    ``device`` names the program that counts the refs. ``secret`` is a password or a code, for a nick that
    belongs to somebody. ``key`` is a public key in DER, and ``proof`` what it has signed, to be proved.
    """

    nick: str
    places: tuple[Place, ...] = (Place(),)
    several: bool = False
    device: str = ""
    secret: str | None = None
    key: bytes | None = None
    proof: bytes | None = None


class Line(NamedTuple):
    """What a person typed, clean, and the ``ref`` under which a program wants its answer.

    ``room`` is where it goes, None for the room that was joined last. With ``read`` nothing is said: the room
    was read up to that id. A tuple, as `lanchatd.chat.events.Event` is.
    """

    text: str
    ref: str | None = None
    room: str | None = None
    read: int | None = None


class Unreadable(Refused):
    """A line that could not be read, and its ref if that could."""

    def __init__(self, code: str, text: str, ref: str | None = None) -> None:
        super().__init__(code, text)
        self.ref = ref


class Format(Protocol):
    """How what is told is rendered. It keeps no state: one instance serves many connections."""

    name: str
    like_irc: bool
    """Whether it is told as in IRC.

    Who is in a room before what was said there; that somebody has another nick once, and not once a room; and
    what is for one session names its user, which is a NUL in what is rendered.
    """

    def render(self, item: Item, now: float | None = None) -> bytes:
        """Encoded lines, each with its end; empty if this format does not show it.

        ``now``, in seconds since the epoch, is given for what happened before the member came.
        """
        ...


class LineFormat(Format, Protocol):
    """A format for both directions: how what is typed is read, too."""

    def read_hello(self, encoded: bytes) -> Hello:
        """Read the first line, without its end. Raises `Refused`."""
        ...

    def read_line(self, encoded: bytes) -> Line:
        """Read any later line, without its end. Raises `Refused`; `Unreadable` where there is a ref."""
        ...

    def ref_of(self, encoded: bytes) -> str | None:
        """The ref of a line that is dropped unread."""
        ...
