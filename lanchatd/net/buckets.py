"""A token bucket."""

from __future__ import annotations


class Bucket:
    """Fills at ``per_s`` up to ``size``; may be overdrawn by one full size."""

    __slots__ = ("_at", "_level")

    def __init__(self, size: float, now: float) -> None:
        self._level = size
        self._at = now

    def fill(self, size: float, per_s: float, now: float) -> float:
        """The level by now."""
        self._level = min(size, self._level + (now - self._at) * per_s)
        self._at = now
        return self._level

    def take(self, amount: float, size: float) -> None:
        self._level = max(-size, self._level - amount)
