"""Who may try to log in to the console: how many at a time, and how often from one address."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Protocol

from lanchatd.clock import Clock
from lanchatd.limits import Limits
from lanchatd.text.times import span

# Addresses whose failures are known at once, and whose success; the oldest goes. Some 2 MiB each.
MOST_ADDRESSES = 10_000


# How long nobody takes the place of who waits to log in alone from an address, in seconds: a key that asks
# for nothing is shown in less.
UNDISTURBED_S = 3


class Waiting(Protocol):
    """Somebody who has not logged in yet."""

    address: str

    def make_room(self) -> None:
        """Go: somebody else is to have this place. It is `Guard.settled`."""
        ...


class Guard:
    """Knows those who have not logged in yet, and the failed tries of each address.

    A try is a key that is not in the file, or anything else that does not let in.
    """

    def __init__(self, clock: Clock, limits: Limits, locked_out: Callable[[], None] = lambda: None) -> None:
        """``locked_out`` is called when an address is refused from then on."""
        self._locked_out = locked_out
        self._clock = clock
        self._limits = limits
        self._waiting: dict[Waiting, float] = {}  # since when; the first has waited longest
        # From where somebody has logged in; the last one at the end.
        self._known: OrderedDict[str, None] = OrderedDict()
        # How often it failed, and when it last did; the one that failed last is at the end.
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def admit(self, address: str) -> str | None:
        """Why nobody from this address can come to log in now, or None. Who `waits` may have to go."""
        if (why := self.refusal(address)) is not None:
            return why
        if len(self._waiting) >= self._limits.admin_waiting:
            if (other := self._gives_way_to(address)) is None:
                return "Too many connections are waiting to log in; try again in a moment."
            other.make_room()
        return None

    def waits(self, connection: Waiting) -> None:
        """Somebody who was admitted is there, until they are `settled`."""
        self._waiting[connection] = self._clock.seconds()

    def settled(self, connection: Waiting) -> None:
        """Somebody has logged in, or is gone."""
        self._waiting.pop(connection, None)

    def _gives_way_to(self, address: str) -> Waiting | None:
        """Who has to go for a newcomer; None if nobody has to.

        So nobody can keep administrators out by taking all the places and saying nothing: whose address is
        known goes before all strangers, and else one that has fewer places goes before one that has more.
        """
        strangers = [connection for connection in self._waiting if connection.address not in self._known]
        if address in self._known:
            if strangers:
                return strangers[0]
            others = list(self._waiting)
        else:
            others = strangers
        if not others:
            return None
        places = Counter(connection.address for connection in self._waiting)
        greedy = max(others, key=lambda connection: places[connection.address])  # of equals the first
        if places[greedy.address] > places[address] + 1:
            return greedy
        undisturbed = self._clock.seconds() - self._waiting[others[0]] < UNDISTURBED_S
        return None if places[address] or undisturbed else others[0]

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
        if count + 1 == self._limits.admin_tries:
            self._locked_out()
        if len(self._failures) > MOST_ADDRESSES:
            self._failures.popitem(last=False)

    def succeeded(self, address: str) -> None:
        """Somebody has logged in from this address: what failed before is forgotten, and it is known."""
        self._failures.pop(address, None)
        self._known.pop(address, None)
        self._known[address] = None
        if len(self._known) > MOST_ADDRESSES:
            self._known.popitem(last=False)

    def forget(self) -> None:
        """Everybody may try again."""
        self._failures.clear()
