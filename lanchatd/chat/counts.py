"""What happens, counted as it does: numbers that only grow, cheap enough for the way of a line."""

from __future__ import annotations

from collections import Counter


class Histogram:
    """How long something took: how often up to each of the ``bounds`` (seconds), and longer than all.

    `lanchatd.chat.turn` fills it in, on the way of a line.
    """

    def __init__(self, *bounds: float) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total_s = 0.0


class Counts:
    """Since the daemon began."""

    def __init__(self) -> None:
        # By the door of who was told: what happened or was said, times how many were told.
        self.deliveries: Counter[str] = Counter()
        # Lines by the code of why they were refused, and connections likewise.
        self.refused: Counter[str] = Counter()
        self.turned_away: Counter[str] = Counter()
        # Connections by the code of why they ended.
        self.closed: Counter[str] = Counter()
        # How often somebody began to send too fast.
        self.floods = 0
        # Addresses that the console began to refuse, as they tried too often.
        self.console_lockouts = 0
        # Turns of the reactor in which nobody else was served for too long, where `SlowTurns` looks for them.
        self.slow_turns = 0
        # To tell a room what was said in a turn, and until that was in the log.
        self.fan_out = Histogram(0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1)
        self.append = Histogram(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)

    def locked_out(self) -> None:
        """The console refuses one more address."""
        self.console_lockouts += 1
