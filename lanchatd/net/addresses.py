"""What all connections of an address may send, those that were and those that are: it outlives them.

It is what as many as may be connected might send together, so who shares a router with a class is not held
back; who connects again and again gets nothing that he would not get anyhow.
"""

from __future__ import annotations

from lanchatd.limits import Limits
from lanchatd.net.buckets import Bucket

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


class Address:
    """What one address may still send. Times are seconds of any clock that only goes forward."""

    __slots__ = ("_bytes", "_comes", "_kept", "_limits", "_lines", "_records")

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        most = limits.max_per_address
        self._comes = Bucket(most * COMES, now)
        self._lines = Bucket(most * limits.burst_lines, now)
        self._bytes = Bucket(most * limits.bytes_per_s, now)
        self._kept = Bucket(limits.keep_bytes / KEPT_SHARE, now)
        self._records = Bucket(2 * most, now)

    def may_come(self, now: float) -> bool:
        """Whether one more may connect; it is counted then."""
        most = self._limits.max_per_address
        if self._comes.fill(most * COMES, most / COMES_AGAIN_S, now) < 1:
            return False
        self._comes.take(1, most * COMES)
        return True

    def may_record(self, now: float) -> bool:
        """Whether the log is to have a line that one came or went; it is counted then."""
        most = self._limits.max_per_address
        if self._records.fill(2 * most, most / RECORDED_AGAIN_S, now) < 1:
            return False
        self._records.take(1, 2 * most)
        return True

    def bytes_came(self, amount: int, now: float) -> None:
        """As `rates.Allowance.bytes_came`."""
        self._bytes_left(now)
        self._bytes.take(amount, self._limits.max_per_address * self._limits.bytes_per_s)

    def may_say(self, now: float) -> bool:
        """Whether one more line is taken; it is counted then."""
        burst = self._limits.max_per_address * self._limits.burst_lines
        per_s = self._limits.max_per_address * self._limits.lines_per_s
        if self._lines.fill(burst, per_s, now) < 1 or self._bytes_left(now) < 0:
            return False
        self._lines.take(1, burst)
        return True

    def may_keep(self, size: int, now: float) -> bool:
        """Whether a line of so many bytes may go to the log on disk; it is counted then."""
        share = self._limits.keep_bytes / KEPT_SHARE
        if self._kept.fill(share, share / DAY_S, now) < 0:
            return False
        self._kept.take(LINE_BYTES + size, share)
        return True

    def _bytes_left(self, now: float) -> float:
        per_s = self._limits.max_per_address * self._limits.bytes_per_s
        return self._bytes.fill(per_s, per_s, now)


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
