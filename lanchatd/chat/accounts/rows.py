"""What is known of accounts, and what one change of it is. Moments are seconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass

from lanchatd.text.names import Name

# What proved that somebody is the owner.
BY_KEY, BY_PASSWORD, BY_CODE = "key", "password", "code"

# What a code is for: one more device, a way back, or a nick for somebody new.
FOR_DEVICE, FOR_RETURN, FOR_GUEST = "device", "recovery", "invite"

TLS, SIGNED = "tls", "signed"
"""The kinds of keys: what a client shows in the handshake of TLS, and what has signed a challenge."""


@dataclass(frozen=True, slots=True)
class Account:
    """A nick that belongs to somebody. ``number`` stands for it, whatever it is called.

    ``password`` is a hash in PHC's form, None for none. ``made_by`` is the nick of who made it for them,
    empty if they did it themselves.
    """

    number: int
    name: Name
    made_at: float
    seen_at: float
    made_by: str = ""
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """A key of an account, known by its ``print``, the hash of its public half."""

    account: int
    kind: str
    print: str
    name: str
    made_at: float
    seen_at: float


@dataclass(frozen=True, slots=True)
class Code:
    """A secret that works ``uses`` times, kept as its hash. ``account`` is None for an invitation."""

    hash: str
    kind: str
    account: int | None
    uses: int
    until: float
    by: str


@dataclass(frozen=True, slots=True)
class Held:
    """A nick that nobody can take, None for good; but for the ``account`` that had it, if there is one."""

    name: Name
    until: float | None = None
    account: int | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """Somebody has proved to own an account, by its number; ``key`` is the print of their key, or None."""

    account: int
    by: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class ReadMark:
    """An owner has read a room, by its key, up to this id of the log of that name."""

    account: int
    room: str
    log: str
    id: int


Row = Account | Device | Code | Held | ReadMark


@dataclass(frozen=True, slots=True)
class Change:
    """What is not there any more, and what is there instead, or besides: all of it or nothing."""

    put: tuple[Row, ...] = ()
    gone: tuple[Row, ...] = ()
