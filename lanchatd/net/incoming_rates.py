"""How fast one connection may send: token buckets of lines, of bytes, and of what TLS takes for itself.

Those of its address are beside them (`addresses`), and a line has to fit in both.
"""

from __future__ import annotations

from enum import Enum

from lanchatd.limits import Limits
from lanchatd.net.addresses import Address
from lanchatd.net.buckets import Bucket


class Verdict(Enum):
    """What becomes of a line."""

    TAKE = "take"
    DROP = "drop"
    DROP_FOR_ADDRESS = "drop, as all connections of its address together sent too much"
    CLOSE = "close"


# One that sends too fast is read from again only after this: a flood costs ten small turns a second.
FLOOD_PAUSE_S = 0.1

# And not within this of another one: a turn's lines of a flood take 1 ms (measured), so floods have a fifth
# of the time at the most, however many there are, and nobody waits for two of them.
FLOOD_SLOT_S = 0.005

# Bytes of TLS that bring no text: a handshake, and what goes around the text of each record. What goes around
# one is up to 64 bytes; to ask for new keys, again and again, takes 27 and is dear to answer.
TEXTLESS_BYTES = 16_384
TEXTLESS_PER_S = 2_048
AROUND_BYTES = 64


class FloodSlots:
    """When each of the connections that send too fast is read from again."""

    def __init__(self) -> None:
        self._last = 0.0

    def next_in(self, now: float) -> float:
        """Take the next free slot; in how many seconds it is."""
        self._last = max(now + FLOOD_PAUSE_S, self._last + FLOOD_SLOT_S)
        return self._last - now


class Allowance:
    """What one connection may still send.

    A flood begins with the first line that is dropped and ends when the connection has been quiet for long
    enough that all buckets are full again. A line dropped ``flood_timeout_s`` or more after the
    beginning closes. Times are seconds of any clock that only goes forward.
    """

    def __init__(self, limits: Limits, address: Address | None, now: float) -> None:
        """``address`` is None for a connection that has none."""
        self._limits = limits
        self._address = address
        self._lines = Bucket(limits.burst_lines, now)
        self._bytes = Bucket(limits.bytes_per_s, now)
        self._textless = Bucket(self._textless_burst, now)
        self._flooding_since: float | None = None
        self._untold = ""  # what it floods with
        self._long_lines: tuple[float, ...] = ()  # when they came; an empty deque has 700 bytes

    @property
    def flooding(self) -> bool:
        """Whether lines are being dropped."""
        return self._flooding_since is not None

    def new_flood(self) -> str:
        """What it began to send too fast since this was asked last; empty if nothing."""
        untold, self._untold = self._untold, ""
        return untold

    def bytes_came(self, amount: int, now: float) -> None:
        """Call it with everything that arrives, before its lines."""
        self._forget_a_flood(now)
        self._bytes_left(now)
        self._bytes.take(amount, self._limits.bytes_per_s)
        if self._address is not None:
            self._address.bytes_came(amount, now)

    def encrypted_came(self, amount: int, text: int, now: float) -> Verdict:
        """Whether more may be decrypted now, after so many bytes that brought so many of text."""
        self._forget_a_flood(now)
        self._textless_left(now)
        self._textless.take(amount - text, self._textless_burst)
        return Verdict.TAKE if self._textless_left(now) >= 0 else self._over(now, "TLS without text")

    def line_came(self, now: float) -> Verdict:
        """What becomes of a whole line."""
        if self._lines_left(now) < 1 or self._bytes_left(now) < 0:
            return self._over(now, "lines or bytes of a connection")
        if self._address is not None and not self._address.may_say(now):
            verdict = self._over(now, "lines or bytes of an address")
            return Verdict.DROP_FOR_ADDRESS if verdict is Verdict.DROP else verdict
        self._lines.take(1, self._limits.burst_lines)
        return Verdict.TAKE

    def may_keep(self, size: int, now: float) -> bool:
        """Whether a line of so many bytes may go to the log on disk; it is counted then."""
        return self._address is None or self._address.may_keep(size, now)

    def line_taken(self, now: float) -> float:
        """Take a whole line in any case; how long to read no more then, if it was over the rate (s)."""
        limits = self._limits
        self._lines_left(now)
        self._lines.take(1, limits.burst_lines)
        waits = -self._lines_left(now) / limits.lines_per_s, -self._bytes_left(now) / limits.bytes_per_s
        crowded = self._address is not None and not self._address.may_say(now)
        return max(0.0, *waits, FLOOD_PAUSE_S if crowded else 0.0)

    def scrap_came(self, now: float) -> Verdict:
        """What becomes of bytes that are thrown away anyhow, the rest of a line too long: never taken."""
        return Verdict.DROP if self._bytes_left(now) >= 0 else self._over(now, "bytes of a connection")

    def long_line_came(self, now: float) -> Verdict:
        """What becomes of a line too long: never taken; the last one allowed in a minute closes."""
        self._long_lines = (*(at for at in self._long_lines if at > now - 60), now)
        return Verdict.CLOSE if len(self._long_lines) >= self._limits.max_long_lines else Verdict.DROP

    def _lines_left(self, now: float) -> float:
        return self._lines.fill(self._limits.burst_lines, self._limits.lines_per_s, now)

    def _bytes_left(self, now: float) -> float:
        return self._bytes.fill(self._limits.bytes_per_s, self._limits.bytes_per_s, now)

    @property
    def _textless_burst(self) -> int:
        return TEXTLESS_BYTES + AROUND_BYTES * self._limits.burst_lines

    def _textless_left(self, now: float) -> float:
        per_s = TEXTLESS_PER_S + AROUND_BYTES * self._limits.lines_per_s
        return self._textless.fill(self._textless_burst, per_s, now)

    def _forget_a_flood(self, now: float) -> None:
        if (
            self._flooding_since is not None
            and self._lines_left(now) >= self._limits.burst_lines
            and self._bytes_left(now) >= self._limits.bytes_per_s
            and self._textless_left(now) >= self._textless_burst
        ):
            self._flooding_since = None

    def _over(self, now: float, what: str) -> Verdict:
        if self._flooding_since is None:
            self._flooding_since = now
            self._untold = what
        over = now - self._flooding_since >= self._limits.flood_timeout_s
        return Verdict.CLOSE if over else Verdict.DROP
