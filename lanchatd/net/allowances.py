"""How fast one connection may send, and all of one address together.

Token buckets of lines, of bytes, and of what TLS takes for itself; a line has to fit in those of its
connection and in those of its address. The latter outlive connections: they are what as many as may be
connected might send together. So who shares a router with a class is not held back, and who connects again
and again gets nothing that he would not get anyhow.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from lanchatd.limits import Limits
from lanchatd.text.refused import Refused

# How often as many as may be connected at once may come at once, and in how many seconds they may all come
# again: after a failure of the router, more than once.
COMES = 4
COMES_AGAIN_S = 60

# In how many seconds as many as may be connected at once are recorded again in the daemon's log, each as it
# comes or goes; all of them come and go at once before that. Of the others it says how many they were.
RECORDED_AGAIN_S = 120

# The share of `Limits.keep_bytes` that one address may fill at once, and then a day: before it fills all of
# it, those who run the server have a fortnight to see it.
KEPT_SHARE = 16
DAY_S = 86_400

# What is counted of a line besides its text, as on the disk.
LINE_BYTES = 100

# Of so many addresses it is remembered, of those that came last.
MOST_ADDRESSES = 10_000


class Bucket:
    """Fills at ``per_s`` up to ``size``; may be overdrawn by one full size.

    ``level`` is how full it was when that was asked last; it may be more by now. What every line is counted
    in is one call, and no smaller ones: a call costs more than the sum.
    """

    __slots__ = ("_at", "level")

    def __init__(self, size: float, now: float) -> None:
        self.level = size
        self._at = now

    def fill(self, size: float, per_s: float, now: float) -> float:
        """The level by now."""
        level = self.level + (now - self._at) * per_s
        self._at = now
        self.level = level = level if level < size else size
        return level

    def take(self, amount: float, size: float, per_s: float, now: float) -> None:
        """Take so much, whatever is there by now."""
        level = self.level + (now - self._at) * per_s
        self._at = now
        level = (level if level < size else size) - amount
        self.level = level if level > -size else -size

    def take_if(self, least: float, amount: float, size: float, per_s: float, now: float) -> bool:
        """Take so much, if at least so much is there by now; whether it was taken."""
        level = self.level + (now - self._at) * per_s
        self._at = now
        level = level if level < size else size
        taken = level >= least
        if taken:
            level -= amount
        self.level = level if level > -size else -size
        return taken


class Verdict(Enum):
    """What becomes of a line."""

    TAKE = "take"
    DROP = "drop"
    DROP_FOR_ADDRESS = "drop, as all connections of its address together sent too much"
    DROP_FOR_OWNER = "drop, as all connections of its owner together sent too much"
    CLOSE = "close"


class Shared(Protocol):
    """What a connection may send only together with others."""

    @property
    def over(self) -> Verdict:
        """What becomes of a line that `may_say` said no to."""
        ...

    def bytes_came(self, amount: int, now: float) -> None:
        """As `Allowance.bytes_came`."""
        ...

    def may_say(self, now: float) -> bool:
        """Whether one more line is taken; it is counted then."""
        ...

    def may_be_textless(self, amount: int, now: float) -> bool:
        """Whether more TLS may be decrypted after so many bytes that brought no text; they are counted."""
        ...

    def line_taken(self, now: float) -> float:
        """As `Allowance.line_taken`."""
        ...

    def may_keep(self, size: int, now: float) -> bool:
        """Whether a line of so many bytes may go to the log on disk; it is counted then."""
        ...


class Address:
    """What one address may still send. Times are seconds of any clock that only goes forward."""

    over = Verdict.DROP_FOR_ADDRESS
    __slots__ = ("_bytes", "_comes", "_kept", "_limits", "_lines", "_records", "_textless")

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        most = limits.max_per_address
        self._comes = Bucket(most * COMES, now)
        self._lines = Bucket(most * limits.burst_lines, now)
        self._bytes = Bucket(most * limits.bytes_per_s, now)
        self._kept = Bucket(limits.keep_bytes / KEPT_SHARE, now)
        self._records = Bucket(2 * most, now)
        self._textless = Bucket(most * AROUND_BYTES * limits.burst_lines, now)

    def may_come(self, now: float) -> bool:
        """Whether one more may connect; it is counted then."""
        most = self._limits.max_per_address
        return self._comes.take_if(1, 1, most * COMES, most / COMES_AGAIN_S, now)

    def may_record(self, now: float) -> bool:
        """Whether the log is to have a line that one came or went; it is counted then."""
        most = self._limits.max_per_address
        return self._records.take_if(1, 1, 2 * most, most / RECORDED_AGAIN_S, now)

    def bytes_came(self, amount: int, now: float) -> None:
        """As `Allowance.bytes_came`."""
        per_s = self._limits.max_per_address * self._limits.bytes_per_s
        self._bytes.take(amount, per_s, per_s, now)

    def may_be_textless(self, amount: int, now: float) -> bool:
        """As `Shared` says."""
        each = self._limits.max_per_address * AROUND_BYTES
        self._textless.take(amount, each * self._limits.burst_lines, each * self._limits.lines_per_s, now)
        return self._textless.level >= 0

    def may_say(self, now: float) -> bool:
        """Whether one more line is taken; it is counted then."""
        limits, bytes_ = self._limits, self._bytes
        most = limits.max_per_address
        if bytes_.level < 0:
            per_s = most * limits.bytes_per_s
            if bytes_.fill(per_s, per_s, now) < 0:
                return False
        return self._lines.take_if(1, 1, most * limits.burst_lines, most * limits.lines_per_s, now)

    def line_taken(self, now: float) -> float:
        """As `Allowance.line_taken`."""
        return 0.0 if self.may_say(now) else FLOOD_PAUSE_S

    def may_keep(self, size: int, now: float) -> bool:
        """Whether a line of so many bytes may go to the log on disk; it is counted then."""
        share = self._limits.keep_bytes / KEPT_SHARE
        return self._kept.take_if(0, LINE_BYTES + size, share, share / DAY_S, now)


class Addresses:
    """Those that came last."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._known: dict[str, Address] = {}  # who came last is last

    def of(self, address: str, now: float) -> Address:
        """What it may still send. It has come just now."""
        known = self._known.pop(address, None) or Address(self._limits, now)
        self._known[address] = known
        if len(self._known) > MOST_ADDRESSES:
            del self._known[next(iter(self._known))]
        return known


