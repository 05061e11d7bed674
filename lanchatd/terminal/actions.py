"""What keys ask of whoever has the editor."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True)
class Submitted:
    """Enter was pressed on this line; of several rows it has ``\\n`` between them."""

    line: str


@dataclass(frozen=True, slots=True)
class Pasted:
    """What a paste of several lines makes with the text that was in the row, which is empty now.

    Only where the row takes none, or it is too long for it. The last line is empty if the paste ended its
    last one and the cursor was at the end.
    """

    lines: tuple[str, ...]


class Key(Enum):
    """What only the caller can answer. INTERRUPT (Ctrl-C) leaves the line as it is."""

    INTERRUPT = auto()
    END = auto()
    SUSPEND = auto()
    CLEAR = auto()
    BELL = auto()


@dataclass(frozen=True, slots=True)
class Unbound:
    """A key that the caller has a use for, as the bytes that it sends."""

    sequence: bytes


Action = Submitted | Pasted | Key | Unbound
