"""What was typed and is not acknowledged yet, in order, and when it is sent: as fast as the server takes it.

A line goes again with a new connection, and after the server dropped it as too fast. It has a ref, so that
the server says it once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from lanchatd.commands.all_commands import command_in
from lanchatd.limits import Limits

# What a line may have, in bytes, with its JSON around it: the server counts both.
LONGEST_LINE = Limits.max_line_bytes

# Lines that are on their way at once: what waits beyond is kept here, where it is in order.
IN_FLIGHT = 64

# After a line that came too fast for the server, or that it can't keep now: until it is sent again, at first
# and at most.
TOO_FAST_S = 1.0
TOO_FAST_MOST_S = 10.0
SLOWEST_PER_S = 0.2

# Commands that change what the next lines mean: sent when nothing is on its way, and waited for.
_ALONE = frozenset({"nick", "join", "part"})


def counted_refs(prefix: str) -> Callable[[], str]:
    """Refs that are unique over runs, if the prefix is random."""
    numbers = count(1)
    return lambda: f"{prefix}-{next(numbers)}"


def encode(fields: dict[str, Any]) -> bytes:
    """What is sent to the server, as a line."""
    return (json.dumps(fields, ensure_ascii=False) + "\n").encode(errors="replace")


class Unsayable(Exception):
    """A line that no server would take: the code and the sentence that the server would have had for it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast lines are sent: below what the server takes (docs/running.md), as a network bunches them."""

    burst_lines: float = 15
    lines_per_s: float = 4.5


PACE = Pace()


@dataclass(slots=True)
class TypedLine:
    """A line that was typed, until it is acknowledged. ``late``: it could not be sent at once."""

    ref: str
    text: str
    encoded: bytes
    room: str = ""  # that it is for; empty for a session of one room
    sent: bool = False
    sent_before: bool = False
    goes_alone: bool = False
    late: bool = False

    @property
    def wanted_nick(self) -> str | None:
        """What follows ``/nick``, if it is that."""
        return self.text.partition(" ")[2].lstrip() if command_in(self.text) == "nick" else None


class Outgoing:
    """The lines of a session that are not acknowledged."""

    def __init__(self, new_ref: Callable[[], str], pace: Pace) -> None:
        self._new_ref = new_ref
        self._pace = pace
        self._per_s = pace.lines_per_s
        self._level = pace.burst_lines
        self._filled_at = 0.0
        self._paused_until = 0.0
        self._pause_s = TOO_FAST_S
        self._one_by_one = False
        self._keeps = True
        self._lines: dict[str, TypedLine] = {}
        self._in_flight = 0
        self._alone_in_flight = False

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[TypedLine]:
        return iter(self._lines.values())

    def connected(self, now: float) -> None:
        """The server counts anew for each connection."""
        self._level, self._filled_at, self._paused_until = self._pace.burst_lines, now, 0.0

    def disconnected(self) -> None:
        """What was not acknowledged will be sent again."""
        for line in self._lines.values():
            line.sent_before |= line.sent
            line.sent = False
            line.late = True
        self._in_flight = 0
        self._alone_in_flight = False

    def add(self, text: str, room: str = "", late: bool = False) -> TypedLine:
        """Keep a typed line until it is acknowledged. Raises `Unsayable`."""
        text = text.encode(errors="replace").decode()
        line = TypedLine(self._new_ref(), text, b"", room, goes_alone=command_in(text) in _ALONE, late=late)
        line.encoded = encode({"line": text, **({"room": room} if room else {}), "ref": line.ref})
        if len(line.encoded) - 1 > LONGEST_LINE:
            raise Unsayable("too_long", f"A line has at most about {LONGEST_LINE - 64:,} bytes.")
        self._lines[line.ref] = line
        return line

    def add_first(self, texts: list[str], room: str) -> None:
        """Keep these as well, to be sent before all others."""
        others, self._lines = self._lines, {}
        for text in texts:
            self.add(text, room)
        self._lines |= others

    def due(self, now: float) -> list[TypedLine]:
        """The lines that are to be sent now, in order; they count as sent."""
        if now < self._paused_until:
            return []
        level = self._level + (now - self._filled_at) * self._per_s
        self._level = min(self._pace.burst_lines, level)
        self._filled_at = now
        due: list[TypedLine] = []
        for line in self._lines.values():
            if line.sent:
                continue
            alone = line.goes_alone or self._one_by_one or self._alone_in_flight
            if self._level < 1 or self._in_flight >= (1 if alone else IN_FLIGHT):
                break
            self._level -= 1
            line.sent = True
            self._in_flight += 1
            self._alone_in_flight |= line.goes_alone
            due.append(line)
        return due

    def next_in(self, now: float) -> float | None:
        """In how many seconds more will be `due`; None: nothing, or not before the next answer."""
        if self._in_flight >= len(self._lines):
            return None
        if now < self._paused_until:
            return self._paused_until - now
        if self._level < 1:
            return max(0.01, (1 - self._level) / self._per_s)  # never too little to add up
        return None

    def drop(self, unwanted: Callable[[TypedLine], bool]) -> int:
        """Take back those of them that are not sent yet; how many."""
        dropped = [line.ref for line in self._lines.values() if not line.sent and unwanted(line)]
        for ref in dropped:
            del self._lines[ref]
        return len(dropped)

    # -- what the server answers

    def get(self, ref: str) -> TypedLine | None:
        """The line that has this ref."""
        return self._lines.get(ref)

    def longest_sent(self) -> TypedLine | None:
        """The longest of those that are on their way."""
        sent = (line for line in self._lines.values() if line.sent)
        return max(sent, key=lambda line: len(line.encoded), default=None)

    def taken(self, ref: str) -> TypedLine | None:
        """The server took the line with this ref, which is that; the next one may be as fast as ever."""
        line = self.answered(ref)
        if line is not None:
            self._pause_s = TOO_FAST_S
            self._keeps = True
        return line

    def answered(self, ref: str) -> TypedLine | None:
        """The server has answered the line with this ref, which is that."""
        line = self._lines.pop(ref, None)
        if line is not None and line.sent:
            self._in_flight -= 1
            self._alone_in_flight &= not line.goes_alone
        return line

    def too_fast(self, line: TypedLine, now: float) -> None:
        """Dropped by the server: sent again a little later, and from then on one by one, so in order."""
        self._one_by_one |= line.sent
        if self._goes_later(line, now):
            self._per_s = max(SLOWEST_PER_S, self._per_s / 2)
            self._level = min(self._level, 1)

    def not_kept(self, line: TypedLine, now: float) -> bool:
        """Refused as nothing can be kept there now: sent again a little later, here or at another daemon.

        Whether it is the first one since a line was taken.
        """
        self._goes_later(line, now)
        first, self._keeps = self._keeps, False
        return first

    def _goes_later(self, line: TypedLine, now: float) -> bool:
        """Send it again after a pause, as those behind it; whether that pause begins now."""
        if not line.sent:
            return False
        line.sent = False
        self._in_flight -= 1
        self._alone_in_flight &= not line.goes_alone
        if now < self._paused_until:
            return False  # one of those that were on their way with the first
        self._paused_until = now + self._pause_s
        self._pause_s = min(TOO_FAST_MOST_S, self._pause_s * 2)
        return True
