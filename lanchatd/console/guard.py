"""Who may try to log in to the console: how many at a time, and how often from one address."""

from __future__ import annotations

import math
from collections import OrderedDict

from lanchatd.clock import Clock
from lanchatd.limits import Limits
from lanchatd.times import span

# Addresses whose failures are known at once; the one that failed longest ago goes. Some 2 MiB.
MOST_ADDRESSES = 10_000


class Guard:
    """Counts those who have not logged in yet, and the failed tries of each address.

    A try is a key that is not in the file, or anything else that does not let in.
    """

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self.waiting = 0
        self._clock = clock
        self._limits = limits
        # How often it failed, and when it last did; the one that failed last is at the end.
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def admit(self, address: str) -> str | None:
        """Somebody has come to log in. They are counted until they are `settled`, or this says why not."""
        if (why := self.refusal(address)) is not None:
            return why
        if self.waiting >= self._limits.admin_waiting:
            return "Too many connections are waiting to log in; try again in a moment."
        self.waiting += 1
        return None

    def settled(self) -> None:
        """Somebody who was admitted has logged in, or is gone."""
        self.waiting -= 1

    def refusal(self, address: str) -> str | None:
        """Why nobody can log in from this address now; None if they can try."""
        count, last = self._failures.get(address, (0, 0.0))
        rest_s = last + self._limits.admin_lockout_s - self._clock.seconds()
        if count and rest_s <= 0:
            del self._failures[address]
        elif count >= self._limits.admin_tries:
            return f"Too many failed tries from your address; try again in {span(math.ceil(rest_s))}."
        return None

    def failed(self, address: str) -> None:
        """A try from this address has failed."""
        count, _ = self._failures.pop(address, (0, 0.0))
        self._failures[address] = count + 1, self._clock.seconds()
        if len(self._failures) > MOST_ADDRESSES:
            self._failures.popitem(last=False)

    def succeeded(self, address: str) -> None:
        """Somebody has logged in from this address: what failed before is forgotten."""
        self._failures.pop(address, None)

    def forget(self) -> None:
        """Everybody may try again."""
        self._failures.clear()
