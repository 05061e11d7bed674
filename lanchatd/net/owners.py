"""How fast all connections of one owner may send together, whatever addresses they come from.

As much as two may: so a phone is as quick as ever beside a laptop, and who has sixteen devices has no sixteen
times the say of others. It is counted from the second connection on, and costs those with one nothing.
"""

from __future__ import annotations

from collections.abc import Hashable
from weakref import WeakKeyDictionary

from lanchatd.limits import Limits
from lanchatd.net.allowances import Allowance, Bucket, Shared, Verdict

# How many connections may send as fast as they can.
AT_ONCE = 2


class Owner:
    """What the connections of one owner may still send. Times are those of `Allowance`."""

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        self._lines = Bucket(AT_ONCE * limits.burst_lines, now)
        self._bytes = Bucket(AT_ONCE * limits.bytes_per_s, now)

    def bytes_came(self, amount: int, now: float) -> None:
        """As `Allowance.bytes_came`."""
        per_s = AT_ONCE * self._limits.bytes_per_s
        self._bytes.take(amount, per_s, per_s, now)

    def has_room(self, now: float) -> bool:
        """Whether one more line is taken."""
        return self._lines_left(now) >= 1 and self._bytes_left(now) >= 0

    def line_taken(self, now: float) -> float:
        """One was; in how many seconds the next one should be."""
        per_s = AT_ONCE * self._limits.lines_per_s
        self._lines.take(1, AT_ONCE * self._limits.burst_lines, per_s, now)
        return max(0.0, -self._lines.level / per_s)

    def _lines_left(self, now: float) -> float:
        limits = self._limits
        return self._lines.fill(AT_ONCE * limits.burst_lines, AT_ONCE * limits.lines_per_s, now)

    def _bytes_left(self, now: float) -> float:
        per_s = AT_ONCE * self._limits.bytes_per_s
        return self._bytes.fill(per_s, per_s, now)


class WithOwner:
    """What a connection of an owner shares: with the others of its address, if it has one, and with theirs.

    Implements `lanchatd.net.allowances.Shared`.
    """

    __slots__ = ("_address", "_owner", "over")

    def __init__(self, address: Shared | None, owner: Owner) -> None:
        self._address = address
        self._owner = owner
        self.over = Verdict.DROP_FOR_OWNER

    def bytes_came(self, amount: int, now: float) -> None:
        self._owner.bytes_came(amount, now)
        if self._address is not None:
            self._address.bytes_came(amount, now)

    def may_say(self, now: float) -> bool:
        if not self._owner.has_room(now):
            self.over = Verdict.DROP_FOR_OWNER
            return False
        if self._address is not None and not self._address.may_say(now):
            self.over = self._address.over
            return False
        self._owner.line_taken(now)
        return True

    def may_be_textless(self, amount: int, now: float) -> bool:
        return self._address is None or self._address.may_be_textless(amount, now)

    def line_taken(self, now: float) -> float:
        waits_s = 0.0 if self._address is None else self._address.line_taken(now)
        return max(waits_s, self._owner.line_taken(now))

    def may_keep(self, size: int, now: float) -> bool:
        return self._address is None or self._address.may_keep(size, now)


class Owners:
    """Those with several connections, by whatever stands for them as long as they are here."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._known: WeakKeyDictionary[Hashable, Owner] = WeakKeyDictionary()

    def count(self, whose: Hashable, allowance: Allowance, now: float) -> None:
        """What this connection sends counts with all others of the same owner from now on."""
        if isinstance(allowance.shared, WithOwner):
            return
        owner = self._known.get(whose)
        if owner is None:
            owner = self._known[whose] = Owner(self._limits, now)
        allowance.shared = WithOwner(allowance.shared, owner)
