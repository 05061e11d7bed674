"""The daemon's log of those that were not let in: a line a second at most, however many they are."""

from __future__ import annotations

from collections import Counter

from twisted.logger import Logger

from lanchatd.chat.peer import Peer
from lanchatd.clock import Clock

# A flood of them would fill the disk that the log is on.
PAUSE_S = 1


class RefusalLog:
    """Tells of the first by its address, and of those that follow how many they were and why."""

    log = Logger("lanchatd")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pausing = False
        self._reasons: Counter[str] = Counter()
        self._unheard = 0

    def add(self, peer: Peer, reason: str, unheard: bool) -> None:
        """One was not let in; ``unheard`` if it could not even be told so."""
        if not self._pausing:
            self._pause()
            self.log.info("{peer} was turned away: {reason}", peer=peer.shown, reason=reason)
        else:
            self._reasons[reason] += 1
            self._unheard += unheard

    def _pause(self) -> None:
        self._pausing = True
        self._clock.callLater(PAUSE_S, self._tell)

    def _tell(self) -> None:
        self._pausing = False
        if not self._reasons:
            return
        self._pause()
        self.log.warn(
            "{count} more were turned away: {reasons}; {unheard} of them without a word",
            count=self._reasons.total(),
            reasons=", ".join(f"{reason} {count}" for reason, count in self._reasons.most_common()),
            unheard=self._unheard,
        )
        self._reasons.clear()
        self._unheard = 0
