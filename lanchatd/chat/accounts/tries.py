"""How often something was tried: so many times within a while, and then no more for a while."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from lanchatd.clock import Clock
from lanchatd.text.refused import Refused
from lanchatd.text.times import span

# Of each kind, of whom something is remembered at once; those that tried last. Some 4 MiB.
MOST_REMEMBERED = 10_000


@dataclass(slots=True)
class _Tried:
    times: deque[float] = field(default_factory=deque)
    closed_until: float = 0.0


class Tries:
    """Counts tries by who makes them. Seconds are those of the daemon's clock, which only goes forward."""

    def __init__(
        self,
        clock: Clock,
        most: Callable[[], int],
        within_s: float,
        closed_s: Callable[[], float] | None = None,
    ) -> None:
        """After the ``most`` that count ``within_s`` it is closed for ``closed_s``; None: until fewer do."""
        self._clock = clock
        self._most = most
        self._within_s = within_s
        self._closed_s = closed_s
        self._tried: OrderedDict[str, _Tried] = OrderedDict()  # who tried last is at the end

    def __len__(self) -> int:
        return len(self._tried)

    def count(self, who: str, what: str) -> None:
        """Somebody tries once more. Raises `Refused` (``too_many_tries``) if they may not.

        ``what`` begins the sentence that says so.
        """
        now, tried = self._clock.seconds(), self._tried.pop(who, None) or _Tried()
        self._tried[who] = tried
        while len(self._tried) > MOST_REMEMBERED:
            self._tried.popitem(last=False)
        while tried.times and now - tried.times[0] >= self._within_s:
            tried.times.popleft()
        closed_until = tried.closed_until
        if self._closed_s is None and len(tried.times) >= self._most():
            closed_until = tried.times[0] + self._within_s
        if now < closed_until:
            rest = span(math.ceil(closed_until - now))
            raise Refused("too_many_tries", f"{what}; try again in {rest}.")
        tried.times.append(now)
        if self._closed_s is not None and len(tried.times) >= self._most():
            tried.closed_until = now + self._closed_s()

    def take_back(self, who: str) -> None:
        """The last one of theirs does not count."""
        tried = self._tried.get(who)
        if tried is not None and tried.times:
            tried.times.pop()
            tried.closed_until = 0.0
