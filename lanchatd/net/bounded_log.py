"""The daemon's log of what many do at once: a line a second at most, however many they are."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

from twisted.logger import Logger

from lanchatd.chat.peer import Peer
from lanchatd.clock import Clock

# A flood of them would fill the disk that the log is on.
PAUSE_S = 1

# So many reasons are named in a line, and the others counted.
MOST_REASONS = 8


class OnceASecond:
    """The first is told in full; those that follow are counted, and told together a second later."""

    def __init__(self, clock: Clock, tell: Callable[[int, str], None]) -> None:
        """``tell`` is called with how many more they were, and with the reasons and how often each."""
        self._clock = clock
        self._tell = tell
        self._told_at = -math.inf
        self._reasons: Counter[str] = Counter()

    def add(self, reason: str) -> bool:
        """Whether to tell of this one in full."""
        now = self._clock.seconds()
        if not self._reasons and now - self._told_at > PAUSE_S:
            self._told_at = now
            return True
        if not self._reasons:
            self._clock.callLater(self._told_at + PAUSE_S - now, self._tell_all)
        self._reasons[reason] += 1
        return False

    def _tell_all(self) -> None:
        self._told_at = self._clock.seconds()
        reasons, self._reasons = self._reasons, Counter()
        named = [f"{reason} {count}" for reason, count in reasons.most_common(MOST_REASONS)]
        if len(reasons) > MOST_REASONS:
            named.append(f"and {len(reasons) - MOST_REASONS} kinds more")
        self._tell(reasons.total(), ", ".join(named))


class RefusalLog:
    """Those that were not let in."""

    log = Logger("lanchatd")

    def __init__(self, clock: Clock) -> None:
        self._told = OnceASecond(clock, self._tell)
        self._unheard = 0

    def add(self, peer: Peer, reason: str, unheard: bool) -> None:
        """One was not let in; ``unheard`` if it could not even be told so."""
        if self._told.add(reason):
            self.log.info("{peer} was turned away: {reason}", peer=peer.shown, reason=reason)
        else:
            self._unheard += unheard

    def _tell(self, count: int, reasons: str) -> None:
        unheard, self._unheard = self._unheard, 0
        self.log.warn(
            "{count} more were turned away: {reasons}; {unheard} of them without a word",
            count=count, reasons=reasons, unheard=unheard,
        )  # fmt: skip


class FloodLog:
    """Those that send too fast."""

    log = Logger("lanchatd")

    def __init__(self, clock: Clock) -> None:
        self._told = OnceASecond(clock, self._tell)

    def add(self, peer: Peer, what: str) -> None:
        """One begins to send too much of this."""
        if self._told.add(what):
            self.log.info("{peer} sends too fast and is slowed: {what}", peer=peer.shown, what=what)

    def _tell(self, count: int, reasons: str) -> None:
        self.log.info("{count} more send too fast and are slowed: {reasons}", count=count, reasons=reasons)


class VisitLog:
    """Connections of addresses that had many records already (`addresses.Address.may_record`)."""

    log = Logger("lanchatd")

    def __init__(self, clock: Clock) -> None:
        self._told = OnceASecond(clock, self._tell)

    def add(self, address: str, what: str) -> bool:
        """One was connected, or closed for a reason. Whether it has a record after all, as the only one."""
        return self._told.add(f"{address} {what}")

    def _tell(self, count: int, reasons: str) -> None:
        self.log.info("{count} more came or went: {reasons}", count=count, reasons=reasons)