# One that sends too fast is read from again only after this: a flood costs ten small turns a second.
FLOOD_PAUSE_S = 0.1

# And not within this of another one: a turn's lines of a flood take 1 ms (measured), so floods have a fifth
# of the time at the most, however many there are, and nobody waits for two of them.
FLOOD_SLOT_S = 0.005

# Bytes of TLS that bring no text: a handshake, and what goes around the text of each record. What goes around
# one is up to 64 bytes; to ask for new keys, again and again, takes 27 and is dear to answer. All connections
# of an address have no more than what goes around their lines, when they have shaken hands.
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

    def __init__(self, limits: Limits, address: Shared | None, now: float) -> None:
        """``address`` is None for a connection that has none."""
        self._limits = limits
        self.shared = address
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
        if self._flooding_since is not None:
            self._forget_a_flood(now)
        per_s = self._limits.bytes_per_s
        self._bytes.take(amount, per_s, per_s, now)
        if self.shared is not None:
            self.shared.bytes_came(amount, now)

    def encrypted_came(self, amount: int, text: int, now: float, in_handshake: bool = False) -> Verdict:
        """Whether more may be decrypted now, after records of so many bytes that brought so many of text."""
        if self._flooding_since is not None:
            self._forget_a_flood(now)
        burst, textless = self._textless_burst, amount - text
        self._textless.take(textless, burst, self._textless_per_s, now)
        shared = None if in_handshake else self.shared
        crowded = shared is not None and not shared.may_be_textless(textless, now)
        if crowded and textless > max(AROUND_BYTES, text):  # else it talks, and is not to blame
            self._textless.level -= burst
        return Verdict.TAKE if self._textless.level >= 0 else self._over(now, "TLS without text")

    def line_came(self, now: float) -> Verdict:
        """What becomes of a whole line."""
        limits, shared, lines = self._limits, self.shared, self._lines
        if (self._bytes.level < 0 and self._bytes_left(now) < 0) or not lines.take_if(
            1, 1, limits.burst_lines, limits.lines_per_s, now
        ):
            return self._over(now, "lines or bytes of a connection")
        if shared is not None and not shared.may_say(now):
            lines.level += 1
            over = shared.over
            of_owner = over is Verdict.DROP_FOR_OWNER
            verdict = self._over(now, f"lines or bytes of an {'owner' if of_owner else 'address'}")
            return over if verdict is Verdict.DROP else verdict
        return Verdict.TAKE

    def refuse_keeping(self, size: int, now: float) -> None:
        """Count a line of so many bytes that goes to the log on disk.

        Raises `Refused` if it may not: who fills the disk is slowed before others lose what they said.
        """
        if self.shared is not None and not self.shared.may_keep(size, now):
            share = self._limits.keep_bytes // KEPT_SHARE
            text = f"Your address has said more than {share:,} bytes in a day; go on later, or more slowly."
            raise Refused("too_much", text)

    def line_taken(self, now: float) -> float:
        """Take a whole line in any case; how long to read no more then, if it was over the rate (s)."""
        limits = self._limits
        self._lines.take(1, limits.burst_lines, limits.lines_per_s, now)
        waits_s = 0.0 if self.shared is None else self.shared.line_taken(now)
        lines = self._lines.level
        if lines < 0 or self._bytes.level < 0:
            return max(waits_s, -lines / limits.lines_per_s, -self._bytes_left(now) / limits.bytes_per_s)
        return waits_s

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

    @property
    def _textless_per_s(self) -> float:
        return TEXTLESS_PER_S + AROUND_BYTES * self._limits.lines_per_s

    def _forget_a_flood(self, now: float) -> None:
        burst = self._textless_burst
        if (
            self._lines_left(now) >= self._limits.burst_lines
            and self._bytes_left(now) >= self._limits.bytes_per_s
            and self._textless.fill(burst, self._textless_per_s, now) >= burst
        ):
            self._flooding_since = None

    def _over(self, now: float, what: str) -> Verdict:
        if self._flooding_since is None:
            self._flooding_since = now
            self._untold = what
        over = now - self._flooding_since >= self._limits.flood_timeout_s
        return Verdict.CLOSE if over else Verdict.DROP
