"""The time that lines are taken out by, for good: a clock that is wrong must not empty the log."""

from __future__ import annotations

from collections.abc import Callable

from lanchatd.clock import Clock

# By how many seconds the wall clock may jump ahead and be believed at once, and for how many it has to stay
# there if it jumped further: a server that sleeps over night is awake by then, and somebody has seen a clock
# that is wrong.
JUMP_S = 86_400


class BelievedTime:
    """The wall clock, but for a jump ahead, which is believed when it has lasted.

    To be asked every few minutes. A clock that is set back is believed at once: less is too old by it.
    """

    def __init__(self, clock: Clock, now: Callable[[], float], newest_at: float | None) -> None:
        """``now`` tells seconds since the epoch. ``newest_at`` is when the newest line was said, if there is
        one: what has passed since then while nothing ran is a jump too.
        """
        self._clock = clock
        self._now = now
        # By how much the wall clock is ahead of the one that only goes forward.
        self._believed = (now() if newest_at is None else newest_at) - clock.seconds()
        self._doubted: tuple[float, float] | None = None  # that again, and since when

    def seconds(self) -> float:
        """Seconds since the epoch."""
        steady = self._clock.seconds()
        ahead = self._now() - steady
        if ahead - self._believed <= JUMP_S:
            self._believed, self._doubted = ahead, None
        elif self._doubted is None or abs(ahead - self._doubted[0]) > JUMP_S:
            self._doubted = ahead, steady
        elif steady - self._doubted[1] >= JUMP_S:
            self._believed, self._doubted = ahead, None
        return steady + self._believed
